"""The table of the stand-in, what goes wrong with it, and what is written down."""

import json
import random
import threading
import time
import urllib.error
import urllib.request

#: Faults that do the work, and those that do not.
KINDS = (
    "cut_after",
    "cut_before",
    "delay",
    "delay_after",
    "garbage",
    "late",
    "partial",
    "refuse",
    "reject",
    "reorder",
    "status",
)


class Fault:
    """Something that goes wrong with requests.

    :param str name: by which it is counted.
    :param str kind: one of :data:`KINDS`: the connection is cut after or before the
        work (``cut_after``, ``cut_before``); the request waits before or after it
        (``delay``, ``delay_after``) for ``seconds``; nonsense is answered after it
        (``garbage``); the connection is cut and the work done ``seconds`` later
        (``late``); one answer is left out (``partial``); the answers come in another
        order (``reorder``); the items with these ``ids`` are refused with the reason
        ``code`` (``refuse``); the whole request is refused with the reason ``code`` and
        no list (``reject``); nothing is done but to answer an HTTP ``code``, with
        ``retry_after`` (``status``).
    :param int count: how many requests it meets; by default all that match.
    :param float rate: with what probability it meets one that matches.
    :param str operation: only this one.
    :param list ids: only requests that hold one of these SPAR IDs.
    """

    def __init__(
        self,
        kind,
        name=None,
        count=None,
        rate=1.0,
        operation=None,
        ids=None,
        seconds=0.0,
        code=500,
        retry_after=None,
    ):
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind}")
        self.kind, self.name = kind, name or kind
        self.left, self.rate = count, rate
        self.operation, self.ids = operation, set(ids or ())
        self.seconds, self.code, self.retry_after = seconds, code, retry_after
        self.fired = 0

    def meets(self, operation, items, chance):
        """Whether it happens to this request; then it has fired."""
        if self.left == 0 or self.operation not in (None, operation):
            return False
        if self.ids and not self.ids & {item.get("id") for item in items}:
            return False
        if chance.random() >= self.rate:
            return False
        if self.left is not None:
            self.left -= 1
        self.fired += 1
        return True


class Mapper:
    """The table, the faults and what is written down.

    :param str upstream: base address of a real mapper that does the work instead.
    :param int seed: of what faults with a rate decide by.
    """

    def __init__(self, upstream=None, seed=0):
        self.upstream = upstream
        self.lock = threading.Lock()
        self.rows, self.strategies = {}, {}
        self.reset(seed)

    def reset(self, seed=0, rows=False):
        """Forget what happened and disarm; the rows stay unless told."""
        with self.lock:
            if rows:
                self.rows, self.strategies = {}, {}
            self.requests, self.applied, self.faults = [], [], []
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
                    "applied": self.applied,
                    "rows": self.rows,
                    "fired": fired,
                }
            ).encode()

    def arm(self, faults):
        """Add faults; the first one that meets a request happens to it."""
        with self.lock:
            self.faults += [Fault(**fault) for fault in faults]

    def disarm(self):
        """Have no fault meet a request any more."""
        with self.lock:
            for fault in self.faults:
                fault.left = 0

    def arrive(self, operation, message_id, items):
        """Write down that a request came in; return its entry and its fault."""
        with self.lock:
            entry = {
                "operation": operation,
                "message_id": message_id,
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

    def work(self, operation, items, body, signature, refused=()):
        """Do what is asked, but not for refused IDs; return HTTP status and answer."""
        if self.upstream:
            return self._forward(operation, items, body, signature)
        ids = [item["id"] for item in items]
        if operation == "link" and len(set(ids)) < len(ids):
            return 500, {"errors": [{"code": "G2P-REQ-100", "message": "Unknown."}]}
        with self.lock:
            entries = [
                {"left_out": True}
                if item["id"] in refused
                else getattr(self, f"_{operation}")(item)
                for item in items
            ]
        for item, entry in zip(items, entries, strict=True):
            entry.setdefault("status", "succ")
            entry.setdefault("status_reason_code", None)
            entry["reference_id"] = item["reference_id"]
        return 200, {
            "header": {"status": "succ", "status_reason_code": None},
            "message": {f"{operation}_response": entries},
        }

    def _forward(self, operation, items, body, signature):
        request = urllib.request.Request(
            f"{self.upstream}/sync/{operation}",
            body,
            {"Content-Type": "application/json", "Signature": signature},
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
                if operation == "unlink":
                    self._forget(item)
                else:
                    self._store(operation, item)

    def _link(self, item):
        if item["id"] in self.rows:
            return refusal("rjct.reference_id.duplicate")
        if not item["fa"]:
            return refusal("rjct.fa.invalid")
        self._store("link", item)
        return {"fa": item["fa"]}

    def _update(self, item):
        if item["id"] not in self.rows:
            return {**refusal("rjct.reference_id.duplicate"), "id": ""}
        self._store("update", item)
        return {"fa": item["fa"], "id": item["id"]}

    def _unlink(self, item):
        if item["id"] not in self.rows:
            return {**refusal("rjct.id.invalid"), "id": ""}
        self._forget(item)
        return {"id": ""}

    def _resolve(self, item):
        if item["id"] not in self.rows:
            return {"id": None, "status_reason_code": "succ.fa.not_linked_to_id"}
        info = self.strategies.get(item["id"])
        return {"id": item["id"], "fa": self.rows[item["id"]], "additional_info": info}

    def _store(self, operation, item):
        self.rows[item["id"]] = item["fa"]
        self.strategies[item["id"]] = item.get("additional_info")
        self.applied.append([operation, item["id"], item["fa"]])

    def _forget(self, item):
        self.rows.pop(item["id"], None)
        self.applied.append(["unlink", item["id"], None])


def refusal(code):
    """Return what an item refused with this code has in its answer."""
    return {"status": "rjct", "status_reason_code": code}
