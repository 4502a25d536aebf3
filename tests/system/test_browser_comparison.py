"""Comparing with SPAR, in a real browser: what drifted, and who mends it how."""

import re

import pytest
from browsing import open_action, open_menu, picture
from conftest import wait_until
from playwright.sync_api import expect

ADDON = "g2p_spar_sync_queue"
MANAGER = f"{ADDON}.group_manager"
EDITOR = "g2p_spar_financial_address.group_editor"
MODEL = "g2p.spar.reconciliation"
#: Of the pictures.
HEIGHT = 800

#: By name: SPAR ID, and the number entered here.
PEOPLE = {
    "Asha Juma": ("SR-2026-0001", "+255754200001"),
    "Neema Shayo": ("SR-2026-0002", "+255754200002"),
    "Baraka Mwakyusa": ("SR-2026-0003", "+255754200003"),
    "Rehema Mushi": ("SR-2026-0004", "+255754200004"),
}


@pytest.fixture(scope="module", autouse=True)
def people(registry):
    """Make registrants with an address, and an operator."""
    # The weekly comparison would take over what those of the tests found.
    registry.stop_comparing()
    registry.new_user("manager", MANAGER, EDITOR)
    found = {}
    for name, (spar_id, number) in PEOPLE.items():
        found[name] = registry.registrant(name, spar_id)
        registry.enter_wallet(found[name], number)
    for person in found.values():
        registry.wait_for_state(person, "in_sync")
    return found


def at_spar(registry, name):
    """Return the address SPAR has for a registrant, or None."""
    return registry.stack.mapper.rows().get(PEOPLE[name][0])


def change_at_spar(registry, name, number):
    """Change a row behind everybody's back; none without a number."""
    mapper = registry.stack.mapper
    spar_id, _number = PEOPLE[name]
    if number:
        statement = "UPDATE id_fa_mappings SET fa_value = %s WHERE id_value = %s"
        parameters = [registry.wallet_string(number), spar_id]
    else:
        statement = "DELETE FROM id_fa_mappings WHERE id_value = %s"
        parameters = [spar_id]
    mapper.postgres.query(mapper.database, statement, parameters)


def compare(page, registry):
    """Have everything compared; stay on what was found."""
    open_action(page, registry, "g2p_spar_connection_action", ADDON)
    page.get_by_role("cell", name="SPAR 1.1.0").click()
    expect(page).to_have_url(re.compile(r"/\d+$"))
    connection = page.url
    page.get_by_role("button", name="Compare with SPAR").click()
    expect(page.locator("[name=checked]")).to_be_visible()
    # The address bar follows a moment later: reloaded before, the page is the
    # connection's again, whose state is "Running" too.
    expect(page).not_to_have_url(connection)

    def done():
        domain = [["state", "=", "running"]]
        return not registry.rpc.call(MODEL, "search_count", domain)

    wait_until(done)
    page.reload()
    expect(page.locator("[name=state] .o_arrow_button_current")).to_have_text("Done")


def row_of(page, name):
    return page.locator("[name=line_ids] .o_data_row", has_text=name)


def test_nothing_differs_at_first(registry, page_of):
    page = page_of("manager")
    compare(page, registry)
    expect(page.get_by_text("SPAR holds what it should.")).to_be_visible()
    expect(page.locator("[name=checked]")).to_have_text(str(len(PEOPLE)))


def test_each_difference_is_mended_by_a_person(registry, people, page_of):
    change_at_spar(registry, "Asha Juma", "+255754300001")
    change_at_spar(registry, "Neema Shayo", None)
    change_at_spar(registry, "Baraka Mwakyusa", "+255754300003")
    page = page_of("manager")
    compare(page, registry)
    rows = page.locator("[name=line_ids] .o_data_row")
    expect(rows).to_have_count(3)
    changed = "SPAR was changed by somebody else"
    expect(row_of(page, "Asha Juma")).to_contain_text(changed)
    expect(row_of(page, "Asha Juma")).to_contain_text("+2557••••001")
    expect(row_of(page, "Neema Shayo")).to_contain_text("SPAR does not know this ID")
    expect(row_of(page, "Baraka Mwakyusa")).to_contain_text(changed)
    assert "754300001" not in page.content()
    picture(page, "comparison", HEIGHT)

    take_theirs(registry, people, page)
    send_ours(registry, page)
    leave_as_it_is(registry, page)
    picture(page, "comparison-decided", HEIGHT)
    assert at_spar(registry, "Rehema Mushi") == registry.wallet_string("+255754200004")
    open_menu(page, "Operations", "Comparisons")
    # The weekly one may have begun before it was switched off.
    count = registry.rpc.call(MODEL, "search_count", [])
    assert count
    expect(page.locator(".o_data_row")).to_have_count(count)
    picture(page, "comparisons", 280)


def take_theirs(registry, people, page):
    row = row_of(page, "Asha Juma")
    expect(row.locator("td[name=ours]")).to_contain_text("+2557••••001")
    # Both masks are the same.
    expect(row.locator("td[name=masked]")).to_contain_text("though it looks the same")
    row.get_by_role("button", name="Take SPAR's").click()
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(row).not_to_contain_text("To decide")

    def taken():
        page.reload()
        row.wait_for()
        return "was taken over" in row.inner_text()

    wait_until(taken)
    registry.wait_for_state(people["Asha Juma"], "in_sync")
    (address,) = registry.rpc.call(
        "g2p.financial.address",
        "search_read",
        [["partner_id", "=", people["Asha Juma"]], ["state", "=", "effective"]],
        ["mobile_number", "reason"],
    )
    assert address["mobile_number"] == "+255754300001"
    assert address["reason"] == "Taken over from SPAR"
    wanted = registry.wallet_string("+255754300001")
    assert at_spar(registry, "Asha Juma") == wanted


def send_ours(registry, page):
    row = row_of(page, "Neema Shayo")
    expect(row.get_by_role("button", name="Take SPAR's")).to_have_count(0)
    row.get_by_role("button", name="Send ours").click()
    expect(row).to_contain_text("Ours was sent")
    wanted = registry.wallet_string("+255754200002")
    wait_until(lambda: at_spar(registry, "Neema Shayo") == wanted)


def leave_as_it_is(registry, page):
    row = row_of(page, "Baraka Mwakyusa")
    row.get_by_role("button", name="Leave as it is").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("SPAR's operator corrects it tomorrow")
    picture(page, "comparison-why", HEIGHT)
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_have_count(0)
    expect(row).to_contain_text("Left as it is")
    expect(row).to_contain_text("corrects it tomorrow")
    wanted = registry.wallet_string("+255754300003")
    assert at_spar(registry, "Baraka Mwakyusa") == wanted


def test_what_was_left_is_found_again_and_many_are_sent_at_once(registry, page_of):
    change_at_spar(registry, "Rehema Mushi", "+255754300004")
    # As the test before has left it.
    change_at_spar(registry, "Baraka Mwakyusa", "+255754300003")
    page = page_of("manager")
    compare(page, registry)
    page.get_by_role("button", name="Differences").click()
    expect(page.locator(".o_data_row")).to_have_count(2)
    picture(page, "differences", 400)
    page.locator("thead input[type=checkbox]").check()
    page.get_by_role("button", name="Send ours").first.click()
    for name in ("Baraka Mwakyusa", "Rehema Mushi"):
        wanted = registry.wallet_string(PEOPLE[name][1])
        wait_until(lambda n=name, w=wanted: at_spar(registry, n) == w)
    expect(page.get_by_text("Nothing to decide")).to_be_visible()
