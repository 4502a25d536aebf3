"""The second person, in a real browser: an amendment, and who decides about it."""

import pytest
from browsing import (
    choose_provider,
    open_action,
    open_menu,
    open_payment_page,
    picture,
)
from playwright.sync_api import expect

EDITOR = "g2p_spar_financial_address.group_editor"
APPROVER = "g2p_spar_financial_address.group_approver"
SHOW = "Show the number; that you did is recorded"


@pytest.fixture(scope="module", autouse=True)
def users(registry):
    """Make one person for each role, and one who has both."""
    return {
        login: registry.new_user(login, *groups)
        for login, groups in {
            "editor": [EDITOR],
            "approver": [APPROVER],
            "both": [EDITOR, APPROVER],
        }.items()
    }


def set_policy(registry, **values):
    rows = registry.rpc.call(
        "g2p.fa.policy", "search", [["fa_type", "=", "mobile_wallet"]]
    )
    registry.rpc.call("g2p.fa.policy", "write", rows, values)
    # A milder one waits for a second person.
    approver = registry.stack.odoo.rpc("approver", "approver")
    waiting = [["state", "=", "to_approve"]]
    if proposals := approver.call("g2p.fa.proposal", "search", waiting):
        approver.call("g2p.fa.proposal", "action_approve", proposals)


def paid_registrant(registry, name, spar_id, number):
    """Make a registrant whom SPAR knows with this wallet."""
    set_policy(registry, approve_admin=False)
    person = registry.registrant(name, spar_id)
    registry.enter_wallet(person, number)
    registry.wait_for_state(person, "in_sync")
    return person


def amend(page, number, reason):
    """Fill in the dialog that amends an address, without saving it."""
    page.get_by_role("button", name="Amend").click()
    dialog = page.get_by_role("dialog").first
    dialog.get_by_label("Mobile number").fill(number)
    dialog.get_by_label("Reason").fill(reason)
    return dialog


def save(dialog):
    dialog.get_by_role("button", name="Save address").click()


def expect_to_approve(page):
    """See that the amendment waits, and what that means."""
    pending = page.locator("[name=pending_address]")
    expect(pending).to_contain_text("waiting for a second person")
    expect(pending.locator(".o_spar_changed")).not_to_have_count(0)


def row_of(page, name):
    return page.locator(".o_data_row", has_text=name)


def reveals_by(registry, user):
    """Return the registrants whose number this user revealed, as an admin reads it."""
    rows = registry.rpc.call(
        "g2p.fa.reveal",
        "search_read",
        [["user_id", "=", user], ["way", "=", "reveal"]],
        ["partner_id"],
    )
    return [row["partner_id"][1] for row in rows]


