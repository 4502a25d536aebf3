"""Finding out how a server at some address wants to be spoken to.

A signed question for an ID nobody has, with a letter that is not ASCII in it, is tried
in each dialect and canonical form. It changes nothing at SPAR, and only the form the
server verifies by is accepted.
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from .answers import Item, Outcome
from .canonical import ASCII, UTF8
from .client import SparClient
from .g2p_connect import G2pConnect
from .partner_api import PartnerApi
from .transport import NoAnswer, NotSent
from .words import RESOLVE

#: What happened, in one word each. SPAR answered and accepted the signature.
ACCEPTED = "accepted"
#: It answered and refused the signature, whichever form.
SIGNATURE_REFUSED = "signature_refused"
#: It failed (HTTP 500) on requests that were signed.
SERVER_ERROR = "server_error"
#: Something in front of it wants other credentials (HTTP 401 or 403).
FORBIDDEN = "forbidden"
#: It took neither dialect for a request (HTTP 400).
NOT_UNDERSTOOD = "not_understood"
#: There is a server, but no SPAR at this address.
NOT_SPAR = "not_spar"
#: The server sends callers elsewhere, which is never followed.
REDIRECTED = "redirected"
#: A gateway answers that SPAR behind it does not, or not now.
UNAVAILABLE = "unavailable"
#: No answer came in time, or the connection was cut.
NO_ANSWER = "no_answer"
UNREACHABLE = "unreachable"
#: Nothing that is trusted vouches for the server's certificate.
UNTRUSTED = "untrusted"

#: An ID that no registrant has, which looks different in each canonical form.
PROBE_ID = "connection-test-é"

#: The forms of each dialect, the likelier one first.
_ATTEMPTS = ((G2pConnect(), (ASCII, UTF8)), (PartnerApi(), (UTF8, ASCII)))
#: Of several words the most telling first.
_BY_WEIGHT = (
    SIGNATURE_REFUSED,
    SERVER_ERROR,
    UNAVAILABLE,
    FORBIDDEN,
    REDIRECTED,
    NOT_UNDERSTOOD,
    NOT_SPAR,
)
#: What an answer of SPAR's own says.
_WORDS = {
    Outcome.DONE: ACCEPTED,
    # It looked at the ID, so the signature was accepted.
    Outcome.REFUSED: ACCEPTED,
    Outcome.PARTNER: SIGNATURE_REFUSED,
    Outcome.TRANSIENT: SERVER_ERROR,
    Outcome.BATCH_REFUSED: NOT_UNDERSTOOD,
}
#: Words that only a server which speaks a dialect can have caused.
_TELLS_DIALECT = (SIGNATURE_REFUSED, SERVER_ERROR)


@dataclass(frozen=True)
class Detection:
    """What was found.

    :param str word: what happened, one of this module's words
    :param str dialect: the dialect's name, or None while unknown
    :param str form: the canonical form, or None while unknown
    :param bool key_known: whether SPAR knows our key; None when that cannot be told
    :param int latency_ms: milliseconds one answer took, or None without any
    :param float clock_difference: seconds by which the server's clock is ahead of ours,
        to about half a second; None if it does not tell the time
    """

    word: str
    dialect: str | None = None
    form: str | None = None
    key_known: bool | None = None
    latency_ms: int | None = None
    clock_difference: float | None = None


def detect(http, signer, sender_id, paths=None):
    """Try the dialects and forms one after another; say what was found.

    Never raises for anything the server or the network does.

    :param http: the HTTP client, as of :mod:`.transport`, for the address in question
    :param signer: a :class:`~.jws.Signer`
    :param str sender_id: the partner's name at SPAR
    :param dict paths: as for :class:`~.client.SparClient`
    :rtype: Detection
    """
    found = []
    for dialect, forms in _ATTEMPTS:
        for form in forms:
            with SparClient(http, signer, sender_id, form, dialect, paths) as client:
                detection = _ask(client, dialect, form)
            found.append(detection)
            if detection.word in (ACCEPTED, NO_ANSWER, UNREACHABLE, UNTRUSTED):
                # Trying on would only take longer.
                return detection
            if detection.word != SIGNATURE_REFUSED:
                # The form makes no difference.
                break
        else:
            return _refused(dialect, found[-1])
    return _judge(found)


def _ask(client, dialect, form):
    item = Item("detect", PROBE_ID)
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
    word = _word(reply.status, result.outcome)
    return Detection(
        word,
        dialect=dialect.name,
        form=form if word == ACCEPTED else None,
        key_known=True if word == ACCEPTED else None,
        latency_ms=round(seconds * 1000),
        clock_difference=_ahead(reply.headers, sent, seconds),
    )


def _word(status, outcome):
    if status == 200:
        # What cannot be read was not written by SPAR.
        return _WORDS.get(outcome, NOT_SPAR)
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


def _ahead(headers, sent, seconds):
    """Return by how much the server's clock is ahead, in seconds."""
    try:
        told = parsedate_to_datetime(headers.get("Date", ""))
        # It was told somewhere between, and without the fraction of its second.
        return round((told - sent).total_seconds() + 0.5 - seconds / 2, 1)
    except (ValueError, TypeError):
        return None


def _refused(dialect, detection):
    """Both forms were refused, so it is the key.

    SPAR 1.1.0 refuses the same way while its own key service is down; SPAR 2.x fails
    then.
    """
    unknown = False if dialect.name == PartnerApi.name else None
    return replace(detection, key_known=unknown)


def _judge(found):
    """Return what attempts add up to of which none settled it."""
    told = {detection.word for detection in found}
    word = next(word for word in _BY_WEIGHT if word in told)
    alike = [detection for detection in found if detection.word == word]
    if word in _TELLS_DIALECT and len({d.dialect for d in alike}) == 1:
        return alike[-1]
    return replace(alike[-1], dialect=None)
