"""What a field agent's phone loads on the first visit to the portal."""

from playwright.sync_api import sync_playwright

from .. import chromium, problems, settings
from ..odoo_server import OdooServer, drop_database, duplicate_database
from ..templates import prepared_template
from .figures import Figure

DATABASE = "bench_portal"
PORT = 27_750
AGENT = "g2p_spar_portal.group_field_agent"
#: The login of an agent, and the password.
LOGIN = "agent-bench"
#: Registrants of the agent, of whom a page shows 20.
PEOPLE = 100


def measure(postgres, percent, say):
    """Measure what a browser without a cache transfers until a person can be typed in.

    The agent opens the list, signs in, and begins to register a person. Odoo is asked
    without a proxy, so nothing is compressed that Odoo does not compress itself: behind
    a proxy that compresses it is less. What the service worker loads behind the pages
    for work without network counts, too.

    :param Postgres postgres: a started server.
    :param int percent: not used: a visit is as long as it is.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    if problem := chromium.make_available(say):
        raise problems.Problem(problem)
    odoo = OdooServer(postgres, DATABASE, problems.free_port(PORT), name=DATABASE)
    try:
        template = prepared_template(postgres, "plain", settings.modules(), False, say)
        drop_database(postgres, DATABASE)
        duplicate_database(postgres, template, DATABASE)
        odoo.write_config()
        odoo.run_program(PREPARE, {"group": AGENT, "login": LOGIN, "people": PEOPLE})
        odoo.start()
        transferred = _visit(odoo.url)
        for address, size in sorted(transferred, key=lambda one: -one[1]):
            say(f"{size:8d} bytes  {address.removeprefix(odoo.url)}")
        total = sum(size for _address, size in transferred)
        yield Figure("portal_cold_kib", total / 1024, "KiB", "<= 150")
    finally:
        odoo.stop()
        drop_database(postgres, DATABASE)


PREPARE = """
    group = env.ref(values["group"])
    login = values["login"]
    agent = env["res.users"].create(
        {
            "name": login,
            "login": login,
            "password": login,
            "group_ids": [(6, 0, group.ids)],
        }
    )
    env["res.partner"].create(
        [
            {"name": f"Person {n}", "is_registrant": True, "user_id": agent.id}
            for n in range(values["people"])
        ]
    )
    env.cr.commit()
    print(agent.id)
"""


def _visit(url):
    """Return what a browser transfers on a first visit: addresses and bytes.

    Of each answer what came over the network counts, with its headers.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 360, "height": 740})
        finished = []
        context.on("requestfinished", lambda request: finished.append(request))
        page = context.new_page()
        page.goto(f"{url}/my/people")
        page.fill("input[name=login]", LOGIN)
        page.fill("input[name=password]", LOGIN)
        page.click("button[type=submit]")
        page.wait_for_url("**/my/people*")
        page.wait_for_load_state("networkidle")
        page.click("a[href='/my/register']")
        page.click("form[action='/my/register/new'] button")
        page.wait_for_selector("input[name=name]")
        page.wait_for_load_state("networkidle")
        transferred = [
            (request.url, _answer_size(request.sizes()))
            for request in finished
            # What the service worker answers was transferred when it was kept.
            if not (request.response() and request.response().from_service_worker)
        ]
        browser.close()
    return transferred


def _answer_size(sizes):
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]
