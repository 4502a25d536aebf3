"""One signed request to SPAR, and what its answer means."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .answers import Answer, Outcome
from .canonical import canonical_bytes
from .g2p_connect import G2pConnect
from .transport import NoAnswer, NotSent, Transport

#: The server has ended the request, or has not begun it: send it again later.
_LATER = {408, 425, 429, 500}
#: The request is refused: because of an item, or of the number of items.
_REFUSED = {400, 413, 422}


@dataclass(frozen=True)
class SignedRequest:
    """A request ready to be sent; its body is signed byte for byte."""

    operation: str
    items: list
    body: bytes = field(repr=False)
    signature: str = field(repr=False)

    def same_for_all(self, outcome, code):
        """Return an answer in which every item has the same result."""
        return Answer.same_for_all(self.items, outcome, code)


class SparClient:
    """Sends requests to one SPAR mapper as one partner.

    It sends a request once. The engine decides about retries: a retry here would be
    lost with the process.

    :param http: the HTTP client (see :mod:`.transport`) for the base address, to which
        the paths of the operations are appended; it is closed with this
    :param signer: a :class:`~.jws.Signer`
    :param str sender_id: the partner's name at SPAR
    :param str canonical_form: ``ascii`` or ``utf8``
    :param dialect: a :class:`~.dialect.Dialect`; SPAR 1.x when not given
    :param dict paths: by operation, those that differ from the dialect's own
    """

    def __init__(
        self, http, signer, sender_id, canonical_form, dialect=None, paths=None
    ):
        self._signer = signer
        self._sender_id = sender_id
        self._form = canonical_form
        self._dialect = dialect or G2pConnect()
        self._paths = paths or {}
        self._transport = Transport(http)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Close the connection to SPAR."""
        self._transport.close()

    def send(self, operation, items, message_id=None):
        """Send one request and return the outcome of each item.

        What SPAR or the network does never raises an exception.

        :param str operation: link, update, unlink or resolve
        :param items: list of :class:`~.answers.Item`, no SPAR ID twice
        :param str message_id: unique per request; generated when not given
        :rtype: ~.answers.Answer
        :raise ValueError: when the request itself is malformed (a bug of the caller)
        :raise ~.keys.KeyProblem: when the key cannot sign
        """
        signed = self.sign_request(operation, items, message_id)
        return self.read_answer(signed, self.deliver(signed))

    def deliver(self, signed, in_time=None):
        """Send a signed request and return the reply as bytes.

        It sends and receives bytes and does nothing else, so any thread may call it.

        :param SignedRequest signed: from :meth:`sign_request`, to be sent once
        :param in_time: as for :meth:`~.transport.Transport.post`
        :return: a :class:`~.transport.Reply`, or the exception that took its place
        """
        try:
            return self._post(signed, in_time)
        except (NotSent, NoAnswer) as problem:
            return problem

    def read_answer(self, signed, reply):
        """Return the result of each item of a request.

        :param SignedRequest signed: what was sent
        :param reply: what :meth:`deliver` returned
        :rtype: ~.answers.Answer
        """
        if isinstance(reply, NotSent):
            return signed.same_for_all(Outcome.TRANSIENT, reply.code)
        if isinstance(reply, NoAnswer):
            return signed.same_for_all(Outcome.AMBIGUOUS, reply.code)
        return self.answer(signed.operation, signed.items, reply)

    def post(self, operation, items, message_id=None):
        """Send one request and return the reply as bytes; see :meth:`send`.

        :rtype: ~.transport.Reply
        :raise ~.transport.NotSent: when it cannot have reached SPAR
        :raise ~.transport.NoAnswer: when it may have, and no complete answer arrived
        :raise ValueError: when the request itself is malformed (a bug of the caller)
        :raise ~.keys.KeyProblem: when the key cannot sign
        """
        return self._post(self.sign_request(operation, items, message_id))

    def sign_request(self, operation, items, message_id=None):
        """Build and sign one request, to be sent soon; see :meth:`send`.

        :rtype: SignedRequest
        :raise ValueError: when the request itself is malformed (a bug of the caller)
        :raise ~.keys.KeyProblem: when the key cannot sign
        """
        request = self._dialect.build(
            operation,
            items,
            self._sender_id,
            message_id or str(uuid.uuid4()),
            datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        )
        body = canonical_bytes(request, self._form)
        return SignedRequest(operation, items, body, self._signer.detached(body))

    def _post(self, signed, in_time=None):
        operation = signed.operation
        return self._transport.post(
            self._paths.get(operation) or self._dialect.path(operation),
            signed.body,
            {"Content-Type": "application/json", "Signature": signed.signature},
            in_time,
        )

    def answer(self, operation, items, reply):
        """Return the result of each item of a reply.

        :param ~.transport.Reply reply: to a request with these items
        :rtype: ~.answers.Answer
        """
        status = reply.status
        if status == 200:
            try:
                body = json.loads(reply.content or b"")
            except (ValueError, RecursionError):
                body = None
            return self._dialect.read(operation, items, body)
        code = f"http.{status}"
        wait = reply.retry_after
        if status in (401, 403):
            return Answer.same_for_all(items, Outcome.PARTNER, code)
        if status in _LATER:
            return Answer.same_for_all(items, Outcome.TRANSIENT, code, wait)
        if status in _REFUSED:
            return Answer.same_for_all(items, Outcome.BATCH_REFUSED, code)
        if status < 300 or status >= 500:
            # A proxy stopped waiting for SPAR, which may still process the request;
            # some proxies answer 503 then.
            return Answer.same_for_all(items, Outcome.AMBIGUOUS, code, wait)
        # A redirect, a wrong path, a proxy's page: a setting is wrong, not an item.
        return Answer.same_for_all(items, Outcome.TRANSIENT, code)
