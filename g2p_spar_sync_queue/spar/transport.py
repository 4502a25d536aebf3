"""One HTTP call: limits on time and size, TLS always verified, no redirects.

Proxies are taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``), as every program
on a server does.
"""

import ssl
import time
from dataclasses import dataclass, field

import requests
import urllib3

#: An answer for 1,000 items is about 0.4 MB; anything far beyond is not one.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
#: How much of it is read at a time, at most.
PIECE = 64 * 1024


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


class Transport:
    """Posts to one server, keeping the connection to it open.

    :param str base_url: what every path is appended to
    :param float connect_timeout: seconds to reach it
    :param float answer_timeout: seconds for the whole answer to arrive
    :param tls: a :class:`~.tls.Tls`, or None for what is usual
    :raise ~.tls.TlsProblem: when its certificates cannot be used
    """

    def __init__(self, base_url, connect_timeout, answer_timeout, tls=None):
        self._base_url = base_url.rstrip("/")
        self._answer_timeout = answer_timeout
        self._session = requests.Session()
        # A password some file of the server knows for this host is not for SPAR.
        self._session.auth = lambda request: request
        adapter = _Adapter(connect_timeout, answer_timeout, tls)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self):
        """Give up the connection."""
        self._session.close()

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
        if in_time and not in_time():
            raise TooLate
        try:
            with self._session.post(
                self._base_url + path,
                data=_Body(body, in_time) if in_time else body,
                # Compressed answers could be much larger than they look.
                headers={**headers, "Accept-Encoding": "identity"},
                # A redirected POST would carry payment data to who knows where.
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._content(response)
                if response.status_code >= 500:
                    # SPAR closes the connection after such an answer; the next request
                    # on it would be lost.
                    self._session.close()
                return Reply(response.status_code, response.headers, content)
        except requests.exceptions.ConnectTimeout:
            raise NotSent("connect.timeout") from None
        except requests.exceptions.ConnectionError as error:
            code = _not_sent_code(error)
            raise (NotSent(code) if code else NoAnswer("answer.cut")) from None
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            TimeoutError,
        ):
            raise NoAnswer("answer.lost") from None

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
        while chunk := read(PIECE):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                return None
            if time.monotonic() > deadline:
                raise TimeoutError
        return bytes(content)


class _Body:
    """A body that leaves only if that is still in time: the last moment there is.

    Connecting may take as long as it is allowed to, and a process may be stopped. SPAR
    does nothing before it has the body.

    :param bytes content: what is sent
    :param in_time: as for :meth:`Transport.post`
    """

    def __init__(self, content, in_time):
        self._rest, self._in_time = content, in_time
        self._length = len(content)

    def __len__(self):
        return self._length

    def __iter__(self):
        # How requests tells a file from a text.
        return iter([self.read()])

    # Not the one of Odoo's models.
    def read(self, _size=-1):  # pylint: disable=method-required-super
        """Return all of it the first time, so that it is sent in one go."""
        content, self._rest = self._rest, b""
        if content and not self._in_time():
            raise TooLate
        return content


class _Adapter(requests.adapters.HTTPAdapter):
    """Gives every request its time limits, and the certificates to trust and to show.

    :param float connect_timeout: seconds
    :param float read_timeout: seconds between two pieces of an answer
    :param tls: a :class:`~.tls.Tls`, or None
    """

    def __init__(self, connect_timeout, read_timeout, tls):
        self._timeout = connect_timeout, read_timeout
        self._context = tls.context() if tls else None
        self._trusts_own = bool(tls and tls.authorities)
        super().__init__()

    def send(self, request, **options):
        return super().send(request, **{**options, "timeout": self._timeout})

    def init_poolmanager(self, *args, **options):
        return super().init_poolmanager(*args, **self._with_context(options))

    def proxy_manager_for(self, proxy, **options):
        return super().proxy_manager_for(proxy, **self._with_context(options))

    def _with_context(self, options):
        return {**options, "ssl_context": self._context} if self._context else options

    # Otherwise the public authorities would be trusted besides SPAR's own.

    def cert_verify(self, conn, url, verify, cert):
        if not self._trusts_own:
            return super().cert_verify(conn, url, verify, cert)
        conn.cert_reqs = "CERT_REQUIRED"
        return None

    def build_connection_pool_key_attributes(self, request, verify, cert=None):
        verify = True if self._trusts_own else verify
        return super().build_connection_pool_key_attributes(request, verify, cert)


def _not_sent_code(error):
    """Return why the request cannot have reached SPAR, or None if it may have.

    What cannot have reached it is safe to send again.
    """
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, urllib3.exceptions.ProxyError):
        reason = reason.original_error
    if isinstance(reason, urllib3.exceptions.SSLError):
        # Only a refused certificate surely comes before the request.
        refused = isinstance(reason.args[0], ssl.SSLCertVerificationError)
        return "connect.untrusted" if refused else None
    refused = isinstance(reason, urllib3.exceptions.NewConnectionError)
    return "connect.refused" if refused else None
