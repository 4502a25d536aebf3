"""What the two dialects have in common: the order of checks, and HTTP errors."""

import datetime
import json

from .table import Crash

OPERATIONS = ("link", "update", "unlink", "resolve")
UNKNOWN_ERROR = "G2P-REQ-100", "Unknown Error."
INVALID_INPUT = "G2P-REQ-102"


class Dialect:
    """Answers the requests of partners.

    A subclass has: ``prefix`` of its paths; ``checkers`` of the body, by operation;
    ``parts_of(content, operation)``, which finds the request's ID and its items even in
    what is not valid; and what makes its answers: ``unbelieved``, ``business``,
    ``rejection``, ``list_in``.

    :param Mapper mapper: table, faults and log.
    :param verifier: its ``believes(request, keys_down)`` is the verdict about a
        signature; None believes everyone.
    """

    prefix = ""
    checkers = {}

    def __init__(self, mapper, verifier=None):
        self.mapper = mapper
        self.verifier = verifier

    def operation_of(self, path):
        """Return the operation a path stands for, or None."""
        operation = path.removeprefix(self.prefix)
        known = path.startswith(self.prefix) and operation in OPERATIONS
        return operation if known else None

    def work(self, operation, request, refused=(), keys_down=None):
        """Check a request in SPAR's order, and do what it asks.

        :param Request request: as it came.
        :param refused: SPAR IDs of items to leave out.
        :param keys_down: seconds after which the key service fails; None when it works.
        :return: HTTP status and answer.
        """
        try:
            if not request.body:
                raise Crash("nothing to verify")
            believed = not self.verifier or self.verifier.believes(request, keys_down)
            # The verdict is spoken after the form is checked.
            content = request.content if request.says_json else request.body.decode()
            complaints = self.checkers[operation](content)
            if complaints:
                return invalid(complaints)
            if not believed:
                return 200, self.unbelieved(operation, content)
            return 200, self.business(operation, content, request, refused)
        except Crash:
            return errors(500, *UNKNOWN_ERROR)

    def unbelieved(self, operation, content):
        """Return the answer to who is not believed."""
        raise NotImplementedError

    def business(self, operation, content, request, refused):
        """Do what is asked; return the answer.

        :raises Crash: where SPAR answers HTTP 500.
        """
        raise NotImplementedError

    def rejection(self, operation, content, code):
        """Return the answer that refuses a request as a whole."""
        raise NotImplementedError

    def list_in(self, answer):
        """Return the list of an answer; an empty one when it has none."""
        raise NotImplementedError


class Request:
    """A request as it came, its body read as JSON.

    :param bytes body: of the request.
    :param headers: of the request, by name.
    :raises ValueError: when the body is no JSON.
    """

    def __init__(self, body, headers):
        self.body = body
        self.signature = headers.get("Signature")
        kind = (headers.get("Content-Type") or "").partition(";")[0].strip()
        self.says_json = kind == "application/json"
        self.content = json.loads(body) if body else None


def errors(status, code, *messages):
    """Return an HTTP error as SPAR's framework words it: status and answer."""
    return status, {"errors": [{"code": code, "message": text} for text in messages]}


def invalid(complaints):
    """Return the answer to a body that is not as it should be."""
    return errors(400, INVALID_INPUT, *(f"Invalid Input. {c}" for c in complaints))


def now():
    """Return SPAR's clock: local time that does not say so."""
    return datetime.datetime.now().isoformat()


def objects_in(items):
    """Return what can be an item in the list of a request."""
    return [item for item in items if isinstance(item, dict)]
