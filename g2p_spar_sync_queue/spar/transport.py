"""HTTP calls of SPAR, with an HTTP client that the caller provides.

The client has ``close()`` and ``request(method, path, body, headers, in_time)``, which
never raises. The reply it returns has ``status``, ``headers``, ``content``,
``retry_after``, ``problem`` (a code of ours, or None) and ``may_have_arrived``.
"""

from dataclasses import dataclass, field

#: An answer for 1,000 items has about 0.4 MB.
MAX_ANSWER_BYTES = 8 * 1024 * 1024


class NotSent(Exception):
    """The request cannot have reached SPAR. ``code`` is our code for the reason."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class TooLate(NotSent):
    """The request was not sent, because ``in_time`` said that it is too late."""

    def __init__(self):
        super().__init__("sender.late")


class NoAnswer(Exception):
    """The request may have reached SPAR. ``code`` is our code for the reason."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Reply:
    """An HTTP reply. ``content`` is None if it is larger than the client allows."""

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
        """Close the connection."""
        self._http.close()

    def post(self, path, body, headers, in_time=None):
        """Post once.

        :param str path: below the base URL
        :param bytes body: what is sent, byte for byte
        :param dict headers: besides those every request has
        :param in_time: a function that is called before connecting, and again when the
            connection is open and only the body is missing; if it returns False, the
            request is not sent
        :rtype: Reply
        :raise NotSent: when the request cannot have reached SPAR
        :raise NoAnswer: when it may have, and no complete answer arrived
        """
        reply = self._http.request("POST", path, body, headers, in_time)
        if reply.problem == "sender.late":
            raise TooLate
        if reply.problem and not reply.may_have_arrived:
            raise NotSent(reply.problem)
        if reply.problem and reply.problem != "answer.too_large":
            raise NoAnswer(reply.problem)
        return Reply(reply.status, reply.headers, reply.content, reply.retry_after)
