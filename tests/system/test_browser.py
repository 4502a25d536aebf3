"""What a department user sees, in a real browser against real processes.

With ``SPAR_SCREENSHOTS`` set to a folder, the pictures of the documents are written
there.
"""

import openpyxl
from browsing import (
    choose_provider,
    log_in,
    open_action,
    open_menu,
    open_payment_page,
    picture,
    search_for,
)
from conftest import wait_until
from playwright.sync_api import expect

HEADER = (
    "type,provider_code,provider_name,country,branch_code,branch_name,"
    "account_pattern,account_example,account_hint\n"
)


def test_a_wallet_typed_in_is_in_sync_moments_later(registry, page):
    registry.new_user(
        "editor",
        "g2p_spar_financial_address.group_editor",
        "base.group_partner_manager",
    )
    asha = registry.registrant("Asha Juma", "SR-2026-0001")
    phone = {"phone": "+255 754 100 001", "email": "asha@home.example"}
    registry.rpc.call("res.partner", "write", [asha], phone)

    log_in(page, registry, "editor")
    open_payment_page(page, registry, asha)
    expect(page.locator("[data-state=no_address]").first).to_have_text("No address")
    page.get_by_role("button", name="Add payment address").click()

    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile wallet").check()
    choose_provider(page, "M-Cash")
    dialog.get_by_label("Mobile number").fill("0754 200 001")
    picture(page, "enter-address")
    dialog.get_by_role("button", name="Save address").click()

    badge = page.locator("[name=spar_state] .badge").first
    expect(badge).to_have_text("In sync")
    expect(page.locator("[name=financial_address]")).to_contain_text("+2557••••001")
    picture(page, "in-sync")
    wanted = registry.wallet_string("+255754200001")
    assert registry.stack.mapper.rows()["SR-2026-0001"] == wanted
    (contact,) = registry.rpc.call("res.partner", "read", [asha], ["phone"])
    assert contact["phone"] == "+255 754 100 001"


def test_a_wrong_number_is_refused_on_saving_and_typed_values_stay(registry, page):
    neema = registry.registrant("Neema Shayo", "SR-2026-0002")
    log_in(page, registry, "admin")
    open_payment_page(page, registry, neema)
    page.get_by_role("button", name="Add payment address").click()
    choose_provider(page, "M-Cash")
    dialog = page.get_by_role("dialog").first
    dialog.get_by_label("Mobile number").fill("12")
    dialog.get_by_role("button", name="Save address").click()

    expect(dialog.get_by_role("alert")).to_contain_text("cannot exist in Tanzania")
    expect(page.get_by_role("dialog")).to_have_count(1)
    picture(page, "wrong-number")
    expect(dialog.get_by_label("Mobile number")).to_have_value("12")
    dialog.get_by_label("Mobile number").fill("0754 200 002")
    dialog.get_by_role("button", name="Save address").click()
    expect(page.locator("[name=spar_state] .badge").first).to_have_text("In sync")


def test_a_viewer_sees_it_masked_and_cannot_amend(registry, page):
    registry.new_user("viewer", "g2p_spar_financial_address.group_viewer")
    asha = registry.at_spar("Asha Juma", "SR-2026-0001", "+255754200001")
    log_in(page, registry, "viewer")
    open_payment_page(page, registry, asha)
    expect(page.locator("[name=financial_address]")).to_contain_text("+2557••••001")
    expect(page.get_by_role("button", name="Amend")).to_have_count(0)
    assert "754200001" not in page.content()


def test_the_lists_open_for_a_manager(registry, page):
    registry.at_spar("Asha Juma", "SR-2026-0001", "+255754200001")
    log_in(page, registry, "admin")
    page.goto(f"{registry.stack.odoo.url}/odoo/registrants")
    expect(page.get_by_text("Asha Juma")).to_be_visible()
    expect(page.locator(".o_data_row .badge", has_text="In sync").first).to_be_visible()
    open_menu(page, "Operations", "At SPAR")
    expect(page.get_by_text("Nothing needs you here")).to_be_visible()
    open_menu(page, "Operations", "Changes")
    expect(page.locator(".o_data_row").first).to_be_visible()
    picture(page, "changes", 280)
    url = registry.stack.odoo.url
    page.goto(f"{url}/odoo/action-g2p_spar_sync_queue.g2p_spar_connection_action")
    page.get_by_text("SPAR 1.1.0").first.click()
    expect(page.get_by_label("Address?")).to_be_visible()


