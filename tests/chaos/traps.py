"""Traps laid in a worker from outside: it kills itself at a chosen point.

Only the worker's own copy of the code is altered, after the fork; the addon knows of
nothing.
"""

import os
import signal
from importlib import import_module

#: Points of the engine's way at which a worker can be killed.
POINTS = (
    "before_claim",
    "after_claim",
    "before_send",
    "after_applied",
    "after_answer",
    "before_commit",
    "after_commit",
    "in_failure_handling",
)


class Trap:
    """Kills the process it is laid in when it comes to a point.

    :param str point: one of :data:`POINTS`.
    :param int passes: how often it comes by unharmed before.
    :param str database: whose registry is altered.
    """

    def __init__(self, point, passes, database):
        self.point = point
        self.passes = passes
        self.database = database

    def lay(self):
        """Alter the code of this process."""
        getattr(self, f"_{self.point}")()

    def spring(self):
        """Kill this process, or count one pass."""
        if self.passes == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passes -= 1

    # === POINTS === #

    def _before_claim(self):
        self._wrap(_engine("claim"), "claim_backlog", before=True)

    def _after_claim(self):
        """With the rows locked and the request written down, but not committed."""
        self._wrap(_engine("claim"), "claim_backlog", when=lambda out: out[0].request)

    def _before_send(self):
        """The claim is committed; nothing has left the process."""
        self._wrap(_client(), "deliver", before=True)

    def _after_applied(self):
        """SPAR has done it; its answer is not read."""
        from requests import Session

        self._wrap(Session, "request")

    def _after_answer(self):
        """The answer is read; nothing of it is recorded."""
        self._wrap(_client(), "deliver")

    def _before_commit(self):
        """All is recorded but not committed."""
        self._wrap(_engine("record"), "record_answer", when=lambda _nothing: True)

    def _after_commit(self):
        """What became of the request is committed; nothing else is done."""
        self._wrap(_engine("breaker"), "note_answer", before=True)

    def _in_failure_handling(self):
        """SPAR failed; this is being recorded."""
        self._wrap(_engine("breaker"), "note_failure", before=self.passes % 2 == 0)

    # === HOW === #

    def _wrap(self, owner, name, before=False, when=bool):
        """Put the trap before or after a function.

        :param when: says of what it returned whether it did anything.
        """
        original = getattr(owner, name)

        def trapped(*arguments, **options):
            if before:
                self.spring()
            result = original(*arguments, **options)
            if not before and (name == "note_failure" or when(result)):
                self.spring()
            return result

        setattr(owner, name, trapped)


def _engine(name):
    return import_module(f"odoo.addons.g2p_spar_sync_queue.engine.{name}")


def _client():
    from odoo.addons.g2p_spar_sync_queue.spar.client import SparClient

    return SparClient
