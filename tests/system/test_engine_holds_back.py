"""What keeps the engine from sending although it is about to: real workers, stopped
and crowded out, with a stand-in for SPAR."""

import os
import signal
import time
from contextlib import contextmanager

import pytest

from tests.clock import PATIENCE
from tests.lab import DIALECTS, Lab
from tools import settings
from tools.forks import Fork

SEED = 2026
#: Processes that write a connection's row as fast as they can.
CROWD = 4
#: Seconds for which a worker is stopped: longer than a request may be late, which with
#: this cool-down is 2.
COOL_DOWN, STOPPED = 3, 4


@pytest.fixture(params=DIALECTS if settings.is_on("FULL") else DIALECTS[:1])
def make_lab(postgres, request):
    """Return what makes a lab, closed after the test."""
    labs = []

    def make(**values):
        name = f"holds_{len(labs)}_{request.param}"
        lab = Lab(postgres, name, SEED, dialect=request.param, **values).__enter__()
        labs.append(lab)
        return lab

    yield make
    for lab in labs:
        lab.__exit__()


# === STOPPED BETWEEN WRITING DOWN AND SENDING === #


def stop_at(owner, name, after=False):
    """Have this process stop before or after a method, the first time."""
    original = getattr(owner, name)

    def stopping(*arguments, **options):
        setattr(owner, name, original)
        result = original(*arguments, **options) if after else None
        os.kill(os.getpid(), signal.SIGSTOP)
        return result if after else original(*arguments, **options)

    setattr(owner, name, stopping)


def before_the_call():
    """All is written down and decided; the call is about to be made."""
    from odoo.addons.g2p_spar_sync_queue.spar.client import SparClient

    stop_at(SparClient, "deliver")


def before_the_body():
    """The connection to SPAR is open; the request is about to leave."""
    from urllib3.connection import HTTPConnection

    stop_at(HTTPConnection, "connect", after=True)


def wait_until_stopped(fork):
    deadline = time.monotonic() + PATIENCE
    while True:
        pid, status = os.waitpid(fork.pid, os.WNOHANG | os.WUNTRACED)
        if pid:
            assert os.WIFSTOPPED(status), "the worker ended without having stopped"
            return
        assert time.monotonic() < deadline, "the worker never stopped"
        time.sleep(0.01)


def end_sessions(lab):
    """End all database sessions but this one, as a server does that missed them."""
    with lab.env() as env:
        env.cr.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid != pg_backend_pid()"""
        )


def amended(lab):
    """Return people whose address is at SPAR, and was amended since."""
    people = lab.register(3)
    lab.edit(people)
    lab.settle()
    lab.start_log()
    lab.edit(people)
    return people


def requests(lab):
    """Return the requests SPAR got whole."""
    return [request for request in lab.spar.state()["requests"] if request["ids"]]


@pytest.mark.parametrize("point", [before_the_call, before_the_body])
def test_a_worker_that_was_stopped_and_given_up_sends_nothing(make_lab, point):
    lab = make_lab(cool_down=COOL_DOWN, answer_timeout=5)
    people = amended(lab)
    worker = lab.worker(point)
    wait_until_stopped(worker)
    end_sessions(lab)
    time.sleep(STOPPED)
    lab.edit(people)
    lab.settle()
    sent = requests(lab)
    assert {request["operation"] for request in sent} == {"resolve", "update"}
    os.kill(worker.pid, signal.SIGCONT)
    worker.wait(PATIENCE)
    assert requests(lab) == sent
    lab.settle()
    assert not lab.violations()


def test_a_worker_whose_session_has_ended_sends_nothing_however_soon(make_lab):
    lab = make_lab(cool_down=60, answer_timeout=5)
    amended(lab)

    def after_writing_down():
        from odoo.addons.g2p_spar_sync_queue.engine import journal

        stop_at(journal, "leave_out")

    worker = lab.worker(after_writing_down)
    wait_until_stopped(worker)
    end_sessions(lab)
    os.kill(worker.pid, signal.SIGCONT)
    worker.wait(PATIENCE)
    assert not requests(lab)
    lab.settle()
    assert not lab.violations()


def test_a_worker_that_was_only_stopped_sends_what_is_right(make_lab):
    """Its locks have lasted, so no other worker has taken its registrants."""
    lab = make_lab(cool_down=COOL_DOWN, answer_timeout=5)
    people = amended(lab)
    worker = lab.worker(before_the_call)
    wait_until_stopped(worker)
    time.sleep(STOPPED)
    lab.edit(people)
    os.kill(worker.pid, signal.SIGCONT)
    assert worker.wait(PATIENCE) == 0
    lab.settle()
    assert not lab.violations()


# === CROWDED OUT === #


@contextmanager
def locked(lab):
    """Keep everybody from writing the connection's row."""
    with lab.env() as env:
        env.cr.execute(
            "SELECT FROM g2p_spar_connection WHERE id = %s FOR NO KEY UPDATE",
            [lab.connection],
        )
        yield