def test_an_amendment_is_used_once_a_second_person_approved_it(
    registry, users, page_of
):
    asha = registry.registrant("Asha Juma", "SR-2026-0001")
    contact = {"phone": "+255 754 100 001"}
    registry.rpc.call("res.partner", "write", [asha], contact)
    editor = page_of("editor")
    open_payment_page(editor, registry, asha)
    editor.get_by_role("button", name="Add payment address").click()
    choose_provider(editor, "M-Cash")
    dialog = editor.get_by_role("dialog")
    dialog.get_by_role("button", name="Same as contact phone").click()
    number = dialog.get_by_label("Mobile number")
    expect(number).to_have_value("+255 754 100 001")
    save(dialog)
    badge = editor.locator("[name=spar_state] .badge").first
    expect(badge).to_have_text("In sync")
    rows = registry.stack.mapper.rows
    first = registry.wallet_string("+255754100001")
    assert rows()["SR-2026-0001"] == first

    set_policy(registry, approve_admin=True)
    dialog = amend(editor, "0754 200 047", "The registrant lost the SIM card")
    picture(editor, "amend")
    save(dialog)
    expect_to_approve(editor)
    in_use = editor.locator("[name=financial_address] [name=financial_address_id]")
    expect(in_use).to_contain_text("+2557••••001")
    picture(editor, "to-approve")
    assert rows()["SR-2026-0001"] == first

    approver = page_of("approver")
    open_action(approver, registry, "registrant_action")
    open_menu(approver, "My work", "New addresses")
    row = row_of(approver, "Asha Juma")
    expect(row.locator("td[name=previous_masked]")).to_contain_text("+2557••••001")
    expect(row.locator("td[name=masked]")).to_contain_text("+2557••••047")
    expect(row.get_by_role("button", name="Approve")).to_be_visible()
    picture(approver, "approvals", 240)
    row.locator("td[name=partner_id]").click()
    sheet = approver.locator(".o_form_sheet")
    number = sheet.locator(".o_spar_beside [data-name=masked]")
    expect(number.locator(".o_spar_was")).to_contain_text("+2557••••001")
    expect(number.locator(".o_spar_becomes")).to_contain_text("changed")
    expect(sheet).to_contain_text("The registrant lost the SIM card")
    expect(approver.get_by_text("Planned Activities")).to_be_visible()
    picture(approver, "approve")
    assert not reveals_by(registry, users["approver"])
    number.locator(".o_spar_becomes").get_by_role("button", name=SHOW).click()
    expect(number).to_contain_text("+255754200047")
    assert reveals_by(registry, users["approver"]) == ["Asha Juma"]
    approver.get_by_role("button", name="Approve").click()
    expect(approver.locator("[name=state] .o_arrow_button_current")).to_have_text(
        "In use"
    )

    registry.wait_for_state(asha, "in_sync")
    assert rows()["SR-2026-0001"] == registry.wallet_string("+255754200047")
    editor.reload()
    expect(badge).to_have_text("In sync")
    expect(editor.locator("[name=pending_address]")).to_have_count(0)
    (read,) = registry.rpc.call("res.partner", "read", [asha], ["phone"])
    assert read["phone"] == contact["phone"]


def test_an_amendment_without_a_reason_is_refused_and_typed_values_stay(
    registry, page_of
):
    neema = paid_registrant(registry, "Neema Shayo", "SR-2", "+255754200012")
    set_policy(registry, approve_admin=True)
    page = page_of("editor")
    open_payment_page(page, registry, neema)
    dialog = amend(page, "0754 300 012", "")
    save(dialog)
    expect(dialog.get_by_role("alert")).to_contain_text("Say why the payment address")
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(dialog.get_by_label("Mobile number")).to_have_value("0754 300 012")
    dialog.get_by_label("Reason").fill("Another operator")
    save(dialog)
    expect_to_approve(page)


