"""The person page, in few clicks: found, amended, added, approved and refused."""

import pytest
from browsing import log_in, open_action, picture, search_for, set_policy
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
#: A usual screen of an office, and a phone.
OFFICE = {"width": 1366, "height": 768}
PHONE = {"width": 360, "height": 740}
COUNT = """
    window.addEventListener("click", (ev) => {
        if (ev.isTrusted && ev.detail) {
            const before = Number(sessionStorage.clicks || 0);
            sessionStorage.clicks = before + 1;
        }
    }, true);
"""


@pytest.fixture(scope="module", autouse=True)
def users(registry):
    registry.new_user("clerk", EDITOR, "base.group_partner_manager")
    registry.new_user("second_eyes", APPROVER)
    set_policy(registry, approve_admin=False)


@pytest.fixture
def desk(open_page, registry):
    """Return a function that opens the page of a user, with its clicks counted."""

    def open_as(login, size=OFFICE):
        page = open_page()
        page.set_viewport_size(size)
        page.add_init_script(COUNT)
        log_in(page, registry, login)
        return page

    return open_as


def clicks(page):
    """Return how often was clicked since the last call."""
    return int(
        page.evaluate(
            "() => { const n = sessionStorage.clicks || 0; "
            "sessionStorage.clicks = 0; return n; }"
        )
    )


def open_people(page, registry):
    open_action(page, registry, "registrant_action")
    expect(page.get_by_role("searchbox")).to_be_visible()
    clicks(page)


def find(page, text, number=1):
    """Type a text and press Enter: so many people are found."""
    search_for(page, text)
    expect(page.locator(".o_data_row")).to_have_count(number)


def rows(page):
    return page.locator(".o_data_row")


def is_on_screen(element, size=OFFICE):
    box = element.bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


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


def test_a_wallet_is_amended_in_three_clicks_and_two_fields(registry, desk):
    registry.at_spar("Asha Juma", "SR-P-0010", "+255754200310")
    page = desk("clerk")
    open_people(page, registry)
    find(page, "Asha Juma")
    rows(page).locator("td[name=name]").click()
    amend = page.get_by_role("button", name="Amend")
    expect(page.locator(".o_spar_same")).to_be_visible()
    for element in (
        amend,
        page.locator(".o_spar_card"),
        page.locator(".o_spar_person"),
    ):
        assert is_on_screen(element)
    picture(page, "person", OFFICE["height"])
    amend.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile number").fill("0754 200 311")
    dialog.get_by_label("Reason").fill("Lost the SIM card")
    beside = dialog.locator(".o_spar_beside [data-name=masked]")
    expect(beside.locator(".o_spar_becomes")).to_contain_text("+2557••••311")
    expect(beside.locator(".o_spar_becomes")).to_contain_text("changed")
    save = dialog.get_by_role("button", name="Save address")
    assert is_on_screen(save)
    picture(page, "person-amend", OFFICE["height"])
    save.click()
    expect(page.locator("[name=financial_address]")).to_contain_text("+2557••••311")
    expect(page.locator("[name=spar_state] .badge").first).to_have_text("In sync")
    expect(page.locator(".o_spar_timeline")).to_contain_text("Lost the SIM card")
    assert clicks(page) == 3
    picture(page, "person-amended", OFFICE["height"])


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


def test_a_bank_account_is_added_in_four_clicks_and_three_fields(registry, desk):
    registry.registrant("Baraka Said", "SR-P-0020")
    page = desk("clerk")
    open_people(page, registry)
    find(page, "Baraka Said")
    rows(page).locator("td[name=name]").click()
    page.get_by_role("button", name="Add payment address").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Bank account").check()
    provider = dialog.get_by_label("Provider")
    provider.fill("First")
    expect(page.get_by_role("option", name="First Bank")).to_be_visible()
    provider.press("Enter")
    dialog.get_by_label("Account number").fill("0150 1234 5678")
    dialog.get_by_label("Account holder").fill("Baraka Said")
    dialog.get_by_role("button", name="Save address").click()
    expect(page.locator("[name=spar_state] .badge").first).to_have_text("In sync")
    expect(page.locator("[name=financial_address]")).to_contain_text("First Bank")
    assert clicks(page) == 4


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


def test_approved_in_two_clicks_refused_in_two_and_returned_in_one(registry, desk):
    asha = registry.at_spar("Asha Mbwana", "SR-P-0040", "+255754200340")
    neema = registry.at_spar("Neema Mrema", "SR-P-0041", "+255754200341")
    set_policy(registry, approve_admin=True)
    clerk = registry.stack.odoo.rpc("clerk", "clerk")
    try:
        for person, number in ((asha, "+255754200350"), (neema, "+255754300341")):
            values = {
                "partner_id": person,
                "fa_type": "mobile_wallet",
                "dfsp_id": registry.operator,
                "mobile_number": number,
                "reason": "Asked for",
            }
            clerk.call("g2p.financial.address", "create", [values])
        page = desk("second_eyes")
        open_action(page, registry, "approval_action")
        other = rows(page).filter(has_text="Neema Mrema")
        expect(other.locator("td[name=changes]")).to_have_text("number changed")
        clicks(page)
        rows(page).filter(has_text="Asha Mbwana").locator("td[name=partner_id]").click()
        beside = page.locator(".o_spar_beside")
        expect(beside.locator("[data-name=masked]")).to_contain_text("changed")
        page.get_by_role("button", name="Approve").click()
        current = page.locator("[name=state] .o_arrow_button_current")
        expect(current).to_have_text("In use")
        assert clicks(page) == 2

        open_action(page, registry, "approval_action")
        expect(other).to_be_visible()
        clicks(page)
        other.get_by_role("button", name="Refuse").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("Another name on the card")
        dialog.get_by_role("button", name="Refuse").click()
        expect(other).to_have_count(0)
        assert clicks(page) == 2

        page = desk("clerk")
        open_people(page, registry)
        page.get_by_role("menuitem", name="Returned to me").click()
        row = rows(page).filter(has_text="Neema Mrema")
        expect(row).to_contain_text("Another name on the card")
        assert clicks(page) == 1
        picture(page, "returned", 300)
        row.get_by_role("button", name="Enter again").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("Provider")).to_have_value("M-Cash")
        dialog.get_by_label("Mobile number").fill("0754 200 351")
        dialog.get_by_label("Reason").fill("As on the card")
        dialog.get_by_role("button", name="Save address").click()
        expect(dialog).to_have_count(0)
        page.goto(f"{registry.stack.odoo.url}/odoo/registrants/{neema}")
        expect(page.locator("[name=pending_address]")).to_contain_text("+2557••••351")
        picture(page, "person-waiting", OFFICE["height"])
    finally:
        set_policy(registry, approve_admin=False)


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
