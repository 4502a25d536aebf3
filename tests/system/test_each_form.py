"""The Payment page on each form of a registry, as each role sees it, with each queue.

Of OpenSPP only with ``FULL=1``, since ``test_registries.py`` shows it with one queue.
"""

import pytest
from browsing import picture
from playwright.sync_api import expect
from registry_forms import (
    HOUSEHOLDS,
    OPENG2P,
    OPENSPP,
    PERSONS,
    SCREEN,
    enter_wallet,
    household,
    open_payment,
    person,
    state,
)

from tools import settings

PLACES = [(OPENG2P, settings.queue())]
if settings.is_on("FULL"):
    PLACES += [(OPENSPP, queue) for queue in settings.QUEUES]

#: The wallet of each, and the ID it is paid under.
NUMBERS = {PERSONS: ("754200001", "EF-1"), HOUSEHOLDS: ("754200002", "EF-2")}
#: The label of the eye beside a number.
SHOW = "Show the number; that you did is recorded"
#: What a role may do on the page, besides what the one before it may.
BUTTONS = {
    "viewer": [],
    "officer": ["Amend", "End", SHOW],
    "administrator": ["Remove payment data"],
}


@pytest.fixture(
    scope="module", params=PLACES, ids=lambda place: f"{place[0].name}-{place[1]}"
)
def registry(request, make_stack):
    kind, queue = request.param
    with settings.using_queue(queue):
        registry = kind.set_up(make_stack, f"form_{kind.name}_{queue}")
        registry.queue = queue
        yield registry
        registry.stack.stop()


@pytest.fixture(scope="module")
def paid(registry):
    """Return the name of a person and of a household, who are paid."""
    made = {
        PERSONS: person(registry, "Asha", "Juma", "EF-1"),
        HOUSEHOLDS: household(registry, "Household of Shayo", "EF-2"),
    }
    rows = registry.rpc.call("res.partner", "read", [*made.values()], ["name"])
    return dict(zip(made, (row["name"] for row in rows), strict=True))


#: What a worker process of job_worker does, which the stand-in for it has not.
WORKER = """
from odoo.addons.job_worker.jobs import call
while job := env["queue.job"]._next():
    job.state = "started"
    env.cr.commit()
    call(job)
    job.state = "done"
    env.cr.commit()
print("done")
"""


def send(registry):
    """Have what waits sent, where no process does so by itself."""
    if registry.queue == "job_worker":
        registry.run(WORKER)


@pytest.mark.parametrize("menu", [PERSONS, HOUSEHOLDS])
def test_each_role_sees_the_page(registry, paid, page_of, menu):
    number, spar_id = NUMBERS[menu]
    name = paid[menu]
    officer = page_of("officer")
    open_payment(officer, registry, menu, name)
    enter_wallet(officer, f"0{number}")
    send(registry)
    expect(state(officer)).to_have_text("In sync")
    assert registry.stack.mapper.rows()[spar_id] == registry.wallet_string(
        f"+255{number}"
    )
    allowed = []
    every = [button for buttons in BUTTONS.values() for button in buttons]
    for login, more in BUTTONS.items():
        allowed += more
        page = page_of(login)
        open_payment(page, registry, menu, name)
        masked = f"+2557••••{number[-3:]}"
        expect(page.locator("[name=financial_address]")).to_contain_text(masked)
        expect(page.get_by_text("SPAR holds what was requested.")).to_be_visible()
        for button in every:
            shown = page.get_by_role("button", name=button, exact=True)
            if button in allowed:
                expect(shown.first).to_be_visible()
            else:
                expect(shown).to_have_count(0)
        assert number not in page.content()
        place = f"{registry.kind.name}-{registry.queue}"
        picture(page, f"{place}-{menu}-{login}", SCREEN["height"])
