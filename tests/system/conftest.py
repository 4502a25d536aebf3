"""Real processes for the tests of this folder: Odoo, SPAR's mapper, the key service.

Each test module has a registry and a SPAR of its own, both empty but for what the
fixtures below enter.
"""

import itertools
import random
import time

import pytest
from browsing import COUNT, OFFICE, careful_pages, log_in, running_browser

from tools import chromium
from tools.odoo_rpc import RpcError
from tools.postgres import Postgres
from tools.problems import port_is_free
from tools.stack import Stack

#: Seconds after which something that should happen has not.
PATIENCE = 150


@pytest.fixture(scope="session")
def postgres():
    return Postgres().start()


@pytest.fixture(scope="module")
def make_stack(postgres):
    """Return a function that makes a running stack, stopped after the module."""
    stacks = []

    def make(name, demo=False, **options):
        ports = dict(zip(["odoo", "mapper", "key_service"], free_ports(3), strict=True))
        stack = Stack(postgres, f"test_{name}", ports, demo, **options)
        stacks.append(stack)
        return stack.prepare().start()

    yield make
    for stack in stacks:
        stack.stop()


@pytest.fixture(scope="module")
def registry(make_stack, request):
    """Return an empty registry that is connected to an empty SPAR."""
    name = request.module.__name__.rpartition(".")[2].removeprefix("test_")
    return Registry(make_stack(name))


@pytest.fixture(scope="module")
def browser():
    if problem := chromium.make_available():
        pytest.skip(problem)
    with running_browser() as browser:
        yield browser


@pytest.fixture
def open_page(browser):
    """Return what opens pages that fail the test on any error in the console."""
    with careful_pages(browser) as open_page:
        yield open_page


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture
def page_of(open_page, registry):
    """Return a function that opens a page of a logged-in user."""

    def open_as(login):
        page = open_page()
        log_in(page, registry, login)
        return page

    return open_as


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


def free_ports(number):
    """Return this many different free TCP ports.

    Below those the system gives to outgoing connections, one of which could have taken
    the port of a server that is down for a moment.
    """
    candidates = random.sample(range(20_000, 32_000), 200)
    return list(itertools.islice(filter(port_is_free, candidates), number))


