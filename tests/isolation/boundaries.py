"""Gates at the engine's real boundaries, laid from outside; the addons know of nothing.

Only the process of the tester is altered. Besides the gates: an actor's sessions are
noted, waiting costs no time, and SPAR's stand-in is called directly, without HTTP.
"""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module

from spar_stand_in.dialect import Request
from spar_stand_in.mapper import Mapper
from spar_stand_in.server import VERSIONS
from spar_stand_in.work import Work

from .schedule import Actor, Died, current, gate

#: Gates before the engine's functions (by its module) and the models' methods (by the
#: model): owner, name, gate.
BEFORE = (
    ("restore_guard", "may_send", "guard"),
    ("claim", "claim_backlog", "claim"),
    ("store", "lock_again", "claim again"),
    ("journal", "write_intent", "journal"),
    ("rate_limit", "take_place", "reserve"),
    ("record", "record_answer", "record"),
    ("claim", "release_locks", "commit"),
    ("breaker", "note_failure", "note"),
    ("g2p.spar.connection", "_pause", "pause"),
    ("outbox", "capture", "capture"),
)
#: Gates after them.
AFTER = (("record", "record_answer", "commit"),)
#: Gates of one request on its way: before it is at SPAR, there before SPAR does it,
#: and before its answer is read.
ON_THE_WAY = ("send", "apply", "answer")
#: All of them: each must have been met by some actor.
GATES = {label for *_owner, label in BEFORE + AFTER} | set(ON_THE_WAY)
#: Races lost in a row that try the engine's patience.
LOST_RACES = 2


def lay(registry, spar):
    """Lay all gates in this process, once.

    :param registry: Odoo's, of the database.
    :param Spar spar: what every request goes to.
    """
    for owner, name, label in BEFORE:
        _gate_before(_owner(registry, owner), name, label)
    for owner, name, label in AFTER:
        _gate_after(_owner(registry, owner), name, label)
    _note_sessions()
    _note_threads()
    _answer_in_process(spar)
    _wait_without_time()
    _give_up_early()


def _owner(registry, name):
    """Return a model, or a module of the engine."""
    if "." in name:
        return registry[name]
    return import_module(f"odoo.addons.g2p_spar_sync_queue.engine.{name}")


def _gate_before(owner, name, label):
    original = getattr(owner, name)

    def gated(*arguments, **options):
        gate(label)
        return original(*arguments, **options)

    setattr(owner, name, gated)


def _gate_after(owner, name, label):
    original = getattr(owner, name)

    def gated(*arguments, **options):
        result = original(*arguments, **options)
        gate(label)
        return result

    setattr(owner, name, gated)


def _note_sessions():
    """Note which sessions an actor has, and who uses them."""
    from odoo.sql_db import Cursor

    begin, execute, close = Cursor.__init__, Cursor.execute, Cursor.close

    def noted_begin(self, *arguments, **options):
        strand = current()
        if strand:
            strand.play.check_alive(strand)
        begin(self, *arguments, **options)
        self.strand = strand
        if strand:
            self.backend = self._cnx.get_backend_pid()
            strand.actor.sessions[self.backend] = self

    def noted_execute(self, *arguments, **options):
        strand = current()
        if strand:
            strand.play.check_alive(strand)
            if self.strand not in (None, strand):
                strand.play.seen.append(
                    f"{strand.name} uses a transaction of {self.strand.name}"
                )
        return execute(self, *arguments, **options)

    def noted_close(self):
        # First of all: another actor may get this session next.
        if owner := getattr(self, "strand", None):
            owner.actor.sessions.pop(self.backend, None)
        return close(self)

    Cursor.__init__, Cursor.execute, Cursor.close = (
        noted_begin,
        noted_execute,
        noted_close,
    )


def _note_threads():
    """Make a thread of an actor's own a strand, and waiting for it a state."""
    submit, result = ThreadPoolExecutor.submit, Future.result

    def noted_submit(self, work, /, *arguments, **options):
        strand = current()
        if not strand:
            return submit(self, work, *arguments, **options)
        carry, done = strand.play.split(strand, work)
        future = submit(self, carry, *arguments, **options)
        future.add_done_callback(done)
        return future

    def noted_result(self, timeout=None):
        strand = current()
        if strand and not self.done():
            strand.play.wait(strand, self, timeout)
        return result(self, timeout)

    ThreadPoolExecutor.submit, Future.result = noted_submit, noted_result


#: Seconds that were simulated so far.
PASSED = [0]


def let_pass(seconds):
    """Let the clocks of this process show so much more; what is stored stays."""
    PASSED[0] += seconds


def _wait_without_time():
    sleep, clock = time.sleep, time.clock_gettime

    def passing(seconds):
        if not current():
            sleep(seconds)

    time.sleep = passing
    time.clock_gettime = lambda number: clock(number) + PASSED[0]


def _give_up_early():
    """Let two lost races be what five are in use, so that fewer actors are needed."""
    from odoo.addons.g2p_spar_sync_queue import transactions

    # A name that is gone must not pass unnoticed.
    assert transactions.MAX_LOST_RACES
    transactions.MAX_LOST_RACES = LOST_RACES


def _answer_in_process(spar):
    from odoo.addons.g2p_spar_sync_queue.spar import transport

    def post(_self, path, body, headers, in_time=None):
        gate("send")
        if in_time and not in_time():
            raise transport.TooLate
        status, content = spar.answer(path, body, headers, transport.NoAnswer)
        return transport.Reply(status, {}, json.dumps(content).encode())

    transport.Transport.post = post


class Spar:
    """The stand-in for SPAR in this process.

    :param str version: one of those of the stand-in.
    """

    def __init__(self, version):
        self.mapper = Mapper()
        self.dialect = VERSIONS[version](self.mapper)

    def answer(self, path, body, headers, no_answer):
        """Answer one request, with gates on its way.

        :param no_answer: what is raised, with a code, when a fault takes the answer.
        :return: HTTP status and content.
        """
        strand = current()
        request = Request(body, headers)
        operation = self.dialect.operation_of(path)
        asked = Work(self.mapper, self.dialect, operation, request)
        fault = asked.fault

        def work():
            try:
                return self._work(fault, asked)
            finally:
                asked.over()

        if fault and fault.kind == "late":
            self._later(strand, work)
            raise no_answer("answer.lost")
        try:
            gate("apply")
        except Died:
            # It has left the sender: SPAR does it all the same, sooner or later.
            self._later(strand, work)
            raise
        status, content = work()
        if strand:
            strand.play.check_alive(strand)
        gate("answer")
        if fault and fault.kind.startswith("cut"):
            raise no_answer("answer.cut")
        return status, content

    @staticmethod
    def _later(strand, work):
        """Let SPAR do its work late, as another actor of this permutation."""
        if not strand or strand.play.over:
            work()
            return

        def act():
            try:
                gate("late")
            finally:
                work()

        strand.play.add(Actor("SPAR"), act)

    @staticmethod
    def _work(fault, asked):
        """Do what is asked, or what goes wrong with it."""
        kind = fault and fault.kind
        if kind == "cut_before":
            return 0, {}
        if kind == "status":
            return fault.code, {"errors": []}
        if kind == "reject":
            return 200, asked.rejection(fault.code)
        if kind == "refuse":
            return asked.refusing(fault.code, fault.ids)
        return asked()