def test_ending_asks_why_and_spar_forgets(registry, page):
    rehema = registry.registrant("Rehema Mushi", "SR-2026-0003")
    registry.enter_wallet(rehema, "+255754200003")
    registry.wait_for_state(rehema, "in_sync")
    log_in(page, registry, "admin")
    open_payment_page(page, registry, rehema)
    page.get_by_role("button", name="End", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Moved to another country")
    dialog.get_by_role("button", name="End address").click()
    expect(page.locator("[name=spar_state] .badge").first).to_have_text("Ended")
    assert "SR-2026-0003" not in registry.stack.mapper.rows()


def test_removed_payment_data_leaves_spar_and_the_registry(registry, page):
    juma = registry.registrant("Juma Said", "SR-2026-0004")
    address = registry.enter_wallet(juma, "+255754200004")
    registry.wait_for_state(juma, "in_sync")
    log_in(page, registry, "admin")
    open_payment_page(page, registry, juma)
    page.get_by_role("tab", name="Details").click()
    page.get_by_role("button", name="Remove payment data").click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    wait_until(lambda: "SR-2026-0004" not in registry.stack.mapper.rows())

    (_model, cron) = registry.rpc.call(
        "ir.model.data",
        "check_object_reference",
        "g2p_spar_financial_address",
        "cron_remove_payment_data",
    )

    def erased():
        # Runs by itself every few minutes.
        registry.rpc.call("ir.cron", "method_direct_trigger", [cron])
        fields = ["erased_date", "mobile_number"]
        (row,) = registry.rpc.call("g2p.financial.address", "read", [address], fields)
        return row["erased_date"] and not row["mobile_number"]

    wait_until(erased)


def test_the_directory_import_shows_what_each_row_would_do(registry, page):
    rows = [
        "bank,LB,Lake Bank,TZ,L1,Harbour,\\d{8},12345678,Eight digits\n",
        "bank,LB,Lake Bank,TZ,L2,Market,,,\n",
        "bank,,Nameless Bank,TZ,N1,Main,,,\n",
    ]
    log_in(page, registry, "admin")
    open_action(page, registry, "g2p_dfsp_action")
    page.get_by_role("button", name="Import directory").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("link", name="Download a sample")).to_be_visible()
    file = {
        "name": "directory.csv",
        "mimeType": "text/csv",
        "buffer": (HEADER + "".join(rows)).encode(),
    }
    dialog.locator("input[type=file]").set_input_files(file)
    dialog.get_by_role("button", name="Show what would change").click()

    expect(dialog.locator(".o_data_row")).to_have_count(3)
    expect(dialog.locator(".o_data_row").first).to_contain_text("Nameless Bank")
    expect(dialog.locator(".o_data_row").first).to_contain_text("Error")
    expect(dialog.get_by_text("directory - errors.csv")).to_be_visible()
    picture(page, "directory-import")
    lake_bank = [["code", "=", "LB"]]
    assert not registry.rpc.call("g2p.dfsp", "search_count", lake_bank)

    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_text("Rows with an error changed nothing")).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_have_count(0)
    (bank,) = registry.rpc.call("g2p.dfsp", "search_read", lake_bank, ["branch_ids"])
    assert len(bank["branch_ids"]) == 2
    open_action(page, registry, "g2p_dfsp_action")
    bank_row = page.locator(".o_data_row", has_text="Lake Bank")
    expect(bank_row).to_contain_text("Eight digits")
    picture(page, "directory", 400)
    bank_row.locator("td[name=name]").click()
    expect(page.locator("[name=branch_ids] .o_data_row")).to_have_count(2)
    expect(page.get_by_label("Example of an account number")).to_have_value("12345678")


def test_a_file_of_addresses_is_imported_and_wrong_rows_are_listed(registry, page):
    people = {n: registry.registrant(f"Person {n}", f"SR-I-{n}") for n in (1, 2)}
    file = {
        "name": "addresses.csv",
        "mimeType": "text/csv",
        "buffer": (
            b"SPAR ID,Type,Provider,Mobile number\n"
            b"SR-I-1,Mobile wallet,M-Cash,+255754200101\n"
            b"SR-I-2,Mobile wallet,M-Cash,12\n"
        ),
    }
    log_in(page, registry, "admin")
    open_action(page, registry, "g2p_financial_address_action")
    page.get_by_role("button", name="Import addresses").click()
    expect(page.get_by_text("Sample file for payment addresses")).to_be_visible()
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("cannot exist in Tanzania")).to_be_visible()
    registry.wait_for_state(people[1], "in_sync")
    assert registry.state(people[2]) == "no_address"


