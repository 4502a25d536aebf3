"""No screen of the suite has a barrier that axe-core calls serious or critical."""

from types import SimpleNamespace

import pytest
from browsing import barriers, log_in
from phone import careful_phones

#: What of a page the suite fills, and what Odoo puts there all the same.
OURS = (".o_action_manager", ".modal-dialog")
ODOOS = (
    ".o_control_panel",
    ".o_search_panel",
    ".o_list_record_selector",
    ".o_list_actions_header",
    ".o_notebook_headers",
    ".o_select_menu",
    ".o-dropdown",
    ".o-autocomplete",
    ".o-mail-Form-chatter",
    ".o-mail-ChatterContainer",
    # Its cell editors have the name of their column above them only.
    ".o_selected_row",
)
#: Screens with colours of their own; elsewhere they are those of Odoo's theme.
COLOURED = (".o_spar_overview", ".o_spar_person_form .o_form_sheet")
#: Pages of the registration portal, of a field agent.
PAGES = ("/my/people", "/my/register")


@pytest.fixture(scope="module")
def demo(make_stack):
    """Return a registry with demonstration data, not connected to SPAR."""
    stack = make_stack("accessibility", demo=True)
    return SimpleNamespace(stack=stack, rpc=stack.odoo.rpc())


@pytest.fixture(scope="module")
def screens(demo):
    """Return the name and the action of each entry of the suite's menu."""
    (root,) = demo.rpc.call(
        "ir.model.data",
        "search_read",
        [["module", "=", "g2p_spar_financial_address"], ["name", "=", "menu_root"]],
        ["res_id"],
    )
    entries = demo.rpc.call(
        "ir.ui.menu",
        "search_read",
        [["id", "child_of", root["res_id"]], ["action", "!=", False]],
        ["complete_name", "action"],
    )
    assert len(entries) > 10
    return [(one["complete_name"], one["action"].split(",")[1]) for one in entries]


def test_every_entry_of_the_menu_and_its_first_record(demo, screens, open_page):
    page = open_page()
    log_in(page, demo, "admin")
    found = {}
    for name, action in screens:
        page.goto(f"{demo.stack.odoo.url}/odoo/action-{action}")
        found[name] = barriers_once_loaded(page)
        cell = page.locator(".o_action_manager .o_data_row .o_data_cell").first
        if cell.is_visible():
            cell.click()
            # A list that is edited in place opens no form.
            opened = page.locator(".o_form_view, .o_selected_row").first
            opened.wait_for()
            found[f"{name}, a record"] = barriers_once_loaded(page)
    assert {name: rules for name, rules in found.items() if rules} == {}


def barriers_once_loaded(page):
    page.locator(".o_action_manager .o_action, .modal-body").first.wait_for()
    page.wait_for_function("() => !document.querySelector('.o_loading_indicator')")
    found = barriers(page, present(page, OURS), ODOOS, contrast=False)
    coloured = present(page, COLOURED)
    return found + (barriers(page, coloured, ODOOS) if coloured else [])


def present(page, selectors):
    return [one for one in selectors if page.locator(one).count()]


def test_the_pages_of_an_agent(demo, browser):
    found = {}
    with careful_phones(browser, demo.stack.odoo.url) as phone_of:
        phone = phone_of("agent")
        for path in PAGES:
            phone.open(path)
            found[path] = barriers(phone.page, ["main"])
    assert {path: rules for path, rules in found.items() if rules} == {}
