"""Calls of SPAR by an HTTP client that is made elsewhere.

The client has ``request(method, path, body, headers, in_time)``, which returns what
came back and never raises, and ``close()``. Its reply has ``status``, ``headers``,
``content``, ``retry_after``, ``problem`` (a code of ours, or None) and
``may_have_arrived``.
"""

from dataclasses import dataclass, field

#: An answer for 1,000 items is about 0.4 MB; anything far beyond is not one.
MAX_ANSWER_BYTES = 8 * 1024 * 1024


class NotSent(Exception):
    """The request cannot have reached SPAR. ``code`` is our word for why."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class TooLate(NotSent):
    """Too much time has passed since it was decided to send this; it has not left."""

    def __init__(self):
        super().__init__("sender.late")


class NoAnswer(Exception):
    """The request may have reached SPAR. ``code`` is our word for what happened."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Reply:
    """What came back. ``content`` is None when it is larger than any answer can be."""

    status: int
    headers: dict
    content: bytes | None = field(repr=False)
    retry_after: int | None = None


class Transport:
    """Posts to one server.

    :param http: the client, see above; it is closed with this
    """

    def __init__(self, http):
        self._http = http

    def close(self):
        """Give up the connection."""
        self._http.close()

    def post(self, path, body, headers, in_time=None):
        """Post once.

        :param str path: below the base URL
        :param bytes body: what is sent, byte for byte
        :param dict headers: besides those every request has
        :param in_time: a function that is asked at first, and when the connection is
            open and nothing but the body is missing; what it says no to is not sent
        :rtype: Reply
        :raise NotSent: when the request cannot have reached SPAR
        :raise NoAnswer: when it may have, and no whole answer came
        """
        reply = self._http.request("POST", path, body, headers, in_time)
        if reply.problem == "sender.late":
            raise TooLate
        if reply.problem and not reply.may_have_arrived:
            raise NotSent(reply.problem)
        if reply.problem and reply.problem != "answer.too_large":
            raise NoAnswer(reply.problem)
        return Reply(reply.status, reply.headers, reply.content, reply.retry_after)
