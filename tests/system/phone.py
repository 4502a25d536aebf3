"""A field agent's phone, for the tests of what agents see."""

import os
from contextlib import contextmanager
from pathlib import Path

from browsing import COUNT

PATIENCE = 90_000

#: A small phone, in pixels.
SIZE = {"width": 360, "height": 740}


class Phone:
    """A phone on which one agent is signed in.

    :param browser: a running browser
    :param str url: of the registry
    :param str login: of the agent, and the password
    :param bool scripts: whether JavaScript runs on it
    :param bool careful: whether errors in the console are kept; a page that is refused
        is one
    :param bool counted: whether taps are counted, see ``clicks`` of ``browsing``
    """

    def __init__(self, browser, url, login, scripts=True, careful=True, counted=False):
        self.browser = browser
        self.url = url
        self.login = login
        self.scripts = scripts
        self.careful = careful
        self.counted = counted
        self.errors = []
        self.context = None
        self.page = None
        self.switch_on()

    def switch_on(self):
        """Open the browser of the phone anew, as after its battery was empty."""
        self.context = self.browser.new_context(
            viewport=SIZE, java_script_enabled=self.scripts
        )
        page = self.page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        if self.counted:
            page.add_init_script(COUNT)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("console", lambda m: m.type == "error" and self._note(m.text))
        self.open("/web/login")
        page.fill("input[name=login]", self.login)
        page.fill("input[name=password]", self.login)
        page.get_by_role("button", name="Log in", exact=True).click()
        page.wait_for_url("**/my")

    def _note(self, error):
        if self.careful:
            self.errors.append(error)

    def switch_off(self):
        """Close everything at once, whatever is typed."""
        self.context.close()

    def open(self, path):
        """Open a page; return the HTTP status of the answer."""
        return self.page.goto(f"{self.url}{path}").status

    def press(self, name):
        """Press a button that people see."""
        self.page.get_by_role("button", name=name, exact=True).last.click()

    def fits(self):
        """Return whether the page is no wider than the phone."""
        width = self.page.evaluate("document.documentElement.scrollWidth")
        return width <= SIZE["width"]

    def picture(self, name):
        """Take a picture for the documents, where ``SPAR_SCREENSHOTS`` says so."""
        assert self.fits(), name
        folder = os.environ.get("SPAR_SCREENSHOTS")
        if folder:
            path = Path(folder) / f"{name}.png"
            self.page.screenshot(path=path, full_page=True)


@contextmanager
def careful_phones(browser, url):
    """Give a function that hands out the phones of agents, by login.

    :raise AssertionError: at the end, when a page wrote an error to the console
    """
    phones = []

    def hand_out(login, **options):
        phones.append(Phone(browser, url, login, **options))
        return phones[-1]

    yield hand_out
    for phone in phones:
        phone.switch_off()
    errors = [error for phone in phones for error in phone.errors]
    assert not errors, errors
