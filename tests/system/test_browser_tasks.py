"""The tasks of each day within the clicks they may take, in English and in Arabic.

In Arabic the screens are turned round, and no text of the suite is left in English.
"""

import pytest
from browsing import (
    OFFICE,
    Words,
    clicks,
    find,
    is_on_screen,
    open_action,
    open_people,
    picture,
    rows,
    set_policy,
)
from conftest import wait_until
from phone import careful_phones
from playwright.sync_api import expect

ADDON = "g2p_spar_financial_address"
#: Who does the tasks, and with which roles.
USERS = {
    "clerk": (f"{ADDON}.group_editor", "base.group_partner_manager"),
    "second_eyes": (f"{ADDON}.group_approver",),
    "operator": ("g2p_spar_sync_queue.group_operator",),
    "agent": ("g2p_spar_portal.group_field_agent",),
}


@pytest.fixture(scope="module")
def users(registry):
    made = {login: registry.new_user(login, *groups) for login, groups in USERS.items()}
    set_policy(registry, approve_admin=False)
    registry.stop_comparing()
    return made


@pytest.fixture(scope="module", params=["en_US", "ar_001"])
def say(request, registry, users):
    """Return the texts of one language, in which all users work from now on."""
    registry.install_language(request.param)
    values = {"lang": request.param}
    registry.rpc.call("res.users", "write", [*users.values()], values)
    return Words(request.param)


@pytest.fixture
def desk_of(say, desk):
    """Return a function that opens the page of a user, turned round where it is."""
    opened = []

    def open_as(login):
        page = desk(login)
        opened.append(page)
        turned = page.locator("body.o_rtl")
        expect(turned).to_have_count(1 if say.code == "ar_001" else 0)
        return page

    yield open_as
    for page in opened:
        say.assert_no_other(page)


@pytest.fixture
def named(say):
    """Return a function that makes a name or an ID of this language's own.

    No name has these letters: a search finds parts of words.
    """
    return lambda text: f"{text} x{say.code[:2]}"


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def row_of(page, name):
    return rows(page).filter(has_text=name)


def open_person(page, registry, name):
    open_people(page, registry)
    find(page, name)
    rows(page).locator("td[name=name]").click()


def open_overview(page, registry):
    page.goto(f"{registry.stack.odoo.url}/odoo/spar-overview")
    expect(page.locator("[data-light]")).to_be_visible()
    clicks(page)


def work(page, name):
    return page.locator(f"[data-work={name}]")


def shows_state(page, say, state):
    badge = page.locator("[name=spar_state] .badge").first
    expect(badge).to_have_text(say(state))


def test_a_person_is_found_by_name(registry, say, named, desk_of):
    registry.registrant(named("Zawadi Mosha"), named("T-1"))
    page = desk_of("clerk")
    open_people(page, registry)
    find(page, named("mosha zawadi"))
    expect(rows(page)).to_contain_text("Zawadi")
    assert clicks(page) == 0
    picture(page, f"task-found-{say.code}", 400)


def test_a_wallet_is_amended_in_three_clicks_and_two_fields(
    registry, say, named, desk_of
):
    registry.at_spar(named("Asha Juma"), named("T-10"), "+255754200310")
    page = desk_of("clerk")
    open_person(page, registry, named("Asha Juma"))
    amend = button(page, say("Amend"))
    expect(page.locator(".o_spar_same")).to_be_visible()
    for element in (amend, *(page.locator(f".o_spar_{n}") for n in ("card", "person"))):
        assert is_on_screen(element)
    picture(page, f"task-person-{say.code}", OFFICE["height"])
    amend.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(say("Mobile number")).fill("0754 200 311")
    dialog.get_by_label(say("Reason")).fill("Lost the SIM card")
    beside = dialog.locator(".o_spar_beside [data-name=masked] .o_spar_becomes")
    expect(beside).to_contain_text("+2557••••311")
    expect(beside).to_contain_text(say("changed"))
    save = button(dialog, say("Save address"))
    assert is_on_screen(save)
    picture(page, f"task-amend-{say.code}", OFFICE["height"])
    save.click()
    expect(page.locator("[name=financial_address]")).to_contain_text("+2557••••311")
    shows_state(page, say, "In sync")
    expect(page.locator(".o_spar_timeline")).to_contain_text("Lost the SIM card")
    assert clicks(page) == 3