def test_a_payee_is_entered_and_seen_before_and_after(registry, page_of, tmp_path):
    zawadi = paid_registrant(registry, "Zawadi Mosha", "SR-8", "+255754200061")
    set_policy(registry, approve_admin=True)
    editor = page_of("editor")
    open_payment_page(editor, registry, zawadi)
    dialog = amend(editor, "0754 300 061", "A court has named a guardian")
    expect(dialog.locator("[name=payee_name]")).to_have_count(0)
    dialog.get_by_label("Another person").check()
    dialog.get_by_label("Name of the payee").fill("Neema Mushi")
    dialog.locator("[name=payee_relation] input").click()
    editor.locator(".o_select_menu_item", has_text="Guardian").click()
    dialog.get_by_label("ID number of the payee").fill("19800101-1234")
    dialog.get_by_label("Mandate until").fill("12/31/2099")
    court = tmp_path / "court.txt"
    court.write_text("Decision of the court")
    dialog.locator("[name=mandate] input[type=file]").set_input_files(court)
    dialog.get_by_label("Account holder").fill("Neema Mushi")
    dialog.get_by_label("Reason").click()
    expect(dialog.get_by_text("Matches the payee's name")).to_be_visible()
    picture(editor, "payee")
    save(dialog)
    expect_to_approve(editor)

    approver = page_of("approver")
    open_action(approver, registry, "approval_action")
    row = row_of(approver, "Zawadi Mosha")
    changes = row.locator("td[name=changes]")
    expect(changes).to_contain_text("Who receives the money")
    row.locator("td[name=partner_id]").click()
    beside = approver.locator(".o_spar_beside")
    payee = beside.locator("[data-name=payee]")
    expect(payee.locator(".o_spar_was")).to_have_text("The registrant")
    expect(payee).to_contain_text("Neema Mushi (Guardian)")
    for name, text in {
        "payee_id_number": "19800101-1234",
        "payee_until": "2099",
    }.items():
        expect(beside.locator(f"[data-name={name}]")).to_contain_text(text)
    expect(approver.get_by_text("Matches the payee's name")).to_be_visible()
    # Both are +2557••••061.
    note = approver.locator("[name=approval_note]")
    expect(note).to_have_text("This is another number, though it looks the same.")
    picture(approver, "payee-approve")
    approver.get_by_role("button", name="Approve").click()
    expect(approver.locator("[name=state] .o_arrow_button_current")).to_have_text(
        "In use"
    )
    registry.wait_for_state(zawadi, "in_sync")
    open_payment_page(editor, registry, zawadi)
    note = editor.locator("[name=payee_note]")
    expect(note).to_contain_text("Neema Mushi · Guardian · mandate until 12/31/2099")
    picture(editor, "payee-person")
    wanted = registry.wallet_string("+255754300061")
    assert registry.stack.mapper.rows()["SR-8"] == wanted


def test_a_refusal_asks_why_and_leaves_the_address_in_use(registry, page_of):
    baraka = paid_registrant(registry, "Baraka Mwakyusa", "SR-3", "+255754200013")
    set_policy(registry, approve_admin=True)
    editor = page_of("editor")
    open_payment_page(editor, registry, baraka)
    save(amend(editor, "0754 300 013", "Asked for on the phone"))
    expect_to_approve(editor)

    approver = page_of("approver")
    open_action(approver, registry, "approval_action")
    row = row_of(approver, "Baraka Mwakyusa")
    row.get_by_role("button", name="Refuse").click()
    dialog = approver.get_by_role("dialog")
    dialog.get_by_role("button", name="Refuse").click()
    expect(dialog.get_by_label("Reason")).to_be_visible()
    pending = [["partner_id", "=", baraka], ["state", "=", "to_approve"]]
    assert registry.rpc.call("g2p.financial.address", "search_count", pending)
    dialog.get_by_label("Reason").fill("The name on the proof is another one")
    dialog.get_by_role("button", name="Refuse").click()
    expect(row).to_have_count(0)

    editor.reload()
    expect(editor.locator("[name=spar_state] .badge").first).to_have_text("In sync")
    expect(editor.locator("[name=pending_address]")).to_have_count(0)
    history = editor.locator("[name=financial_address_ids]")
    expect(history.locator(".badge", has_text="Refused")).to_be_visible()
    wanted = registry.wallet_string("+255754200013")
    assert registry.stack.mapper.rows()["SR-3"] == wanted


