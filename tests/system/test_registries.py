"""Inside OpenSPP: what its users see on its forms, and what the adapter relies on.

The facts can be held against a database with OpenSPP itself: ``SPAR_OPENSPP_DATABASE``
names it, on the server of ``SPAR_DATABASE_URL``.
"""

import pytest
from browsing import picture
from conftest import wait_until
from playwright.sync_api import expect
from registry_forms import (
    HOUSEHOLDS,
    OPENSPP,
    PERSONS,
    SCREEN,
    enter_wallet,
    household,
    open_form,
    open_payment,
    person,
    state,
)

from tests.registries.facts import FACTS, VERSIONS
from tools import settings

NOTE = "Payments do not go to these accounts."


@pytest.fixture(scope="module")
def registry(make_stack):
    """Return OpenSPP's registry, with users who have only roles of OpenSPP."""
    return OPENSPP.set_up(make_stack, "registries")


@pytest.mark.parametrize(
    "menu, make_one, shown, spar_id, number",
    [
        (PERSONS, "person", "JUMA, ASHA", "OS-1", "754200001"),
        (HOUSEHOLDS, "household", "Household of Shayo", "OS-2", "754200002"),
    ],
    ids=["person", "household"],
)
def test_an_officer_enters_and_a_viewer_sees_it_masked(
    registry, page_of, menu, make_one, shown, spar_id, number
):
    if make_one == "person":
        person(registry, "Asha", "Juma", spar_id)
    else:
        household(registry, shown, spar_id)
    officer = page_of("officer")
    open_payment(officer, registry, menu, shown)
    enter_wallet(officer, f"0{number}")
    expect(state(officer)).to_have_text("In sync")
    eye = officer.get_by_role("button", name="Show the number")
    expect(eye.first).to_be_visible()
    picture(officer, f"openspp-{make_one}", SCREEN["height"])
    rows = registry.stack.mapper.rows
    assert rows()[spar_id] == registry.wallet_string(f"+255{number}")

    viewer = page_of("viewer")
    open_payment(viewer, registry, menu, shown)
    masked = f"+2557••••{number[-3:]}"
    expect(viewer.locator("[name=financial_address]")).to_contain_text(masked)
    expect(viewer.get_by_text("SPAR holds what was requested.")).to_be_visible()
    for name in ("Amend", "End", "Disable"):
        expect(viewer.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(viewer.get_by_role("button", name="Show the number")).to_have_count(0)
    assert number not in viewer.content()
    if make_one == "person":
        picture(viewer, "openspp-person-viewer", SCREEN["height"])

    administrator = page_of("administrator")
    open_payment(administrator, registry, menu, shown)
    expect(administrator.get_by_role("button", name="Amend")).to_be_visible()
    erase = administrator.get_by_role("button", name="Remove payment data")
    expect(erase).to_be_visible()


def test_a_disabled_person_is_not_paid_and_the_page_says_so(registry, page_of):
    person(registry, "Neema", "Mushi", "OS-3")
    page = page_of("officer")
    open_payment(page, registry, PERSONS, "MUSHI, NEEMA")
    enter_wallet(page, "0754 200 003")
    expect(state(page)).to_have_text("In sync")
    page.get_by_role("button", name="Disable").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=disabled_reason] textarea").fill("Moved away")
    dialog.get_by_role("button", name="Disable").click()
    wait_until(lambda: "OS-3" not in registry.stack.mapper.rows())

    open_payment(page, registry, PERSONS, "MUSHI, NEEMA")
    expect(page.get_by_text("Not paid: this registrant has left")).to_be_visible()
    expect(page.get_by_role("button", name="Amend")).to_have_count(0)
    picture(page, "openspp-disabled", SCREEN["height"])

    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_role("button", name="Disable")).to_be_visible()
    wait_until(lambda: "OS-3" in registry.stack.mapper.rows())
    open_payment(page, registry, PERSONS, "MUSHI, NEEMA")
    expect(state(page)).to_have_text("In sync")
    expect(page.get_by_text("Not paid: this registrant has left")).to_have_count(0)
    expect(page.get_by_role("button", name="Amend")).to_be_visible()


def test_of_two_accounts_of_the_registry_one_is_taken_over(registry, page_of):
    someone = person(registry, "Rehema", "Said", "OS-4")
    bank = registry.create("res.bank", {"name": "First Bank"})
    for number in ("0150123456789", "0150123456790"):
        values = {"partner_id": someone, "acc_number": number, "bank_id": bank}
        registry.create("res.partner.bank", values)
    viewer = page_of("viewer")
    open_form(viewer, registry, PERSONS, "SAID, REHEMA")
    expect(viewer.get_by_text(NOTE)).to_be_visible()
    expect(viewer.get_by_role("button", name="Take an account over")).to_have_count(0)

    page = page_of("officer")
    open_form(page, registry, PERSONS, "SAID, REHEMA")
    expect(page.get_by_text(NOTE)).to_be_visible()
    picture(page, "openspp-accounts", SCREEN["height"])
    page.get_by_role("button", name="Take an account over").click()
    rows = page.locator(".o_data_row")
    expect(rows).to_have_count(2)
    rows.first.locator("input[type=checkbox]").check()
    rows.last.locator("input[type=checkbox]").check()
    page.locator(".o_control_panel").get_by_role(
        "button", name="Pay to this account"
    ).click()
    expect(page.get_by_text("Choose one account of: SAID, REHEMA")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    rows.filter(has_text="0150123456790").get_by_role(
        "button", name="Pay to this account"
    ).click()
    registry.wait_for_state(someone, "in_sync")
    assert "account_number:0150123456790" in registry.stack.mapper.rows()["OS-4"]
    open_payment(page, registry, PERSONS, "SAID, REHEMA")
    expect(state(page)).to_have_text("In sync")


# === FACTS === #


@pytest.fixture(scope="module")
def openspp(request):
    """Return a function that queries a database with OpenSPP, or with the stand-in."""
    name = settings.text("SPAR_OPENSPP_DATABASE")
    if name:
        postgres = request.getfixturevalue("postgres")
    else:
        stack = request.getfixturevalue("registry").stack
        postgres, name = stack.postgres, stack.odoo.database
    return lambda *statement: postgres.query(name, *statement)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_a_fact_about_openspp_holds(openspp, fact):
    installed = openspp(
        "SELECT 1 FROM ir_module_module WHERE name = %s AND state = 'installed'",
        [fact.addon],
    )
    if not installed:
        pytest.skip(f"without {fact.addon}")
    found = fact.found(openspp)
    assert found == fact.expected, (
        f"not as in {fact.source} of version {VERSIONS[fact.addon]}"
    )
