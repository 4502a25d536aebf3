"""One HTTP call: limits on time and size, TLS always verified, no redirects.

Every addon that calls a server uses this client. It is plain Python; a package that
must not depend on it gets a client as an argument. Errors are part of the
:class:`Reply`.

Proxies are taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``), as every program
on a server does.
"""

import math
import os
import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import cache

import requests
import urllib3

# Errors before the request was sent.
LATE = "sender.late"
TIMEOUT = "connect.timeout"
REFUSED = "connect.refused"
UNTRUSTED = "connect.untrusted"
# Errors afterwards: the connection was cut, the time was over, the answer too large.
CUT = "answer.cut"
LOST = "answer.lost"
TOO_LARGE = "answer.too_large"

#: Bytes of an answer read at a time, at most.
PIECE = 64 * 1024

#: Texts of certificate errors in OpenSSL and urllib3.
_UNTRUSTED = ssl.SSLCertVerificationError, urllib3.connection.CertificateError

#: The address is none that a connection could be opened to.
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)

#: The current call of each thread.
_current = threading.local()


@dataclass(frozen=True)
class Reply:
    """The result of one call.

    :param int status: of HTTP; None when no headers came
    :param headers: a mapping of names in any case
    :param bytes content: the whole body; None when there is a problem
    :param str problem: one of this module's codes, or None
    :param bool may_have_arrived: False only when the server cannot have the request
    """

    status: int | None = None
    headers: dict = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    problem: str | None = None
    may_have_arrived: bool = False

    @property
    def retry_after(self):
        """Seconds to wait according to the server, or None.

        The header has a number or a date; a date is compared with the one of the
        answer, because the two clocks may differ.
        """
        text = self.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdecimal() and len(text) < 7:
            return int(text)
        try:
            until = parsedate_to_datetime(text)
            now = parsedate_to_datetime(self.headers.get("Date", ""))
            return max(0, math.ceil((until - now).total_seconds()))
        except (ValueError, TypeError, OverflowError):
            return None