def test_a_bank_account_is_added_in_four_clicks_and_three_fields(
    registry, say, named, desk_of
):
    registry.registrant(named("Baraka Said"), named("T-20"))
    page = desk_of("clerk")
    open_person(page, registry, named("Baraka Said"))
    button(page, say("Add payment address")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(say("Bank account")).check()
    provider = dialog.get_by_label(say("Provider"))
    provider.fill("First")
    expect(page.get_by_role("option", name="First Bank")).to_be_visible()
    provider.press("Enter")
    number = dialog.get_by_label(say("Account number"))
    number.fill("0150 1234 5678")
    dialog.get_by_label(say("Account holder")).fill(named("Baraka Said"))
    button(dialog, say("Save address")).click()
    shows_state(page, say, "In sync")
    expect(page.locator("[name=financial_address]")).to_contain_text("First Bank")
    assert clicks(page) == 4


def test_approved_in_two_clicks_refused_in_two_and_returned_in_one(
    registry, say, named, desk_of
):
    # No number of another person, in the other language neither.
    group = "34" if say.code == "en_US" else "44"
    people = {
        name: registry.at_spar(named(name), named(f"T-4{n}"), f"+255754200{group}{n}")
        for n, name in enumerate(("Asha Mbwana", "Neema Mrema"))
    }
    set_policy(registry, approve_admin=True)
    clerk = registry.stack.odoo.rpc("clerk", "clerk")
    try:
        for n, person in enumerate(people.values()):
            values = {
                "partner_id": person,
                "fa_type": "mobile_wallet",
                "dfsp_id": registry.operator,
                "mobile_number": f"+25575{4 + n}300{group}{n}",
                "reason": "As was asked for",
            }
            clerk.call("g2p.financial.address", "create", [values])
        page = desk_of("second_eyes")
        open_action(page, registry, "approval_action")
        other = row_of(page, named("Neema Mrema"))
        expect(other.locator("td[name=changes]")).to_be_visible()
        clicks(page)
        picture(page, f"task-approvals-{say.code}", 300)
        row_of(page, named("Asha Mbwana")).locator("td[name=partner_id]").click()
        beside = page.locator(".o_spar_beside [data-name=masked]")
        expect(beside).to_contain_text(say("changed"))
        button(page, say("Approve")).click()
        current = page.locator("[name=state] .o_arrow_button_current")
        expect(current).to_have_text(say("In use"))
        assert clicks(page) == 2

        open_action(page, registry, "approval_action")
        expect(other).to_be_visible()
        clicks(page)
        # Its name begins with a sign.
        other.get_by_role("button", name=say("Refuse")).click()
        dialog = page.get_by_role("dialog")
        reason = dialog.get_by_label(say("Reason"))
        reason.fill("Another name on the card")
        button(dialog, say("Refuse")).click()
        expect(other).to_have_count(0)
        assert clicks(page) == 2

        page = desk_of("clerk")
        open_people(page, registry)
        page.get_by_role("menuitem", name=say("Returned to me")).click()
        row = row_of(page, named("Neema Mrema"))
        expect(row).to_contain_text("Another name on the card")
        assert clicks(page) == 1
        picture(page, f"task-returned-{say.code}", 300)
        row.get_by_role("button", name=say("Enter again")).click()
        dialog = page.get_by_role("dialog")
        label = dialog.get_by_label(say("Provider"))
        expect(label).to_have_value("M-Cash")
        label = dialog.get_by_label(say("Mobile number"))
        label.fill(f"+255754400{group}1")
        dialog.get_by_label(say("Reason")).fill("As on the card")
        button(dialog, say("Save address")).click()
        expect(dialog).to_have_count(0)
        neema = people["Neema Mrema"]
        page.goto(f"{registry.stack.odoo.url}/odoo/registrants/{neema}")
        pending = page.locator("[name=pending_address]")
        expect(pending).to_contain_text(f"+2557••••{group}1")
        picture(page, f"task-person-waiting-{say.code}", OFFICE["height"])
    finally:
        set_policy(registry, approve_admin=False)


def test_why_a_person_is_not_paid_is_seen_after_one_click(
    registry, say, named, desk_of
):
    person = registry.registrant(named("Juma Ali"))
    registry.enter_wallet(person, "+255754200350")
    registry.wait_for_state(person, "waiting_id")
    page = desk_of("clerk")
    open_person(page, registry, named("Juma Ali"))
    shows_state(page, say, "Waiting for ID")
    context = {"lang": say.code}
    (row,) = registry.rpc.call(
        "res.partner", "read", [person], ["spar_sentence"], context=context
    )
    sentence = page.locator("[name=spar_sentence]").first
    expect(sentence).to_have_text(row["spar_sentence"])
    assert clicks(page) == 1


def test_a_file_with_three_wrong_rows_is_imported_in_five_clicks(
    registry, say, named, desk_of
):
    person = registry.registrant(named("Person"), named("T-50"))
    names = [say(text) for text in ("SPAR ID", "Type", "Provider", "Mobile number")]
    wallet = say("Mobile wallet")
    lines = [
        names,
        [named("T-50"), wallet, "M-Cash", "+255754200360"],
        [named("T-50"), wallet, "M-Cash", "12"],
        [named("T-51"), wallet, "M-Cash", "+255754200361"],
        [named("T-50"), wallet, "No such provider", "+255754200362"],
    ]
    file = {
        "name": "addresses.csv",
        "mimeType": "text/csv",
        "buffer": "\n".join(",".join(line) for line in lines).encode(),
    }
    page = desk_of("clerk")
    open_action(page, registry, "g2p_financial_address_action")
    expect(button(page, say("Import addresses"))).to_be_visible()
    clicks(page)
    button(page, say("Import addresses")).click()
    # The file is chosen by the fifth click.
    page.locator("input[type=file]").first.set_input_files(file)
    button(page, say("Check the file")).click()
    dialog = page.get_by_role("dialog")
    wrong = dialog.locator(".o_data_row.text-danger, .o_data_row .text-bg-danger")
    expect(dialog.locator(".o_data_row")).to_have_count(4)
    expect(wrong).to_have_count(3)
    picture(page, f"task-import-{say.code}", OFFICE["height"])
    button(dialog, say("Close")).last.click()
    page.locator(".o_control_panel .btn-primary").first.click()
    registry.wait_for_state(person, "in_sync")
    assert clicks(page) == 4


def test_a_held_record_is_released_in_two_clicks(registry, say, named, desk_of):
    name = named("Grace Nakato")
    person = registry.registrant(name, named("T-60"))
    try:
        registry.rpc.call("g2p.spar.connection", "action_pause", [registry.connection])
        registry.enter_wallet(person, "+255754200370")
        registry.rename_provider("MC.fa_type:x")
        registry.resume()
        registry.wait_for_state(person, "held")
        page = desk_of("operator")
        open_overview(page, registry)
        held = work(page, "held")
        expect(held).to_be_visible()
        picture(page, f"task-overview-{say.code}", OFFICE["height"])
        button(held, say("Correct")).click()
        expect(row_of(page, name)).to_be_visible()
        picture(page, f"task-held-{say.code}", 400)
    finally:
        registry.rename_provider("MC")
    row_of(page, name).get_by_role("button", name=say("Try now")).click()
    registry.wait_for_state(person, "in_sync")
    assert clicks(page) == 2


def test_a_difference_is_resolved_in_two_clicks(registry, say, named, desk_of):
    stack, spar_id, name = registry.stack, named("T-70"), named("Neema Shayo")
    person = registry.at_spar(name, spar_id, "+255754200380")
    ours = stack.mapper.rows()[spar_id]
    stack.postgres.query(
        stack.mapper.database,
        "UPDATE id_fa_mappings SET fa_value = %s WHERE id_value = %s",
        [ours.replace("200380", "200389"), spar_id],
    )
    connection = [registry.connection]
    registry.rpc.call("g2p.spar.connection", "action_reconcile", connection)
    registry.wait_for_state(person, "differs")
    page = desk_of("operator")
    open_overview(page, registry)
    button(work(page, "drift"), say("Compare")).first.click()
    row = row_of(page, name)
    expect(row).to_be_visible()
    picture(page, f"task-differences-{say.code}", 400)
    row.get_by_role("button", name=say("Send ours")).click()
    wait_until(lambda: stack.mapper.rows()[spar_id] == ours)
    assert clicks(page) == 2


def test_a_person_is_registered_on_the_phone_in_ten_taps(registry, say, named, browser):
    with careful_phones(browser, registry.stack.odoo.url) as phone_of:
        phone = phone_of("agent", counted=True)
        page = phone.page

        def label(name):
            return page.get_by_label(say(name))

        phone.open("/my/people")
        turned = page.locator("html[dir=rtl]")
        expect(turned).to_have_count(1 if say.code == "ar_001" else 0)
        clicks(page)
        phone.picture(f"task-phone-people-{say.code}")
        page.get_by_role("link", name=say("Register a person")).click()
        phone.press(say("Register a person"))
        label("Name").fill(named("Rehema Said"))
        label("ID on the card").fill(named("T-80"))
        phone.press(say("Next"))
        label("Contact phone").fill("+255 754 100 015")
        phone.press(say("Next"))
        page.get_by_text(say("Mobile wallet")).click()
        phone.press(say("Next"))
        # Tapped once more: choosing from a list is no click.
        label("Provider").select_option(label="M-Cash")
        label("Payment phone").fill("0754 300")
        say.assert_no_other(page)
        label("Payment phone").fill("0754 300 015")
        phone.press(say("Next"))
        expect(page.get_by_text("+255 754 300 015")).to_be_visible()
        phone.picture(f"task-phone-review-{say.code}")
        say.assert_no_other(page)
        phone.press(say("Register this person"))
        expect(page.get_by_role("heading", name=named("Rehema Said"))).to_be_visible()
        assert clicks(page) <= 9
        phone.picture(f"task-phone-person-{say.code}")
        say.assert_no_other(page)
    found = [["spar_id", "=", named("T-80")]]
    (person,) = registry.rpc.call("res.partner", "search", found)
    registry.wait_for_state(person, "in_sync")
