"""The bar at the top: where each role begins, what waits, and room for all menus."""

import pytest
from browsing import log_in, picture, set_policy
from playwright.sync_api import expect

ADDON = "g2p_spar_financial_address"
#: The smallest screen of an office, in pixels.
OFFICE = {"width": 1280, "height": 800}
#: Of each role: the groups, and what it sees after the log-in.
ROLES = {
    "clerk": ([f"{ADDON}.group_editor"], "People"),
    "second_eyes": ([f"{ADDON}.group_approver"], "Approvals"),
    "operator": (["g2p_spar_sync_queue.group_operator"], "Payments at SPAR"),
}
#: All roles together see all menus.
EVERYTHING = (
    f"{ADDON}.group_administrator",
    f"{ADDON}.group_approver",
    "g2p_spar_sync_queue.group_manager",
)
LANGUAGES = ("am_ET", "ar_001", "es_ES", "fr_FR", "pt_PT", "sw")
BAR = ".o_menu_sections"


@pytest.fixture(scope="module", autouse=True)
def users(registry):
    for login, (groups, _seen) in ROLES.items():
        registry.new_user(login, *groups, "base.group_partner_manager")
    registry.new_user("everything", *EVERYTHING)


@pytest.fixture(scope="module")
def languages(registry):
    """Have all languages of the suite installed; return those that Odoo knows."""
    domain = [["code", "in", LANGUAGES], ["active", "in", [True, False]]]
    found = registry.rpc.call("res.lang", "search_read", domain, ["code"])
    values = {"lang_ids": [[6, 0, [one["id"] for one in found]]], "overwrite": False}
    wizard = registry.create("base.language.install", values)
    registry.rpc.call("base.language.install", "lang_install", [wizard])
    return sorted(one["code"] for one in found)


def test_each_role_begins_with_its_work(registry, open_page):
    for login, (_groups, seen) in ROLES.items():
        page = open_page()
        log_in(page, registry, login)
        expect(page.locator(".o_menu_brand")).to_have_text("Social payments")
        begun = page.locator(".o_spar_overview, .o_last_breadcrumb_item").first
        expect(begun).to_contain_text(seen)


def test_what_waits_is_counted_and_opened(registry, open_page):
    """An approver sees the number, and it goes once the work is done."""
    set_policy(registry, approve_admin=True)
    person = registry.registrant("Asha Juma", "SR-M-0001")
    clerk = registry.stack.odoo.rpc("clerk", "clerk")
    page = open_page()
    log_in(page, registry, "second_eyes")
    tray = page.locator(".o_spar_my_work")
    expect(tray).to_have_attribute("aria-label", "My work: nothing waits for you")
    values = {
        "partner_id": person,
        "fa_type": "mobile_wallet",
        "dfsp_id": registry.operator,
        "mobile_number": "+255754200001",
        "reason": "Asked for",
    }
    clerk.call("g2p.financial.address", "create", [values])
    # Without anything being pressed: the bus says that there is a to-do.
    expect(tray.locator(".badge")).to_have_text("1")
    tray.click()
    item = page.locator(".o_spar_my_work_menu [data-name=approvals]")
    expect(item).to_contain_text("New addresses wait for a second person.")
    picture(page, "my-work", 300)
    item.click()
    page.locator(".o_data_row", has_text="Asha Juma").get_by_role(
        "button", name="Approve"
    ).click()
    expect(tray.locator(".badge")).to_have_count(0)
    set_policy(registry, approve_admin=False)


def test_all_menus_have_room_in_each_language(registry, languages, open_page):
    user = registry.rpc.call("res.users", "search", [["login", "=", "everything"]])
    crowded, numbers = {}, set()
    for language in ("en_US", *languages):
        registry.rpc.call("res.users", "write", user, {"lang": language})
        # A browser of its own: it keeps the menus in the language it saw first.
        page = open_page()
        page.set_viewport_size(OFFICE)
        log_in(page, registry, "everything")
        page.goto(f"{registry.stack.odoo.url}/odoo/registrants")
        expect(page.locator(".o_spar_my_work")).to_be_visible()
        expect(page.locator(".o_list_view")).to_be_visible()
        # The bar arranges its menus a moment after their number is known.
        page.wait_for_timeout(500)
        picture(page, f"menus-{language}", 100)
        menus = page.locator(f"{BAR} > :not(.o_menu_sections_more)")
        numbers.add(menus.count())
        hidden = page.locator(f"{BAR} > .d-none").all_text_contents()
        if hidden:
            crowded[language] = hidden
    assert not crowded
    assert len(numbers) == 1, numbers
