"""Detects which dialect and canonical form the server at an address understands.

It sends a signed resolve of an ID that no registrant has, in each dialect and canonical
form. The ID contains a letter outside ASCII, so that the server accepts the signature
in one canonical form only. What is accepted is sent once more with a wrong signature:
a SPAR that accepts that, too, verifies none. Nothing changes at SPAR.
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from .answers import Item, Outcome
from .canonical import ASCII, UTF8
from .client import SparClient
from .codes import RESOLVE
from .g2p_connect import G2pConnect
from .partner_api import PartnerApi
from .transport import NoAnswer, NotSent

# The findings.
#: SPAR answered and accepted the signature.
ACCEPTED = "accepted"
#: It answered and refused the signature in each canonical form.
SIGNATURE_REFUSED = "signature_refused"
#: It failed (HTTP 500) on requests that were signed.
SERVER_ERROR = "server_error"
#: A gateway in front of it requires other credentials (HTTP 401 or 403).
FORBIDDEN = "forbidden"
#: It understood neither dialect (HTTP 400 or 422).
NOT_UNDERSTOOD = "not_understood"
#: There is a server, but no SPAR at this address.
NOT_SPAR = "not_spar"
#: The server redirects to another address; redirects are never followed.
REDIRECTED = "redirected"
#: A gateway answers that SPAR is not available.
UNAVAILABLE = "unavailable"
#: No answer arrived in time, or the connection was cut.
NO_ANSWER = "no_answer"
#: No connection to the server.
UNREACHABLE = "unreachable"
#: The server's certificate is not trusted.
UNTRUSTED = "untrusted"

#: The reference of the probe with a wrong signature.
WRONG = "wrong-signature"
#: An ID that no registrant has, which looks different in each canonical form.
PROBE_ID = "connection-test-é"

#: The canonical forms of each dialect, the likelier one first.
_ATTEMPTS = ((G2pConnect(), (ASCII, UTF8)), (PartnerApi(), (UTF8, ASCII)))
#: Of several findings, the first of these is reported.
_BY_PRIORITY = (
    SIGNATURE_REFUSED,
    SERVER_ERROR,
    UNAVAILABLE,
    FORBIDDEN,
    REDIRECTED,
    NOT_UNDERSTOOD,
    NOT_SPAR,
)
#: The finding from the outcome of the resolve.
_FINDINGS = {
    Outcome.DONE: ACCEPTED,
    # SPAR checks the ID after the signature.
    Outcome.REFUSED: ACCEPTED,
    Outcome.PARTNER: SIGNATURE_REFUSED,
    Outcome.TRANSIENT: SERVER_ERROR,
    Outcome.BATCH_REFUSED: NOT_UNDERSTOOD,
}
#: Findings that show which dialect the server understands, if only one led to them.
_SHOW_DIALECT = (SIGNATURE_REFUSED, SERVER_ERROR)


@dataclass(frozen=True)
class Detection:
    """The result of :func:`detect`.

    :param str finding: one of the constants of this module
    :param str dialect: the dialect's name, or None while unknown
    :param str form: the canonical form, or None while unknown
    :param bool verifies: whether SPAR refuses a wrong signature; None while unknown
    :param int latency_ms: milliseconds until the answer, or None without one
    :param float clock_difference: estimate, in seconds, of how far the server's clock
        is ahead of ours; None if its answer has no date
    """

    finding: str
    dialect: str | None = None
    form: str | None = None
    verifies: bool | None = None
    latency_ms: int | None = None
    clock_difference: float | None = None


def detect(http, signer, sender_id, paths=None):
    """Try the dialects and canonical forms one after another.

    What the server or the network does never raises an exception.

    :param http: the HTTP client (see :mod:`.transport`) for the address
    :param signer: a :class:`~.jws.Signer`
    :param str sender_id: the partner's name at SPAR
    :param dict paths: as for :class:`~.client.SparClient`
    :rtype: Detection
    :raise ~.keys.KeyProblem: when the key cannot sign
    """
    found = []
    for dialect, forms in _ATTEMPTS:
        for form in forms:
            with SparClient(http, signer, sender_id, form, dialect, paths) as client:
                detection = _probe(client, dialect.name, form)
            found.append(detection)
            if detection.finding == ACCEPTED:
                wrong = SparClient(
                    http, WrongSigner(signer), sender_id, form, dialect, paths
                )
                return _with_verdict(detection, wrong)
            if detection.finding in (NO_ANSWER, UNREACHABLE, UNTRUSTED):
                # Further attempts would find the same.
                return detection
            if detection.finding != SIGNATURE_REFUSED:
                # Another canonical form would find the same.
                break
        else:
            # The key is the cause, or that SPAR cannot look it up.
            return found[-1]
    return _summarize(found)


class WrongSigner:
    """Signs with the right key, but another body than the one that is sent.

    :param signer: a :class:`~.jws.Signer`
    """

    def __init__(self, signer):
        self._signer = signer

    def detached(self, body):
        """Return a signature that does not fit these bytes; see :class:`~.jws.Signer`.

        :raise ~.keys.KeyProblem: when the key cannot sign
        """
        return self._signer.detached(body + b" ")


def _with_verdict(detection, client):
    """Return a detection with whether SPAR verifies signatures.

    :param Detection detection: the accepted one
    :param client: sends the same with a wrong signature
    """
    dialect, form = detection.dialect, detection.form
    with client:
        finding = _probe(client, dialect, form, WRONG).finding
    if finding == ACCEPTED:
        # It would have accepted any form.
        return replace(detection, form=None, verifies=False)
    refused = finding in (SIGNATURE_REFUSED, FORBIDDEN)
    return replace(detection, verifies=True if refused else None)


def _probe(client, dialect, form, reference="detect"):
    item = Item(reference, PROBE_ID)
    sent, start = datetime.now(timezone.utc), time.monotonic()
    try:
        reply = client.post(RESOLVE, [item])
    except NotSent as problem:
        untrusted = problem.code == "connect.untrusted"
        return Detection(UNTRUSTED if untrusted else UNREACHABLE)
    except NoAnswer:
        return Detection(NO_ANSWER)
    seconds = time.monotonic() - start
    (result,) = client.answer(RESOLVE, [item], reply).results.values()
    finding = _finding(reply.status, result.outcome)
    return Detection(
        finding,
        dialect=dialect,
        form=form if finding == ACCEPTED else None,
        latency_ms=round(seconds * 1000),
        clock_difference=_clock_difference(reply.headers, sent, seconds),
    )


def _finding(status, outcome):
    if status == 200:
        # An answer that cannot be read is not one of SPAR's.
        return _FINDINGS.get(outcome, NOT_SPAR)
    if status in (401, 403):
        return FORBIDDEN
    if status in (400, 422):
        return NOT_UNDERSTOOD
    if status == 500:
        return SERVER_ERROR
    if 300 <= status < 400:
        return REDIRECTED
    if status in (408, 425, 429) or status > 500:
        return UNAVAILABLE
    return NOT_SPAR


def _clock_difference(headers, sent, seconds):
    """Return how far the server's clock is ahead, in seconds."""
    try:
        server_time = parsedate_to_datetime(headers.get("Date", ""))
        # The header has whole seconds, so half of one is added. It was written between
        # sending and receiving, so half of that time is taken off.
        return round((server_time - sent).total_seconds() + 0.5 - seconds / 2, 1)
    except (ValueError, TypeError):
        return None


def _summarize(found):
    """Return one result for all attempts, when none of them was conclusive."""
    findings = {detection.finding for detection in found}
    first = next(finding for finding in _BY_PRIORITY if finding in findings)
    alike = [detection for detection in found if detection.finding == first]
    if first in _SHOW_DIALECT and len({d.dialect for d in alike}) == 1:
        return alike[-1]
    return replace(alike[-1], dialect=None)