def test_a_file_is_checked_corrected_and_imported(registry, page, tmp_path):
    people = {n: registry.registrant(f"Checked {n}", f"SR-C-{n}") for n in (1, 2, 3)}
    registry.enter_wallet(people[1], "0754 200 301")
    rows = (
        "SPAR ID,Type,Provider,Mobile number,Account holder\n"
        "SR-C-1,Mobile wallet,M-Cash,0754 200 391,Checked One\n"
        "SR-C-2,Mobile wallet,M-Cash,0754 200 302,Checked Two\n"
        "SR-C-3,Mobile wallet,M-Cash,12,Checked Three\n"
        "SR-C-9,Mobile wallet,M-Cash,0754 200 309,Unknown\n"
    )
    log_in(page, registry, "admin")
    open_action(page, registry, "g2p_financial_address_action")
    page.get_by_role("button", name="Import addresses").click()
    file = {
        "name": "addresses.csv",
        "mimeType": "text/csv",
        "buffer": rows.encode(),
    }
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_role("button", name="Test", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Check the file").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".o_data_row")).to_have_count(4)
    first = dialog.locator(".o_data_row", has_text="Checked 1")
    expect(first).to_contain_text("Mobile wallet · M-Cash · +2557••••301")
    changed = first.locator("td[name=after] mark").first
    expect(changed).to_contain_text("+2557••••391")
    expect(dialog.locator(".o_data_row").first).to_contain_text("cannot exist")
    picture(page, "check-file")
    assert registry.state(people[2]) == "no_address"

    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download the wrong rows").click()
    path = tmp_path / "wrong-rows.xlsx"
    download.value.save_as(path)
    dialog.get_by_role("button", name="Close").last.click()
    book = openpyxl.load_workbook(path)
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert [row[0] for row in cells] == ["SPAR ID", "SR-C-3", "SR-C-9"]
    assert cells[0][-1] == "Error"
    book.active["D2"] = "0754 200 303"
    book.active.delete_rows(3)
    book.save(path)

    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_text("wrong-rows.xlsx")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    registry.wait_for_state(people[3], "in_sync")
    assert registry.state(people[2]) == "no_address"


def test_addresses_are_confirmed(registry, page):
    people = [registry.registrant(f"Confirmed {n}", f"SR-K-{n}") for n in (1, 2, 3)]
    for n, person in enumerate(people):
        registry.enter_wallet(person, f"0754 200 40{n}")
    log_in(page, registry, "admin")
    open_action(page, registry, "g2p_financial_address_action")
    search_for(page, "Confirmed")
    rows = page.locator(".o_data_row")
    expect(rows).to_have_count(3)
    page.locator("thead .o_list_record_selector input").click()
    page.get_by_role("button", name="Ask for a confirmation").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Payments go on")
    dialog.get_by_label("Reason").fill("The payment of October was returned")
    dialog.get_by_role("button", name="Ask for a confirmation").click()
    expect(dialog).to_have_count(0)

    open_action(page, registry, "to_confirm_action")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Asked for by a user")
    expect(rows.first).to_contain_text("October")
    picture(page, "to-confirm", 400)
    rows.nth(0).locator("input").click()
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(rows).to_have_count(2)

    open_payment_page(page, registry, people[0])
    expect(page.locator("[name=to_confirm_note]")).to_contain_text("October")
    picture(page, "to-confirm-person")
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(page.locator("[name=to_confirm_note]")).to_have_count(0)
    open_action(page, registry, "registrant_action")
    search_for(page, "SR-K-")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="Asked for by a user")).to_have_count(1)


def test_policy_and_settings_open_for_an_administrator(registry, page):
    log_in(page, registry, "admin")
    open_action(page, registry, "g2p_fa_policy_action")
    expect(page.locator(".o_data_row")).to_have_count(3)
    for channel in ("Admin form", "Registration portal", "ODK", "File import"):
        expect(page.get_by_role("columnheader", name=channel)).to_be_visible()
    picture(page, "policy", 280)
    open_action(page, registry, "g2p_fa_settings_action")
    expect(page.get_by_label("SPAR ID comes from")).to_have_value("spar_id")
    expect(page.get_by_label("Send the registrant's name")).not_to_be_checked()
    expect(page.get_by_label("Erase ended addresses after")).to_have_value("0")
    picture(page, "settings")
