"""One signed HTTP call to SPAR, with limits on time and size."""

import json
import math
import ssl
import time
import uuid
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import requests
import urllib3

from . import g2p_connect
from .answers import Answer, Outcome
from .canonical import canonical_bytes

#: An answer for 1,000 items is about 0.4 MB; anything far beyond is not one.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
#: The server says it has finished with the request, or never began.
_LATER = {408, 425, 429, 500}


class SparClient:
    """Sends requests to one SPAR mapper as one partner.

    It sends once and reports; when to try again is the engine's decision, because a
    retry here would not survive the process.

    :param str base_url: where ``/sync/link`` is appended
    :param signer: a :class:`~.jws.Signer`
    :param str sender_id: the partner's name at SPAR
    :param str canonical_form: ``ascii`` or ``utf8``
    :param float connect_timeout: seconds to reach SPAR
    :param float answer_timeout: seconds for the whole answer to arrive. SPAR 1.1.0 may
        work for 30 s on a request, so it should be above 35
    """

    def __init__(
        self,
        base_url,
        signer,
        sender_id,
        canonical_form,
        connect_timeout=5.0,
        answer_timeout=40.0,
    ):
        self._base_url = base_url.rstrip("/")
        self._signer = signer
        self._sender_id = sender_id
        self._form = canonical_form
        self._answer_timeout = answer_timeout
        self._session = requests.Session()
        adapter = _TimedAdapter(connect_timeout, answer_timeout)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Give up the connection to SPAR."""
        self._session.close()

    def send(self, operation, items, message_id=None):
        """Send one request and say what became of each item.

        Never raises for anything SPAR or the network does.

        :param str operation: link, update, unlink or resolve
        :param items: list of :class:`~.answers.Item`, no SPAR ID twice
        :param str message_id: unique per request; made up when not given
        :rtype: ~.answers.Answer
        :raise ValueError: when the request itself is malformed (a bug of the caller)
        """
        request = g2p_connect.build(
            operation,
            items,
            self._sender_id,
            message_id or str(uuid.uuid4()),
            datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        )
        body = canonical_bytes(request, self._form)
        headers = {
            "Content-Type": "application/json",
            "Signature": self._signer.detached(body),
            # Compressed answers could be much larger than they look.
            "Accept-Encoding": "identity",
        }
        try:
            with self._session.post(
                self._base_url + g2p_connect.path(operation),
                data=body,
                headers=headers,
                # A redirected POST would carry payment data to who knows where.
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._content(response)
                if response.status_code >= 500:
                    # SPAR 1.1.0 closes the connection after such an answer; the next
                    # request on it would be lost.
                    self._session.close()
                return self._read(operation, items, response, content)
        except requests.exceptions.ConnectTimeout:
            return Answer.same_for_all(items, Outcome.TRANSIENT, "connect.timeout")
        except requests.exceptions.ConnectionError as error:
            if _never_connected(error):
                return Answer.same_for_all(items, Outcome.TRANSIENT, "connect.refused")
            return Answer.same_for_all(items, Outcome.AMBIGUOUS, "answer.cut")
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            TimeoutError,
        ):
            return Answer.same_for_all(items, Outcome.AMBIGUOUS, "answer.lost")

    def _content(self, response):
        """Return the body, or ``None`` when it is larger than any answer can be.

        The session's timeout is per read; a server that drips bytes would outlast it,
        so the whole is timed here.

        :raise TimeoutError: when the body is not complete within the answer timeout
        """
        deadline = time.monotonic() + self._answer_timeout
        # read1 returns what has come, read waits for all it was asked for. urllib3
        # has it from 2.1 on; before, a dripping server can hold one piece longer.
        read = getattr(response.raw, "read1", response.raw.read)
        content = bytearray()
        while chunk := read(4096):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                return None
            if time.monotonic() > deadline:
                raise TimeoutError
        return bytes(content)

    @staticmethod
    def _read(operation, items, response, content):
        status = response.status_code
        if status == 200:
            try:
                body = json.loads(content or b"")
            except (ValueError, RecursionError):
                body = None
            return g2p_connect.read(operation, items, body)
        code = f"http.{status}"
        wait = _retry_after(response.headers)
        if status in (401, 403):
            return Answer.same_for_all(items, Outcome.PARTNER, code)
        if status in _LATER:
            return Answer.same_for_all(items, Outcome.TRANSIENT, code, wait)
        if status == 400:
            return Answer.same_for_all(items, Outcome.BATCH_REFUSED, code)
        if status < 300 or status >= 500:
            # A proxy gave up on SPAR, which may still be working on the request; some
            # answer 503 for that, too.
            return Answer.same_for_all(items, Outcome.AMBIGUOUS, code, wait)
        # A redirect, a wrong path, a proxy's page: the set-up is wrong, not an item.
        return Answer.same_for_all(items, Outcome.TRANSIENT, code)


def _retry_after(headers):
    """Return the seconds SPAR asks to wait, or None.

    They come as a number or as a date; a date is compared with the one of the answer,
    since the two clocks may differ.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 7:
        return int(text)
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(headers.get("Date", ""))
        return max(0, math.ceil((until - now).total_seconds()))
    except (ValueError, TypeError):
        return None


class _TimedAdapter(requests.adapters.HTTPAdapter):
    """Gives every request of a session its time limits, so that none goes without.

    :param float connect_timeout: seconds
    :param float read_timeout: seconds between two pieces of an answer
    """

    def __init__(self, connect_timeout, read_timeout):
        super().__init__()
        self._timeout = connect_timeout, read_timeout

    def send(self, request, **options):
        return super().send(request, **{**options, "timeout": self._timeout})


def _never_connected(error):
    """Whether the request cannot have reached SPAR, so that sending again is safe."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, urllib3.exceptions.SSLError):
        # Only a refused certificate surely comes before the request.
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
