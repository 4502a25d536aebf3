"""The table of the stand-in, what goes wrong with it, and what is written down."""

import json
import random
import threading
import time
import urllib.error
import urllib.request

from .faults import Fault
from .strategies import STRATEGIES
from .table import Row, Table


class Mapper:
    """The table, the faults and what is written down.

    ``faults`` are functions as in :mod:`.faults`, each of which happens to one request;
    ``rule`` is one that happens to all others. What is armed chooses by itself.

    :param str upstream: base address of a real mapper 1.1.0 that does the work instead.
    :param int seed: of what faults with a rate decide by.
    """

    def __init__(self, upstream=None, seed=0):
        self.upstream = upstream
        self.lock = threading.Lock()
        self.table = Table()
        #: SPAR's table of strategies. Its own ``migrate`` leaves that empty.
        self.strategies = dict(STRATEGIES)
        self.reset(seed)

    def reset(self, seed=0, rows=False):
        """Forget what happened and disarm; the rows stay by default."""
        with self.lock:
            if rows:
                self.table.rows = {}
            self.table.applied = []
            self.requests, self.armed = [], []
            self.faults, self.rule = [], None
            self.chance = random.Random(seed)

    def forget(self):
        """Forget what happened, and nothing else."""
        with self.lock:
            self.requests, self.table.applied = [], []

    def state(self):
        """Return what happened so far, as JSON."""
        with self.lock:
            fired = {}
            for fault in self.armed:
                fired[fault.name] = fired.get(fault.name, 0) + fault.fired
            # Written while nothing can change.
            return json.dumps(
                {
                    "requests": self.requests,
                    "applied": self.table.applied,
                    "rows": {key: row.fa for key, row in self.table.rows.items()},
                    "fired": fired,
                }
            ).encode()

    def details(self):
        """Return all columns of all rows, as JSON."""
        with self.lock:
            return json.dumps(self.table.details()).encode()

    def arm(self, faults):
        """Add faults; the first one that chooses a request happens to it."""
        with self.lock:
            self.armed += [Fault(**fault) for fault in faults]

    def disarm(self):
        """Have no fault happen any more."""
        with self.lock:
            for fault in self.armed:
                fault.left = 0

    def arrive(self, operation, request_id, items):
        """Write down that a request came in; return its entry and its fault."""
        with self.lock:
            entry = {
                "operation": operation,
                "message_id": request_id,
                "ids": [item.get("id") for item in items],
                "arrived": time.time(),
                # Until it is over, SPAR may be working on it.
                "over": None,
                "fault": None,
            }
            self.requests.append(entry)
            if self.faults:
                return entry, self.faults.pop(0)
            for fault in self.armed:
                if fault.chooses(operation, items, self.chance):
                    entry["fault"] = fault.name
                    return entry, fault
            return entry, self.rule

    def over(self, entry):
        """Write down that SPAR does nothing more for a request."""
        with self.lock:
            entry["over"] = time.time()

    def apply(self, *arguments):
        """Do the work on the table; see :meth:`.table.Table.apply`."""
        with self.lock:
            return self.table.apply(*arguments)

    def forward(self, operation, items, request):
        """Let the real mapper do the work; return its status and answer."""
        signature = request.signature or ""
        passed_on = urllib.request.Request(
            f"{self.upstream}/sync/{operation}",
            request.body,
            {"Content-Type": "application/json", "Signature": signature},
        )
        try:
            with urllib.request.urlopen(passed_on, timeout=60) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, {"errors": []}
        with self.lock:
            self._note_forwarded(operation, items, answer)
        return 200, answer

    def _note_forwarded(self, operation, items, answer):
        """Write down what a real mapper says it did."""
        sent = {item["reference_id"]: item for item in items}
        for entry in answer["message"].get(f"{operation}_response", ()):
            if operation != "resolve" and entry["status"] == "succ":
                item = sent[entry["reference_id"]]
                fa = item.get("fa") if operation != "unlink" else None
                self.table.rows[item["id"]] = Row(fa)
                if fa is None:
                    del self.table.rows[item["id"]]
                self.table.applied.append([operation, item["id"], fa])