def test_users_cannot_approve_their_own_entry_on_screen(registry, page_of):
    grace = paid_registrant(registry, "Grace Nakato", "SR-4", "+255754200014")
    set_policy(registry, approve_admin=True)
    page = page_of("both")
    open_payment_page(page, registry, grace)
    save(amend(page, "0754 300 014", "Another number"))
    expect_to_approve(page)
    open_action(page, registry, "approval_action")
    own = row_of(page, "Grace Nakato")
    expect(own.locator("td[name=masked]")).to_contain_text("+2557••••014")
    expect(own.get_by_role("button", name="Approve")).to_have_count(0)
    expect(own.get_by_role("button", name="Refuse")).to_have_count(0)
    own.locator("td[name=partner_id]").click()
    expect(
        page.get_by_text("the user who entered it cannot approve it")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_shared_number_is_listed_and_accepted_with_a_reason(registry, page_of):
    for name, spar_id in {"Tesfaye Girma": "SR-5", "Almaz Girma": "SR-6"}.items():
        paid_registrant(registry, name, spar_id, "+255754200056")
    page = page_of("approver")
    open_action(page, registry, "registrant_action")
    open_menu(page, "My work", "Shared addresses")
    row = row_of(page, "+2557••••056")
    expect(row.locator("td[name=registrant_count]")).to_have_text("2")
    expect(row).to_contain_text("To review")
    picture(page, "shared-addresses", 240)
    row.get_by_role("button", name="Accept").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("One household, one phone")
    dialog.get_by_role("button", name="Accept").click()
    expect(row).to_have_count(0)
    (sharing,) = registry.rpc.call(
        "g2p.fa.sharing", "search_read", [], ["state", "reason"]
    )
    assert sharing["state"] == "accepted"
    assert sharing["reason"] == "One household, one phone"


def asha_and_neema(registry):
    """Have both paid, as the first tests leave them; return Asha."""
    set_policy(registry, approve_admin=False)
    registry.at_spar("Neema Shayo", "SR-2", "+255754200012")
    return registry.at_spar("Asha Juma", "SR-2026-0001", "+255754200047")


def test_an_editor_finds_an_address_by_its_whole_number(registry, page_of):
    asha_and_neema(registry)
    page = page_of("editor")
    open_action(page, registry, "g2p_financial_address_action")
    expect(row_of(page, "Neema Shayo")).to_be_visible()
    search = page.get_by_role("searchbox")
    search.fill("0754 200 047")
    page.get_by_role("menuitem", name="Whole number").click()
    expect(page.locator(".o_data_row")).to_have_count(1)
    expect(row_of(page, "Asha Juma")).to_be_visible()


def test_an_administrator_sees_who_was_shown_which_number(registry, users, page_of):
    asha = asha_and_neema(registry)
    if "Asha Juma" not in reveals_by(registry, users["approver"]):
        (person,) = registry.rpc.call(
            "res.partner", "read", [asha], ["financial_address_id"]
        )
        address = person["financial_address_id"][0]
        approver = registry.stack.odoo.rpc("approver", "approver")
        approver.call("g2p.financial.address", "reveal", [address])
    page = page_of("admin")
    open_action(page, registry, "g2p_fa_reveal_action")
    row = row_of(page, "Asha Juma").filter(has_text="Revealed")
    expect(row).to_contain_text("Approver")
    assert "754200047" not in page.content()
    picture(page, "numbers-shown", 240)


def test_a_change_of_a_provider_is_shown_old_beside_new(registry, page_of):
    """On the provider itself, and to the second person who decides."""
    paid_registrant(registry, "Rehema Mushi", "SR-2026-0009", "+255754200090")
    renamed = {"name": "M-Cash Plus"}
    registry.rpc.call("g2p.dfsp", "write", [registry.operator], renamed)
    page = page_of("admin")
    open_action(page, registry, f"g2p_dfsp_action/{registry.operator}")
    approver = page_of("approver")
    open_action(approver, registry, "g2p_fa_proposal_action")
    row_of(approver, "M-Cash").locator("td[name=subject]").click()
    for seen in (page, approver):
        beside = seen.locator(".o_form_sheet .o_spar_beside")
        name = beside.locator("[data-name=name]")
        expect(name.locator(".o_spar_was")).to_have_text("M-Cash")
        expect(name.locator(".o_spar_becomes")).to_contain_text("M-Cash Plus")
        expect(name.locator(".o_spar_mark")).to_have_text("changed")
        expect(beside).to_contain_text("Touches")
    picture(page, "provider-waiting")
    picture(approver, "provider-approve")
    approver.get_by_role("button", name="Refuse").click()
    dialog = approver.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Not its name")
    dialog.get_by_role("button", name="Refuse").click()
    expect(dialog).to_have_count(0)
    page.reload()
    expect(page.locator(".o_form_sheet .o_field_widget[name=name]")).to_be_visible()
    expect(page.locator(".o_spar_beside")).to_have_count(0)
