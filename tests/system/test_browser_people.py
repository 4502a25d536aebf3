"""The person page, in few clicks: found, amended, added, approved and refused."""

import pytest
from browsing import (
    OFFICE,
    clicks,
    find,
    open_people,
    picture,
    rows,
    set_policy,
)
from playwright.sync_api import expect

#: What a person hears of the element that has the focus.
FOCUS = """() => {
    const {activeElement: el} = document;
    const label = el.labels?.length ? el.labels[0].innerText : "";
    return (label || el.innerText || el.ariaLabel || el.title || el.tagName).trim();
}"""
ADDON = "g2p_spar_financial_address"
EDITOR = f"{ADDON}.group_editor"
APPROVER = f"{ADDON}.group_approver"
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module", autouse=True)
def users(registry):
    registry.new_user("clerk", EDITOR, "base.group_partner_manager")
    registry.new_user("second_eyes", APPROVER)
    set_policy(registry, approve_admin=False)


def test_a_person_is_found_by_name_id_and_phone(registry, desk):
    zawadi = registry.registrant("Zawadi Émile Mosha", "SR-P-0001")
    phone = {"phone": "+255 754 100 321"}
    registry.rpc.call("res.partner", "write", [zawadi], phone)
    registry.registrant("Neema Shayo", "SR-P-0002")
    page = desk("clerk")
    for text in ("mosha zawadi", "emile", "SR-P-0001", "0754 100 321", "0321"):
        open_people(page, registry)
        find(page, text)
        expect(rows(page)).to_contain_text("Zawadi")
        assert clicks(page) == 0
    open_people(page, registry)
    find(page, "Xyzzy", 0)
    expect(page.get_by_text("Nobody found for “Xyzzy”.")).to_be_visible()
    picture(page, "nobody-found", 400)


class Keyboard:
    """Goes through a page by the Tab key, and counts."""

    def __init__(self, page):
        self.page = page
        self.passed = []

    def go_to(self, name):
        """Press Tab until the element that has this name has the focus."""
        while not (focus := self.page.evaluate(FOCUS)).startswith(name):
            assert len(self.passed) < 60, self.passed
            self.page.keyboard.press("Tab")
            self.passed.append(focus[:20])


def test_a_wallet_is_amended_by_keyboard(registry, desk):
    person = registry.at_spar("Neema Kweka", "SR-P-0050", "+255754200370")
    page = desk("clerk")
    page.goto(f"{registry.stack.odoo.url}/odoo/registrants/{person}")
    expect(page.locator(".o_spar_same")).to_be_visible()
    clicks(page)
    keyboard = Keyboard(page)
    keyboard.go_to("Amend")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Mobile number")).to_be_visible()
    keyboard.go_to("Mobile number")
    page.keyboard.type("0754 200 371")
    keyboard.go_to("Reason")
    page.keyboard.type("Lost the SIM card")
    keyboard.go_to("Save address")
    page.keyboard.press("Enter")
    expect(page.locator("[name=financial_address]")).to_contain_text("+2557••••371")
    assert clicks(page) == 0
    assert len(keyboard.passed) < 25, keyboard.passed


def test_all_errors_stand_at_their_fields(registry, desk):
    registry.registrant("Rehema Mushi", "SR-P-0030")
    page = desk("clerk")
    open_people(page, registry)
    find(page, "Rehema Mushi")
    rows(page).locator("td[name=name]").click()
    page.get_by_role("button", name="Add payment address").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile number").fill("12")
    dialog.get_by_label("Another person").check()
    dialog.get_by_role("button", name="Save address").click()
    problems = dialog.get_by_role("alert")
    expect(problems).to_have_count(3)
    expect(page.get_by_role("dialog")).to_have_count(1)
    picture(page, "errors", OFFICE["height"])
    dialog.get_by_label("Mobile number").fill("0754 200 330")
    dialog.get_by_label("Name of the payee").fill("Neema Mushi")
    dialog.get_by_label("Name of the payee").press("Tab")
    expect(problems).to_have_count(1)


def test_a_reason_with_a_number_is_refused_within_the_dialog(registry, desk):
    registry.at_spar("Asha Juma", "SR-P-0010", "+255754200310")
    page = desk("clerk")
    open_people(page, registry)
    find(page, "SR-P-0010")
    rows(page).locator("td[name=name]").click()
    page.get_by_role("button", name="End", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Call 0754 200 999")
    dialog.get_by_role("button", name="End address").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Leave numbers")
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_the_person_page_on_a_phone(registry, desk):
    registry.at_spar("Asha Juma", "SR-P-0010", "+255754200310")
    page = desk("clerk", PHONE)
    page.goto(f"{registry.stack.odoo.url}/odoo/registrants")
    card = page.locator(".o_kanban_record", has_text="SR-P-0010")
    expect(card).to_contain_text("Asha Juma")
    picture(page, "people-phone", PHONE["height"])
    card.click()
    expect(page.locator(".o_spar_card")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    expect(page.get_by_role("button", name="Amend")).to_be_visible()
    picture(page, "person-phone", PHONE["height"])
