"""What leads the job runner's calls away from the server is told, and edits go on.

Odoo's own server runs with such an environment and configuration.
"""

import socket
import threading
import time
from contextlib import contextmanager

import pytest
from conftest import Registry, wait_until

#: Seconds within which an edit is at SPAR. By the sweeper alone it takes 48 to 64.
SOON = 30
#: The tests come by this name, the job runner by 127.0.0.1.
HOST = "localhost"


class SwallowingProxy:
    """A proxy that takes every connection and answers none.

    ``requests`` has the first line of each.
    """

    def __init__(self):
        self.requests = []
        self._open = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._swallow, daemon=True).start()
        return self

    def __exit__(self, *_error):
        for connection in (self._server, *self._open):
            connection.close()

    def _swallow(self):
        while True:
            try:
                connection, _address = self._server.accept()
                self._open.append(connection)
                line = connection.recv(4096).partition(b"\r\n")[0]
                self.requests.append(line.decode())
            except OSError:
                return


@pytest.fixture(scope="module")
def registry(make_stack):
    stack = make_stack("cut_off")
    registry = Registry(stack, base_url=stack.mapper.url.replace("127.0.0.1", HOST))
    registry.person = registry.at_spar("Asha", "SR-1", "0754200001")
    return registry


@contextmanager
def restarted(registry, environment=None, **options):
    """Have Odoo run with these variables and options, and then as before."""
    odoo = registry.stack.odoo
    before = dict(odoo.environment), dict(odoo.options), odoo.url

    def restart(environment, options, url):
        odoo.stop()
        odoo.environment.clear()
        odoo.environment.update(environment)
        odoo.options, odoo.url = options, url
        odoo.start()
        registry.rpc = odoo.rpc()

    url = odoo.url.replace("127.0.0.1", HOST)
    restart({**before[0], **(environment or {})}, {**before[1], **options}, url)
    try:
        yield
    finally:
        restart(*before)


def assert_told_and_sent(registry, cause, advice, number):
    """The overview and Test name the cause, and an edit is at SPAR soon."""
    call = registry.rpc.call

    def texts():
        overview = call("g2p.spar.overview", "get")
        return {trouble["name"]: trouble["text"] for trouble in overview["incidents"]}

    wait_until(lambda: cause in texts())
    text = texts()[cause]
    assert "Wake-ups are not run" in text
    assert advice in text
    ids = [registry.connection]
    call("g2p.spar.connection", "action_test", ids)
    names = ["test_problem", "runner_note"]
    (told,) = call("g2p.spar.connection", "read", ids, names)
    assert (told["test_problem"], told["runner_note"]) == (False, text)

    began = time.monotonic()
    registry.enter_wallet(registry.person, number)
    registry.wait_for_state(registry.person, "in_sync")
    took = time.monotonic() - began
    row = registry.stack.mapper.rows()["SR-1"]
    assert row == registry.wallet_string(f"+255{number[1:]}")
    assert took < SOON, f"the edit took {took:.0f} s"


def assert_nothing_is_told(registry):
    overview = registry.rpc.call("g2p.spar.overview", "get")
    assert [one["name"] for one in overview["incidents"]] == []


def test_a_proxy_that_swallows_the_runners_calls(registry):
    with SwallowingProxy() as proxy:
        names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
        environment = dict.fromkeys(names, proxy.url)
        # SPAR is reached: this is about the runner.
        environment.update(NO_PROXY=HOST, no_proxy=HOST)
        with restarted(registry, environment):
            advice = "Set NO_PROXY=localhost,127.0.0.1"
            assert_told_and_sent(registry, "proxy", advice, "0754200002")
            # A job of another app shows that the calls do go astray.
            registry.run(
                """
                job = env["queue.job"].with_delay()._test_job()
                env.cr.commit()
                print(job.uuid)
                """
            )
            wait_until(lambda: any("/queue_job/" in one for one in proxy.requests), 60)
        environment.update(dict.fromkeys(("NO_PROXY", "no_proxy"), f"{HOST},127.0.0.1"))
        with restarted(registry, environment):
            wait_until(lambda: not registry.open_jobs(), 90)
            assert_nothing_is_told(registry)


def test_queue_job_is_not_loaded_by_the_server(registry):
    with restarted(registry, server_wide_modules="base,rpc,web"):
        advice = "--load=base,web,queue_job"
        assert_told_and_sent(registry, "no_runner", advice, "0754200003")


def test_a_filter_that_hides_the_database_from_the_runner(registry):
    # Lets through test_cut_off for localhost, and nothing for 127.0.0.1.
    with restarted(registry, dbfilter="^test_[%d]"):
        advice = "dbfilter hides this database"
        assert_told_and_sent(registry, "hidden_database", advice, "0754200004")


def test_afterwards_the_runner_does_it_again(registry):
    with restarted(registry):
        registry.enter_wallet(registry.person, "0754200005")
        registry.wait_for_state(registry.person, "in_sync")
        wait_until(lambda: not registry.open_jobs())
        kept = registry.run("print(env['g2p.spar.job'].search_count([]))")
        assert kept == "0"
        assert_nothing_is_told(registry)