def impatient():
    """Have this process wait for no row for long."""
    from odoo.addons.g2p_spar_sync_queue import transactions

    transactions.LOCK_SECONDS = 0.05


def next_jobs(lab):
    """Return how many jobs wait for a later moment."""
    with lab.env() as env:
        later = ("eta", ">", env.cr.now())
        return env["queue.job"].search_count([later])


def test_what_has_no_place_is_given_back(make_lab):
    lab = make_lab(max_per_second=100)
    amended(lab)
    lab.forget_jobs()
    with locked(lab):
        assert lab.worker(impatient).wait(PATIENCE) == 0
    assert not requests(lab)
    with lab.env() as env:
        assert not env["g2p.spar.sending"].search_count([])
    assert next_jobs(lab)
    lab.settle()
    assert not lab.violations()


@pytest.mark.parametrize("code", [401, 429])
def test_a_worker_that_cannot_note_a_failure_stops(make_lab, code):
    lab = make_lab(batch_size=1, breaker_threshold=2)
    amended(lab)
    lab.forget_jobs()
    lab.spar.arm({"kind": "status", "code": code})
    with locked(lab):
        assert lab.worker(impatient).wait(PATIENCE) == 0
    assert len(requests(lab)) == 1
    assert next_jobs(lab)


@contextmanager
def crowd(lab):
    """Let other processes write the connection's row as fast as they can."""
    forks = [Fork(write_for_ever, lab) for _fork in range(CROWD)]
    try:
        yield
        assert not any(fork.ended() for fork in forks), "the crowd went home"
    finally:
        for fork in forks:
            fork.kill()


def write_for_ever(lab):
    with lab.env() as env:
        env.cr._cnx.autocommit = True
        while True:
            env.cr.execute(
                "UPDATE g2p_spar_connection SET sequence = sequence + 1 WHERE id = %s",
                [lab.connection],
            )


def test_failures_are_counted_though_others_write_the_row(make_lab):
    lab = make_lab(batch_size=1, breaker_threshold=3)
    lab.edit(lab.register(20))
    lab.spar.arm({"kind": "status", "code": 429})
    with crowd(lab):
        assert lab.worker().wait(PATIENCE) == 0
    assert len(requests(lab)) == 3


def test_a_refused_signature_pauses_though_others_write_the_row(make_lab):
    lab = make_lab(batch_size=1)
    lab.edit(lab.register(20))
    lab.spar.arm({"kind": "status", "code": 401})
    with crowd(lab):
        assert lab.worker().wait(PATIENCE) == 0
    assert len(requests(lab)) == 1
    with lab.env() as env:
        connection = env["g2p.spar.connection"].browse(lab.connection)
        assert connection.state == "paused"
        assert len(connection.activity_ids) == 1


def test_the_speed_is_kept_though_others_write_the_row(make_lab):
    lab = make_lab(max_per_second=4, workers=2)
    lab.edit(lab.register(20))
    with crowd(lab):
        workers = [lab.worker() for _worker in range(3)]
        assert not any(worker.wait(PATIENCE) for worker in workers)
    sent = sorted((r["arrived"], len(r["ids"])) for r in requests(lab))
    assert sum(number for _moment, number in sent) == 20
    for place, (moment, _number) in enumerate(sent):
        before = sum(number for _moment, number in sent[:place])
        # Processes are not woken up to the moment.
        assert moment - sent[0][0] >= before / 4 - 0.5
