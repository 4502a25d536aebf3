"""The table of the stand-in, what goes wrong with it, and what is written down."""

import json
import random
import threading
import time
import urllib.error
import urllib.request

from .faults import Fault
from .table import Row, Table


class Mapper:
    """The table, the faults and what is written down.

    :param str upstream: base address of a real mapper 1.1.0 that does the work instead.
    :param int seed: of what faults with a rate decide by.
    """

    def __init__(self, upstream=None, seed=0):
        self.upstream = upstream
        self.lock = threading.Lock()
        self.table = Table()
        self.reset(seed)

    def reset(self, seed=0, rows=False):
        """Forget what happened and disarm; the rows stay unless told."""
        with self.lock:
            if rows:
                self.table.rows = {}
            self.table.applied = []
            self.requests, self.faults = [], []
            self.chance = random.Random(seed)

    def state(self):
        """Return what happened so far, as JSON."""
        with self.lock:
            fired = {}
            for fault in self.faults:
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

    def rows(self):
        """Return all columns of all rows, as JSON."""
        with self.lock:
            return json.dumps(self.table.details()).encode()

    def arm(self, faults):
        """Add faults; the first one that meets a request happens to it."""
        with self.lock:
            self.faults += [Fault(**fault) for fault in faults]

    def disarm(self):
        """Have no fault meet a request any more."""
        with self.lock:
            for fault in self.faults:
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
            for fault in self.faults:
                if fault.meets(operation, items, self.chance):
                    entry["fault"] = fault.name
                    return entry, fault
            return entry, None

    def over(self, entry):
        """Write down that SPAR does nothing more for a request."""
        with self.lock:
            entry["over"] = time.time()

    def apply(self, *arguments):
        """Do the work on the table; see :meth:`.table.Table.apply`."""
        with self.lock:
            return self.table.apply(*arguments)

    def forward(self, operation, items, body, signature):
        """Let the real mapper do the work; return its status and answer."""
        request = urllib.request.Request(
            f"{self.upstream}/sync/{operation}",
            body,
            {"Content-Type": "application/json", "Signature": signature or ""},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
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
                self.table.rows[item["id"]] = Row(fa, None, None, None, "", "")
                if fa is None:
                    del self.table.rows[item["id"]]
                self.table.applied.append([operation, item["id"], fa])
