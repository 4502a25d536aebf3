"""What a department user sees, in a real browser against real processes.

With ``SPAR_SCREENSHOTS`` set to a folder, the pictures of the documents are written
there.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tools import chromium

#: Milliseconds; the first page builds Odoo's assets.
PATIENCE = 90_000

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser():
    if problem := chromium.make_available():
        pytest.skip(problem)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=OPTIONS
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """Return a page that fails the test on any error in the console."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: m.type == "error" and errors.append(m.text))
    yield page
    page.close()
    assert not errors


def log_in(page, registry, login):
    page.goto(f"{registry.stack.odoo.url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_selector(".o_web_client")


def picture(page, name):
    folder = os.environ.get("SPAR_SCREENSHOTS")
    if folder:
        page.mouse.move(0, 0)
        page.screenshot(path=Path(folder) / f"{name}.png")


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
    page.goto(f"{registry.stack.odoo.url}/odoo/registrants/{asha}")
    page.get_by_role("tab", name="Payment").click()
    expect(page.locator("[data-state=no_address]")).to_have_text("No address")
    page.get_by_role("button", name="Add payment address").click()

    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile wallet").check()
    provider = dialog.get_by_label("Provider")
    provider.fill("M-Ca")
    page.get_by_role("option", name="M-Cash").click()
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


def test_a_wrong_number_is_told_at_once_and_nothing_typed_is_lost(registry, page):
    neema = registry.registrant("Neema Shayo", "SR-2026-0002")
    log_in(page, registry, "admin")
    page.goto(f"{registry.stack.odoo.url}/odoo/registrants/{neema}")
    page.get_by_role("tab", name="Payment").click()
    page.get_by_role("button", name="Add payment address").click()
    dialog = page.get_by_role("dialog").first
    dialog.get_by_label("Provider").fill("M-Ca")
    page.get_by_role("option", name="M-Cash").click()
    dialog.get_by_label("Mobile number").fill("12")
    dialog.get_by_role("button", name="Save address").click()

    expect(page.get_by_text("cannot exist in Tanzania")).to_be_visible()
    picture(page, "wrong-number")
    page.get_by_role("button", name="Close").last.click()
    expect(dialog.get_by_label("Mobile number")).to_have_value("12")
    dialog.get_by_label("Mobile number").fill("0754 200 002")
    dialog.get_by_role("button", name="Save address").click()
    expect(page.locator("[name=spar_state] .badge").first).to_have_text("In sync")


def test_a_viewer_sees_it_masked_and_cannot_amend(registry, page):
    registry.new_user("viewer", "g2p_spar_financial_address.group_viewer")
    (asha,) = registry.rpc.call(
        "res.partner", "search", [["spar_id", "=", "SR-2026-0001"]]
    )
    log_in(page, registry, "viewer")
    page.goto(f"{registry.stack.odoo.url}/odoo/registrants/{asha}")
    page.get_by_role("tab", name="Payment").click()
    expect(page.locator("[name=financial_address]")).to_contain_text("+2557••••001")
    expect(page.get_by_role("button", name="Amend")).to_have_count(0)
    assert "754200001" not in page.content()


def test_the_lists_open_for_a_manager(registry, page):
    log_in(page, registry, "admin")
    page.goto(f"{registry.stack.odoo.url}/odoo/registrants")
    expect(page.get_by_text("Asha Juma")).to_be_visible()
    expect(page.locator(".o_data_row .badge", has_text="In sync").first).to_be_visible()
    page.get_by_role("menuitem", name="At SPAR").click()
    expect(page.get_by_text("Everything is in sync")).to_be_visible()
    page.get_by_role("menuitem", name="Changes").click()
    expect(page.locator(".o_data_row").first).to_be_visible()
    picture(page, "changes")
    page.get_by_role("menuitem", name="Connections").click()
    page.get_by_text("SPAR 1.1.0").first.click()
    expect(page.get_by_label("Address?")).to_be_visible()
