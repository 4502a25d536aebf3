"""How long a clerk waits for a registrant's page, over an ordinary contact's.

Each in a database of its own: that of the contact has Odoo's contacts alone. Both
answer the same browser, in turns, and SPAR answers the registrant's page.
"""

import statistics
import time
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from tests.standin_spar import StandInSpar

from .. import chromium, keys, problems, settings
from ..odoo_server import OdooServer, drop_database, duplicate_database
from ..templates import prepared_template
from .figures import Figure

DATABASES = {"person": "bench_form", "contact": "bench_form_contact"}
PORTS = {"person": 27_710, "contact": 27_720, "spar": 27_930}
#: People in each list, and rounds that count.
PEOPLE, ROUNDS = 40, 15
LOGIN = "clerk-bench"
#: By kind: the list's action, and what is there when one can work with the page.
LISTS = {
    "person": "g2p_spar_financial_address.registrant_action",
    "contact": "base.action_partner_form",
}
USABLE = {
    "person": ".o_form_view button:has-text('Amend')",
    "contact": ".o_form_view .o_field_widget[name=phone] input",
}
#: Milliseconds; the first page builds Odoo's assets.
PATIENCE = 90_000
#: Milliseconds without a click.
PAUSE = 500


def measure(postgres, percent, say):
    """Click a row of a list, and wait until its form can be worked with.

    :param Postgres postgres: a started server.
    :param int percent: how much of the full sizes to measure with.
    :param Callable say: receives one line of progress.
    :return: generator of :class:`Figure`.
    """
    if problem := chromium.make_available(say):
        raise problems.Problem(problem)
    rounds = max(3, ROUNDS * percent // 100)
    with _servers(postgres, say) as urls, _pages(urls) as pages:
        times = {kind: [] for kind in pages}
        # The first two rounds load what a browser and a server keep.
        for number in range(rounds + 2):
            for kind, page in pages.items():
                took = _open(page, kind, number)
                if number >= 2:
                    times[kind].append(took)
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    say(
        "Milliseconds until a form can be worked with: {person:.0f} a registrant's, "
        "{contact:.0f} a contact's.".format(
            **{kind: 1000 * found for kind, found in medians.items()}
        )
    )
    ratio = medians["person"] / medians["contact"]
    yield Figure("form_open_vs_contact", ratio, "ratio", "<= 1.3")


@contextmanager
def _servers(postgres, say):
    """Start both registries and SPAR; give the addresses of the registries."""
    ports = {name: problems.free_port(first) for name, first in PORTS.items()}
    spar = StandInSpar(ports["spar"], f"{DATABASES['person']}-spar")
    servers = {
        kind: OdooServer(postgres, database, ports[kind], name=database)
        for kind, database in DATABASES.items()
    }
    try:
        spar.start()
        for kind, server in servers.items():
            modules = settings.modules() if kind == "person" else ["contacts"]
            name = "plain" if kind == "person" else "contacts"
            template = prepared_template(postgres, name, modules, False, say)
            drop_database(postgres, server.database)
            duplicate_database(postgres, template, server.database)
            server.write_config()
        folder = settings.SANDBOX / "partners" / DATABASES["person"]
        key = keys.demo_partner_key(settings.KEYS, folder)
        values = {"login": LOGIN, "people": PEOPLE}
        connection = {
            "base_url": spar.url,
            "sender_id": keys.DEMO_SENDER,
            **keys.connection_values(key),
        }
        servers["contact"].run_program(CONTACTS, values)
        servers["person"].run_program(
            CONTACTS + REGISTRANTS, {**values, "connection": connection}
        )
        for server in servers.values():
            server.start()
        yield {kind: server.url for kind, server in servers.items()}
    finally:
        for server in servers.values():
            server.stop()
            drop_database(postgres, server.database)
        spar.stop()


CONTACTS = """
    editor = "g2p_spar_financial_address.group_editor"
    groups = env.ref("base.group_partner_manager")
    groups |= env.ref("base.group_user")
    groups |= env.ref(editor, raise_if_not_found=False) or groups
    env["res.users"].create(
        {
            "name": values["login"],
            "login": values["login"],
            "password": values["login"],
            "group_ids": [(6, 0, groups.ids)],
        }
    )
    people = env["res.partner"].create(
        [
            {"name": f"Aa person {n:02d}", "phone": f"+2557541{n:05d}"}
            for n in range(values["people"])
        ]
    )
    env.cr.commit()
    print(len(people))
"""
REGISTRANTS = """
    from tools.bench import crowd
    provider = crowd.make_provider(env)
    connection = env["g2p.spar.connection"].create(
        {"name": "Benchmark", **values["connection"]}
    )
    connection.state = "running"
    for n, person in enumerate(people):
        person.write({"is_registrant": True, "spar_id": f"ID-{n}"})
        crowd.enter_address(env, person, provider, f"+25570000{n:04d}")
    people.spar_mapping_ids.job_sync()
    env.cr.commit()
    print(set(people.spar_mapping_ids.mapped("state")))
"""


@contextmanager
def _pages(urls):
    """Give a page of each registry, signed in, with its list open."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=["--no-sandbox", "--disable-gpu"]
        )
        pages = {}
        for kind, url in urls.items():
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.set_default_timeout(PATIENCE)
            page.goto(f"{url}/web/login")
            page.fill("input[name=login]", LOGIN)
            page.fill("input[name=password]", LOGIN)
            page.click("button[type=submit]")
            page.wait_for_selector(".o_web_client")
            page.goto(f"{url}/odoo/action-{LISTS[kind]}?view_type=list")
            page.wait_for_selector(".o_data_row")
            pages[kind] = page
        yield pages
        browser.close()


def _open(page, kind, number):
    """Open one more row of the list and return; give the seconds it took."""
    row = page.locator(".o_data_row").nth(number)
    row.wait_for()
    cell = row.locator("td.o_data_cell").first
    began = time.monotonic()
    cell.click()
    page.wait_for_selector(USABLE[kind])
    took = time.monotonic() - began
    # What is loaded after that is of this page, not of the next one measured.
    page.wait_for_timeout(PAUSE)
    page.go_back()
    page.wait_for_selector(".o_list_view .o_data_row")
    page.wait_for_timeout(PAUSE)
    return took