class Registry:
    """What a department does with the registry, over RPC and in real transactions."""

    #: The session of another manager, once there is one.
    second = None

    def __init__(self, stack, **connection):
        self.stack = stack
        self.rpc = stack.odoo.rpc()
        self.connection = self.connect(**connection)
        self.operator = self.provider("M-Cash", "MC", "mobile_wallet")
        self.bank = self.provider("First Bank", "FB", "bank_account")

    def connect(self, **connection):
        """Set up the connection to SPAR and start it; return its ID."""
        # Local servers answer in milliseconds, so tests need not wait out the limits
        # that protect a slow SPAR.
        limits = {"answer_timeout": 10, "cool_down": 3, "retry_cap": 10}
        return self.stack.connect(self.rpc, **limits, **connection)

    def provider(self, name, code, fa_type):
        tanzania = self.rpc.call("res.country", "search", [["code", "=", "TZ"]])
        values = {"name": name, "code": code, "fa_type": fa_type}
        return self.create("g2p.dfsp", {**values, "country_id": tanzania[0]})

    def create(self, model, values):
        (record,) = self.rpc.call(model, "create", [values])
        return record

    def registrant(self, name, spar_id=False):
        return self.create(
            "res.partner", {"name": name, "is_registrant": True, "spar_id": spar_id}
        )

    def at_spar(self, name, spar_id, number):
        """Return a registrant who is paid at SPAR: the one who is there, or a new one.

        For what tests of one file share, so that each can be picked alone.
        """
        found = self.rpc.call("res.partner", "search", [["spar_id", "=", spar_id]])
        if found:
            return found[0]
        person = self.registrant(name, spar_id)
        self.enter_wallet(person, number)
        self.wait_for_state(person, "in_sync")
        return person

    def new_user(self, login, *groups):
        """Make a user whose password is the login.

        :param groups: external IDs of groups
        """
        found = [
            self.rpc.call("ir.model.data", "check_object_reference", *name.split("."))
            for name in groups
        ]
        values = {"name": login.capitalize(), "login": login, "password": login}
        ids = [group for _model, group in found]
        return self.create("res.users", {**values, "group_ids": [[6, 0, ids]]})

    def install_language(self, code):
        """Have a language that Odoo knows."""
        domain = [["code", "=", code], ["active", "in", [True, False]]]
        found = self.rpc.call("res.lang", "search", domain)
        values = {"lang_ids": [[6, 0, found]], "overwrite": False}
        wizard = self.create("base.language.install", values)
        self.rpc.call("base.language.install", "lang_install", [wizard])

    def rename_provider(self, code):
        """Give the operator this code in spite of what the registry may refuse."""
        self.run(
            "env.cr.execute('UPDATE g2p_dfsp SET code = %s WHERE id = %s', "
            "[values['code'], values['provider']])\nenv.cr.commit()\nprint('done')",
            code=code,
            provider=self.operator,
        )

    def enter_wallet(self, registrant, number):
        return self.create(
            "g2p.financial.address",
            {
                "partner_id": registrant,
                "fa_type": "mobile_wallet",
                "dfsp_id": self.operator,
                "mobile_number": number,
                "reason": "Asked for by the registrant",
            },
        )

    def run(self, program, **values):
        """Run a Python program in a process of its own, with ``env`` of the registry.

        :param str program: it may use ``env`` and ``values``; what it prints last is
            returned
        """
        return self.stack.odoo.run_program(program, values, PATIENCE)

    def wallet_string(self, number):
        """Return the string SPAR should hold for a wallet at M-Cash."""
        return (
            f"mobile_number:{number}.wallet_provider_name:M-Cash"
            ".wallet_provider_code:MC.fa_type:mobile_wallet_provider"
        )

    def force(self, **values):
        """Write fields of the connection that only the server's own code writes."""
        self.run(
            """
            connection = env["g2p.spar.connection"].browse(values.pop("connection"))
            print(connection.write(values))
            env.cr.commit()
            """,
            connection=self.connection,
            **values,
        )

    def change_settings(self, **values):
        """Change settings of the started connection as two managers do, and resume."""
        connection = [self.connection]
        self.rpc.call("g2p.spar.connection", "write", connection, values)
        if not self.second:
            self.new_user("second", "g2p_spar_sync_queue.group_manager")
            self.second = self.stack.odoo.rpc("second", "second")
        (seen,) = self.second.call(
            "g2p.spar.connection", "read", connection, ["unconfirmed_mark"]
        )
        self.second.call(
            "g2p.spar.connection",
            "action_confirm_settings",
            connection,
            context={"unconfirmed_mark": seen["unconfirmed_mark"]},
        )
        self.resume()

    def resume(self):
        self.rpc.call("g2p.spar.connection", "action_resume", [self.connection])

    def stop_comparing(self):
        """Switch the weekly comparison with SPAR off, and stop the one that runs."""
        call = self.rpc.call
        cron = call("ir.cron", "search", [["code", "=", "model._cron_start()"]])
        assert len(cron) == 1

        def is_switched_off():
            try:
                return call("ir.cron", "write", cron, {"active": False})
            except RpcError:
                # It is running right now.
                return False

        wait_until(is_switched_off)
        running = call("g2p.spar.reconciliation", "search", [["state", "=", "running"]])
        if running:
            call("g2p.spar.reconciliation", "action_cancel", running)

    def open_jobs(self):
        """Return how many jobs have not ended yet."""
        open_ones = [["state", "not in", ["done", "failed", "cancelled"]]]
        return self.rpc.call("queue.job", "search_count", open_ones)

    def state(self, registrant):
        (row,) = self.rpc.call("res.partner", "read", [registrant], ["spar_state"])
        return row["spar_state"]

    def wait_for_state(self, registrant, *states):
        """Wait until people see one of these states; return it."""
        return wait_until(lambda: (s := self.state(registrant)) in states and s)


def wait_until(condition, patience=PATIENCE):
    """Return what ``condition`` returns as soon as that is true."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.1)
    raise AssertionError(f"not so within {patience} s")


class Trail:
    """Every state SPAR's table was in, in order, written down by SPAR's database.

    :param SparMapper mapper: a running mapper.
    :param float pause: seconds SPAR takes longer for every row it writes, so that a
        test can be sure to do something meanwhile.
    """

    def __init__(self, mapper, pause=0.0):
        self.mapper = mapper
        mapper.postgres.query(
            mapper.database,
            f"""
            CREATE TABLE trail (
                id serial PRIMARY KEY, operation text, id_value text, fa_value text);
            CREATE FUNCTION keep_trail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO trail (operation, id_value, fa_value) VALUES (
                    TG_OP,
                    CASE TG_OP WHEN 'DELETE' THEN OLD.id_value ELSE NEW.id_value END,
                    CASE TG_OP WHEN 'DELETE' THEN NULL ELSE NEW.fa_value END);
                PERFORM pg_sleep({float(pause)});
                RETURN NULL;
            END $$;
            CREATE TRIGGER keep_trail AFTER INSERT OR UPDATE OR DELETE
                ON id_fa_mappings FOR EACH ROW EXECUTE FUNCTION keep_trail();
            """,
        )

    def all(self):
        """Return ``[(operation, id)]`` of all IDs."""
        return self.mapper.postgres.query(
            self.mapper.database,
            "SELECT operation, id_value FROM trail ORDER BY id",
        )

    def of(self, spar_id):
        """Return ``[(operation, address string or None)]`` of one ID."""
        return self.mapper.postgres.query(
            self.mapper.database,
            "SELECT operation, fa_value FROM trail WHERE id_value = %s ORDER BY id",
            [spar_id],
        )
