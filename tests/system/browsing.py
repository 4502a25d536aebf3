"""A real browser for the tests of what people see."""

import os
from contextlib import contextmanager
from pathlib import Path

import polib
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tools import chromium, settings

#: Milliseconds; the first page builds Odoo's assets.
PATIENCE = 90_000

#: Of the window, in pixels.
WIDTH, HEIGHT = 1280, 860

#: A usual screen of an office.
OFFICE = {"width": 1366, "height": 768}

#: Counts what a person clicks or taps, over all pages.
COUNT = """
    window.addEventListener("click", (ev) => {
        if (ev.isTrusted && ev.detail) {
            const before = Number(sessionStorage.clicks || 0);
            sessionStorage.clicks = before + 1;
        }
    }, true);
"""
#: The texts a person sees on a page, and the names of its fields.
SEEN = """() => {
    const found = new Set();
    const ours = ".o_action_manager, .modal-dialog, .o_menu_sections, .o_g2p_portal";
    for (const root of document.querySelectorAll(ours)) {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const parent = walker.currentNode.parentElement;
            if (parent.checkVisibility({visibilityProperty: true})) {
                found.add(walker.currentNode.data.replace(/\\s+/g, " ").trim());
            }
        }
        for (const name of ["placeholder", "aria-label", "title"]) {
            for (const one of root.querySelectorAll(`[${name}]`)) {
                found.add(one.getAttribute(name));
            }
        }
    }
    return [...found];
}"""

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running_browser():
    """Run a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=OPTIONS
        )
        yield browser
        browser.close()


@contextmanager
def careful_pages(browser):
    """Give a function that opens a page for one more person.

    :raise AssertionError: at the end, when a page wrote an error to the console
    """
    expect.set_options(timeout=PATIENCE)
    pages, errors = [], []

    def open_page():
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: m.type == "error" and errors.append(m.text))
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not errors, errors


def log_in(page, registry, login):
    page.goto(f"{registry.stack.odoo.url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_selector(".o_web_client")


def open_action(page, registry, action, addon="g2p_spar_financial_address"):
    """Open what a menu entry opens.

    :param str action: its name in the addon
    """
    page.goto(f"{registry.stack.odoo.url}/odoo/action-{addon}.{action}")


def open_menu(page, menu, entry):
    """Open an entry of one of the menus at the top."""
    page.get_by_role("button", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


def open_payment_page(page, registry, registrant):
    """Open a registrant on the person page, which has all of the Payment page."""
    page.goto(f"{registry.stack.odoo.url}/odoo/registrants/{registrant}")
    expect(page.locator(".o_spar_card")).to_be_visible()


def search_for(page, text):
    """Type a text in the search box of a list, and press Enter.

    Enter chooses from a menu that the web client builds while the text is typed; no
    person is as fast as Playwright, which would press it before there is a menu.
    """
    search = page.get_by_role("searchbox")
    search.press("Control+a")
    search.fill(text)
    expect(
        page.locator(".o_searchview_autocomplete .o-dropdown-item").first
    ).to_be_visible()
    search.press("Enter")
    expect(page.locator(".o_searchview_facet", has_text=text)).to_be_visible()


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
    expect(rows(page)).to_have_count(number)


def rows(page):
    return page.locator(".o_data_row")


def is_on_screen(element, size=OFFICE):
    box = element.bounding_box()
    return (
        box["x"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] >= 0
        and box["y"] + box["height"] <= size["height"]
    )


class Words:
    """Says the texts of the suite in a language, as its screens do.

    :param str code: of the language, such as ``ar_001``
    """

    def __init__(self, code):
        self.code = code
        self._texts = {}
        for path in sorted(
            settings.ROOT.glob(f"g2p_*/i18n/{code.partition('_')[0]}.po")
        ):
            for entry in polib.pofile(path):
                self._texts.setdefault(entry.msgid, entry.msgstr)

    def __call__(self, text):
        return self._texts[text] if self._texts else text

    def assert_no_other(self, page):
        """See no text of the suite that is left in English."""
        left = [
            text
            for text in page.evaluate(SEEN)
            # That is a role, and the name of Odoo's first user.
            if self._texts.get(text, text) != text and text != "Administrator"
        ]
        assert not left, left


def choose_provider(page, name):
    """Choose a provider in the dialog that enters an address."""
    page.get_by_role("dialog").get_by_label("Provider").fill(name[:4])
    page.get_by_role("option", name=name).click()


def set_policy(registry, **values):
    """Change the approval policy, and have the user ``second_eyes`` approve that."""
    rows = registry.rpc.call("g2p.fa.policy", "search", [])
    registry.rpc.call("g2p.fa.policy", "write", rows, values)
    waiting = [["state", "=", "to_approve"]]
    eyes = registry.stack.odoo.rpc("second_eyes", "second_eyes")
    if proposals := eyes.call("g2p.fa.proposal", "search", waiting):
        eyes.call("g2p.fa.proposal", "action_approve", proposals)


def picture(page, name, height=HEIGHT):
    """Take a picture for the documents, where ``SPAR_SCREENSHOTS`` says so.

    :param int height: how much of the page it shows, from the top
    """
    folder = os.environ.get("SPAR_SCREENSHOTS")
    if folder:
        page.mouse.move(0, 0)
        width = page.viewport_size["width"]
        clip = {"x": 0, "y": 0, "width": width, "height": height}
        page.screenshot(path=Path(folder) / f"{name}.png", clip=clip)


def barriers(page, ours, odoos=(), contrast=True):
    """Return what axe-core finds serious or critical in a part of a page.

    :param ours: selectors of what is looked at
    :param odoos: selectors of what is left out in it
    :param bool contrast: whether texts must stand out from their background
    :return: rule, help and the first elements, one line for each rule
    :rtype: list[str]
    """
    scope = {"include": [[one] for one in ours], "exclude": [[one] for one in odoos]}
    options = {"rules": {"color-contrast": {"enabled": contrast}}}
    found = Axe().run(page, scope, options).response["violations"]
    return [
        f"{one['id']}: {one['help']}: "
        + "; ".join(node["html"][:200] for node in one["nodes"][:5])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
