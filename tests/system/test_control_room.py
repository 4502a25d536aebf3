"""The control room says within seconds what stops sending, with real processes.

Each test breaks one part while a manager looks at the page, which is not reloaded.
"""

import pytest
from conftest import Registry, free_ports, wait_until
from playwright.sync_api import expect

from tools.odoo_rpc import RpcError
from tools.odoo_server import OdooServer

MANAGER = "g2p_spar_sync_queue.group_manager"
ADMINISTRATOR = "g2p_spar_financial_address.group_administrator"
#: Milliseconds after which the page says what is wrong, from the first request that
#: failed on.
SOON = 10_000
#: No channel has room: the runner does not start.
NO_RUNNER = "root:0"
#: Every write to a table fails as it does on a full disk, and reading works.
FULL = """
    CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE disk_full USING MESSAGE = 'No space left on device';
    END $$;
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            EXECUTE format('CREATE TRIGGER no_space BEFORE INSERT OR UPDATE ON %I
                            EXECUTE FUNCTION no_space()', name);
        END LOOP;
    END $$
"""
ROOM_AGAIN = "DROP FUNCTION no_space CASCADE"


@pytest.fixture(scope="module")
def registry(make_stack):
    """Return a registry whose pages come from a server without a job runner."""
    probes = {"breaker_threshold": 2, "probe_base": 2, "probe_cap": 2}
    registry = Registry(make_stack("control_room"), **probes)
    registry.new_user("manager", MANAGER, ADMINISTRATOR)
    registry.at_spar("Asha Juma", "SR-1", "+255754200001")
    return registry


@pytest.fixture(scope="module")
def web(registry):
    """Return a second server on the same database, which runs no jobs."""
    stack = registry.stack
    (port,) = free_ports(1)
    server = OdooServer(
        stack.postgres,
        stack.name,
        port,
        name=f"{stack.name}-web",
        channels=NO_RUNNER,
        options={"max_cron_threads": 0},
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def room(page_of, registry, web):
    """Return the manager's page with the control room, where all is well."""
    page = page_of("manager")
    page.goto(f"{web.url}/web/login")
    page.goto(f"{web.url}/odoo/spar-overview")
    expect(page.locator("[data-light=ok]")).to_be_visible()
    return page


def trouble(page, name):
    """Return the line of an incident, by the beginning of its name."""
    return page.locator(f"[data-trouble^='{name}']")


def enter(registry, number):
    """Enter a wallet for a new registrant; return whether a request has failed."""
    person = registry.registrant(f"Person {number}", f"SR-{number}")
    registry.enter_wallet(person, f"+2557542000{number}")
    return person


def failed(registry):
    """Return how many attempts have failed."""
    return registry.rpc.call("g2p.spar.attempt", "search_count", [])


def wait_for_failure(registry, before):
    """Wait until a request has failed, as the engine has recorded it."""
    wait_until(lambda: failed(registry) > before)


def test_spar_is_killed(registry, room):
    before = failed(registry)
    registry.stack.mapper.kill()
    person = enter(registry, 11)
    wait_for_failure(registry, before)
    line = room.locator("[data-trouble^='failing'], [data-trouble^='away']")
    expect(line).to_be_visible(timeout=SOON)
    expect(room.locator("[data-light=ok]")).to_have_count(0)
    expect(line).to_contain_text("since")
    expect(line.locator("[data-number=waiting]")).to_contain_text("1")
    expect(room.locator("[data-connection] [data-state=running]")).to_have_count(0)
    # A test that fails says the same, on the card and in words.
    card = room.locator("[data-connection]")
    card.get_by_role("button", name="Test").click()
    expect(card.get_by_role("status")).to_contain_text("SPAR could not be asked")
    expect(room.locator(".o_notification")).to_have_count(0)

    registry.stack.mapper.start()
    registry.wait_for_state(person, "in_sync")
    expect(room.locator("[data-light=ok]")).to_be_visible(timeout=SOON)


def test_the_signature_is_refused(registry, room):
    before = failed(registry)
    certificate = registry.stack.partners / "PARTNER_SOCIAL_REGISTRY.pem"
    registered = certificate.read_bytes()
    certificate.unlink()
    try:
        person = enter(registry, 12)
        wait_for_failure(registry, before)
        line = trouble(room, "paused")
        expect(line).to_be_visible(timeout=SOON)
        expect(line).to_contain_text("SPAR refused the signature")
        expect(room.locator("[data-light=stop]")).to_contain_text("Nothing is sent")
        expect(line.get_by_role("button", name="Look at the key")).to_be_visible()
    finally:
        certificate.write_bytes(registered)
    room.locator("[data-connection]").get_by_role("button", name="Resume").click()
    expect(room.locator("[data-light=ok]")).to_be_visible()
    registry.wait_for_state(person, "in_sync")


def test_postgresql_has_no_space_left(registry, room):
    stack = registry.stack
    stack.postgres.query(stack.name, FULL)
    try:
        with pytest.raises(RpcError):
            registry.registrant("Person 13", "SR-13")
        line = trouble(room, "not_stored")
        expect(line).to_be_visible(timeout=SOON)
        expect(line).to_contain_text("no space left")
        expect(room.locator("[data-light=stop]")).to_be_visible()
    finally:
        stack.postgres.query(stack.name, ROOM_AGAIN)
    expect(room.locator("[data-light=ok]")).to_be_visible(timeout=SOON)
    # Nothing of the look itself was kept.
    assert not stack.postgres.query(
        stack.name, "SELECT id FROM g2p_spar_job WHERE model_name = ''"
    )


def test_the_runner_is_killed(registry, room):
    """Last, because nothing is sent from then on."""
    registry.stack.odoo.kill()
    line = trouble(room, "no_runner")
    expect(line).to_be_visible(timeout=SOON)
    expect(line).to_contain_text("No job runner is working")
    expect(room.locator("[data-fresh=wake_ups]")).to_contain_text("not running")
    registry.stack.odoo.start()
    expect(line).to_have_count(0)