class HttpClient:
    """Calls one server, keeping the connection to it open.

    A call ends after the time to connect plus the time to answer, even if bytes still
    arrive; only a slow lookup of the server's name can delay that.

    :param str base_url: to which paths are appended
    :param float connect_timeout: seconds to reach it
    :param float answer_timeout: seconds to answer
    :param int max_bytes: size of the largest answer that is read
    :param tls: special settings of certificates, or None: ``context()`` returns an
        ``ssl.SSLContext``; if ``authorities`` is true, the context trusts its own
        authorities and no public one
    """

    def __init__(self, base_url, connect_timeout, answer_timeout, max_bytes, tls=None):
        self._base_url = base_url
        self._seconds = connect_timeout + answer_timeout
        self._max_bytes = max_bytes
        self._session = _Session()
        adapter = _Adapter(connect_timeout, answer_timeout, tls)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Close the connection."""
        self._session.close()

    def request(self, method, path, body=None, headers=None, in_time=None):
        """Call once.

        :param str method: of HTTP
        :param str path: below the base URL; if empty, the base URL itself is called
        :param bytes body: sent unchanged
        :param dict headers: besides those every request has
        :param in_time: a function that is called first, and again when the connection
            is open and only the body is missing; the body is sent only if it returns
            true
        :rtype: Reply
        """
        if in_time and not in_time():
            return Reply(problem=LATE)
        with _Call(self._seconds) as call:
            reply = self._exchange(
                method,
                self._base_url.rstrip("/") + path if path else self._base_url,
                _Body(body, in_time) if body and in_time else body,
                headers or {},
            )
            if reply.problem:
                call.cut()
        if call.expired and reply.may_have_arrived:
            # An answer without a length looks complete when it is cut.
            return replace(reply, content=None, problem=LOST)
        return reply

    def _exchange(self, method, url, body, headers):
        try:
            with self._session.request(
                method,
                url,
                data=body,
                # Compressed answers could be much larger than they look.
                headers={**headers, "Accept-Encoding": "identity"},
                allow_redirects=False,
                stream=True,
            ) as response:
                content, problem = self._content(response.raw)
                if not 200 <= response.status_code < 500:
                    # SPAR closes the connection after an error; the next request on it
                    # would be lost. After a preliminary answer the real one would be
                    # read as that to the next request.
                    self._session.close()
                return Reply(
                    response.status_code, response.headers, content, problem, True
                )
        except _TooLate:
            return Reply(problem=LATE)
        except _NoAuthorities:
            return Reply(problem=UNTRUSTED)
        except _NO_ADDRESS:
            return Reply(problem=REFUSED)
        except requests.exceptions.ConnectTimeout:
            return Reply(problem=TIMEOUT)
        except requests.exceptions.ConnectionError as error:
            code = _not_sent_code(error)
            return Reply(problem=code or CUT, may_have_arrived=not code)
        except (OSError, ValueError, urllib3.exceptions.HTTPError):
            # Also what is none of requests' own errors: it leaves some to its callers.
            return Reply(problem=LOST, may_have_arrived=True)

    def _content(self, raw):
        """Return the body and the problem; one of them is None."""
        # read1 returns the bytes that have arrived, read waits for the full number.
        # urllib3 has it from 2.1 on.
        read = getattr(raw, "read1", raw.read)
        content = bytearray()
        try:
            while chunk := read(PIECE):
                content += chunk
                if len(content) > self._max_bytes:
                    return None, TOO_LARGE
        except urllib3.exceptions.TimeoutError:
            return None, LOST
        except urllib3.exceptions.HTTPError:
            return None, CUT
        # urllib3 1.26 does not detect an answer shorter than announced.
        return (None, CUT) if raw.length_remaining else (bytes(content), None)


# === DEADLINE === #


class _Call:
    """The deadline of one call: when the time is over, its connection is shut down.

    The timeouts of a socket are per read, so a server that drips bytes outlasts them.

    :param float seconds: how long the call may take
    """

    def __init__(self, seconds):
        self.expired = False
        self._over = False
        self._line = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._expire)
        # The process may end without waiting for it.
        self._timer.daemon = True

    def __enter__(self):
        _current.call = self
        self._timer.start()
        return self

    def __exit__(self, *exception):
        _current.call = None
        self._timer.cancel()
        with self._lock:
            self._over = True
            self._release()

    def hold(self, connected):
        """Shut this socket down when the time is over.

        A copy is kept, because TLS replaces the socket, and http.client drops it while
        the answer is still being read.

        :param connected: a socket, or an object with its ``fileno``
        :return: whether there is any time left
        """
        with self._lock:
            self._release()
            self._line = socket.socket(fileno=os.dup(connected.fileno()))
            return not self.expired

    def cut(self):
        """Stop the system from sending the rest of the request."""
        with self._lock:
            self._cut()

    def _expire(self):
        with self._lock:
            if not self._over:
                self.expired = True
                self._cut()

    def _cut(self):
        if self._line:
            with suppress(OSError):
                # Without it the system would go on sending its buffer, even after the
                # connection was closed.
                linger = struct.pack("ii", 1, 0)
                self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self._line.shutdown(socket.SHUT_RDWR)

    def _release(self):
        if self._line:
            self._line.close()
            self._line = None


class _Watched:
    """Mixin of a connection that passes its socket to the current call."""

    def _new_conn(self):
        connected = super()._new_conn()
        self._show(connected)
        return connected

    def request(self, *arguments, **options):
        if self.sock is not None:
            self._show(self.sock)
        return super().request(*arguments, **options)

    def _show(self, connected):
        call = getattr(_current, "call", None)
        if call and not call.hold(connected):
            # Nothing of the request has been sent on it.
            connected.close()
            raise urllib3.exceptions.ConnectTimeoutError(self, "no time is left")


@cache
def _watched(pool):
    """Return a class of connection pools whose connections are :class:`_Watched`."""
    plain = pool.ConnectionCls
    if issubclass(plain, _Watched):
        return pool
    connection = type(plain.__name__, (_Watched, plain), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


# === PARTS OF REQUESTS === #


class _TooLate(Exception):
    """There is no time left to send the body."""


class _NoAuthorities(Exception):
    """The file of the authorities to trust is not there."""


class _Body:
    """A body that checks the deadline at the last moment before it is sent.

    Connecting takes time, and a process may be stopped. A server does not process a
    request before it has the body.

    :param bytes content: of the body
    :param in_time: as for :meth:`HttpClient.request`
    """

    def __init__(self, content, in_time):
        self._rest, self._in_time = content, in_time
        self._length = len(content)

    def __len__(self):
        return self._length

    def __iter__(self):
        # By this requests detects a file.
        return iter([self.read()])

    # Not the method of Odoo's models.
    def read(self, _size=-1):  # pylint: disable=method-required-super
        """Return the whole body at the first call, so that it is sent at once."""
        content, self._rest = self._rest, b""
        if content and not self._in_time():
            raise _TooLate
        return content


class _Session(requests.Session):
    """A session without passwords of this machine and without redirects."""

    def __init__(self):
        super().__init__()
        # Otherwise requests sends a password for this host from a .netrc file.
        self.auth = lambda request: request

    def get_redirect_target(self, resp):
        """Return None: a redirected request would carry its data to another server.

        Without this, requests reads the whole body of a redirect, however large.
        """
        return None


class _Adapter(requests.adapters.HTTPAdapter):
    """Sets the time limits and certificates of every request.

    :param float connect_timeout: seconds
    :param float read_timeout: seconds between two pieces of an answer
    :param tls: as for :class:`HttpClient`
    """

    def __init__(self, connect_timeout, read_timeout, tls):
        self._timeout = connect_timeout, read_timeout
        self._context = tls.context() if tls else None
        if self._context and urllib3.__version__.startswith("1."):
            # It does not pass a host that is an IP address to OpenSSL, which would
            # fail; it compares names itself when OpenSSL does not.
            self._context.check_hostname = False
        self._trusts_own = bool(tls and tls.authorities)
        super().__init__()

    def send(self, request, **options):
        return super().send(request, **{**options, "timeout": self._timeout})

    def init_poolmanager(self, *args, **options):
        nothing = super().init_poolmanager(*args, **self._with_context(options))
        self._watch(self.poolmanager)
        return nothing

    def proxy_manager_for(self, proxy, **options):
        manager = super().proxy_manager_for(proxy, **self._with_context(options))
        return self._watch(manager)

    def _watch(self, manager):
        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {
            scheme: _watched(pool) for scheme, pool in pools.items()
        }
        return manager

    def _with_context(self, options):
        return {**options, "ssl_context": self._context} if self._context else options

    # Otherwise the public authorities would be trusted besides the server's own.

    def cert_verify(self, conn, url, verify, cert):
        if not self._trusts_own:
            try:
                return super().cert_verify(conn, url, verify, cert)
            except OSError:
                # Before a connection is opened.
                raise _NoAuthorities from None
        conn.cert_reqs = "CERT_REQUIRED"
        return None

    def build_connection_pool_key_attributes(self, request, verify, cert=None):
        verify = True if self._trusts_own else verify
        return super().build_connection_pool_key_attributes(request, verify, cert)


def _not_sent_code(error):
    """Return why the server cannot have got the request, or None if it may have.

    In the first case it is safe to send the request again.
    """
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, urllib3.exceptions.ProxyError):
        reason = reason.original_error
    if isinstance(reason, urllib3.exceptions.SSLError):
        # Only a refused certificate is certain to come before the request.
        return UNTRUSTED if isinstance(reason.args[0], _UNTRUSTED) else None
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return REFUSED
    slow = isinstance(reason, urllib3.exceptions.ConnectTimeoutError)
    return TIMEOUT if slow else None
