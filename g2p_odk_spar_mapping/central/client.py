"""Questions to one ODK Central, with limits on time and size."""

import json
import ssl
import time
from contextlib import suppress
from urllib.parse import quote, urlencode

import requests
import urllib3
from urllib3.util.retry import Retry

from . import troubles
from .troubles import CentralTrouble

#: A page of 1,000 long submissions is some MB; anything far beyond is not one.
MAX_ANSWER_BYTES = 64 * 1024 * 1024
#: Answers after which the same question may succeed. Central has no other 500 for
#: questions that are well formed.
AGAIN = (429, 500, 502, 503, 504)
TRIES = 4
#: Seconds, at most, between two tries, whatever Central asks for.
LONGEST_WAIT = 60


class CentralClient:
    """Reads from one Central as one web user, who needs no more than to view.

    A session is opened when the first question is asked and ended by :meth:`close`;
    it is opened again once if Central has forgotten it.

    :param str base_url: of Central, without ``/v1``
    :param str email: of the web user
    :param str password: of the web user
    :param float connect_timeout: seconds to reach Central
    :param float answer_timeout: seconds for a whole answer to arrive
    :param float backoff: seconds before the second try; doubled for each later one
    """

    def __init__(
        self,
        base_url,
        email,
        password,
        connect_timeout=5.0,
        answer_timeout=60.0,
        backoff=0.5,
    ):
        self._base_url = base_url.rstrip("/")
        self._email, self._password = email, password
        self._answer_timeout, self._backoff = answer_timeout, backoff
        self._token = None
        self._session = requests.Session()
        # Otherwise a password some file of the server knows for this host is sent.
        self._session.auth = self._authorise
        adapter = _Adapter(connect_timeout, answer_timeout, backoff)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End the session at Central, which would else last a day, and hang up."""
        if self._token:
            # Should that fail, it ends by itself.
            with suppress(CentralTrouble):
                # Not by its token, which does not belong in an address.
                self._once("DELETE", "/v1/sessions/current")
        self._token = None
        self._session.close()

    # === QUESTIONS === #

    def projects(self):
        """Return the projects the user may see, as Central tells them."""
        return self._list("/v1/projects")

    def forms(self, project):
        """Return the published forms of a project, as Central tells them.

        :param int project: its number
        """
        return self._list(f"/v1/projects/{project}/forms")

    def fields(self, project, form):
        """Return the questions of a form, named as in the feed.

        Each has its path in the form as ``raw``: several names may become one in the
        feed, also one after the other.

        :param int project: its number
        :param str form: its ID in XML
        :raise CentralTrouble: also when the form was published anew meanwhile
        """
        path = f"{_form(project, form)}/fields"
        named, own = self._list(path, {"odata": "true"}), self._list(path)
        if [one.get("type") for one in named] != [one.get("type") for one in own]:
            raise CentralTrouble(troubles.GARBLED)
        return [
            {**one, "raw": str(other.get("path") or "")}
            for one, other in zip(named, own, strict=True)
        ]

    def page(self, project, form, parameters):
        """Return one page of submissions.

        :param int project: its number
        :param str form: the form's ID in XML
        :param dict parameters: of OData
        :return: the page, and when Central says it was (an HTTP date, or "")
        :raise CentralTrouble: when there is none
        """
        path = f"{_form(project, form)}.svc/Submissions"
        page, date = self._get(path, parameters)
        if not isinstance(page, dict) or not isinstance(page.get("value"), list):
            raise CentralTrouble(troubles.GARBLED)
        return page, date

    def _list(self, path, parameters=None):
        answer, _date = self._get(path, parameters)
        if not isinstance(answer, list):
            raise CentralTrouble(troubles.GARBLED)
        return answer

    # === SESSION === #

    def _authorise(self, request):
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _log_in(self):
        self._token = None
        login = {"email": self._email, "password": self._password}
        status, _headers, content = self._once("POST", "/v1/sessions", json=login)
        if status in (400, 401):
            raise CentralTrouble(troubles.CREDENTIALS, status)
        if status == 404:
            # Not Central, or one whose users log in elsewhere.
            raise CentralTrouble(troubles.NO_LOGIN, status)
        answer = _read(status, content)
        token = answer.get("token") if isinstance(answer, dict) else None
        if not token or not isinstance(token, str):
            raise CentralTrouble(troubles.GARBLED)
        self._token = token

    def _get(self, path, parameters=None):
        """Return an answer and its date, logged in, anew if need be."""
        fresh = not self._token
        if fresh:
            self._log_in()
        status, headers, content = self._patiently(path, parameters)
        if status == 401 and not fresh:
            self._log_in()
            status, headers, content = self._patiently(path, parameters)
        return _read(status, content), headers.get("Date", "")

    # === HTTP === #

    def _patiently(self, path, parameters):
        """Ask again when an answer breaks off, which no other layer notices."""
        for attempt in range(TRIES - 1):
            try:
                return self._once("GET", path, parameters)
            except CentralTrouble as trouble:
                if trouble.code != troubles.CUT:
                    raise
                time.sleep(self._backoff * 2**attempt)
        return self._once("GET", path, parameters)

    def _once(self, verb, path, parameters=None, **options):
        try:
            with self._session.request(
                verb,
                self._base_url + path + _query(parameters),
                # Compressed answers could be much larger than they look.
                headers={"Accept-Encoding": "identity"},
                # A redirect would carry the token to who knows where.
                allow_redirects=False,
                stream=True,
                **options,
            ) as response:
                return response.status_code, response.headers, self._content(response)
        except requests.exceptions.ConnectTimeout:
            raise CentralTrouble(troubles.UNREACHABLE) from None
        except requests.exceptions.ConnectionError as error:
            raise CentralTrouble(_connection_code(error)) from None
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            TimeoutError,
        ):
            raise CentralTrouble(troubles.CUT) from None

    def _content(self, response):
        """Return the body.

        The session's timeout is per read; a server that drips bytes would outlast it,
        so the whole is timed here.

        :raise TimeoutError: when the body is not complete within the answer timeout
        :raise CentralTrouble: when it is larger than any answer can be
        """
        if response.is_redirect:
            # Nobody reads it, and requests has thrown it away.
            return b""
        deadline = time.monotonic() + self._answer_timeout
        # read1 returns what has come, read waits for all it was asked for.
        read = getattr(response.raw, "read1", response.raw.read)
        content = bytearray()
        while chunk := read(65536):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise CentralTrouble(troubles.TOO_LARGE)
            if time.monotonic() > deadline:
                raise TimeoutError
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and len(content) < int(declared):
            raise CentralTrouble(troubles.CUT)
        return bytes(content)


class _Adapter(requests.adapters.HTTPAdapter):
    """Gives every request its time limits, and questions more than one try."""

    def __init__(self, connect_timeout, read_timeout, backoff):
        super().__init__(
            max_retries=_Retry(
                total=TRIES - 1,
                status_forcelist=AGAIN,
                allowed_methods={"GET"},
                backoff_factor=backoff,
                raise_on_status=False,
            )
        )
        self._timeout = connect_timeout, read_timeout

    def send(self, request, **options):
        return super().send(request, **{**options, "timeout": self._timeout})


class _Retry(Retry):
    """Waits as long as Central asks for, within reason."""

    def get_retry_after(self, response):
        wait = super().get_retry_after(response)
        return wait if wait is None else min(wait, LONGEST_WAIT)


def _query(parameters):
    """Return parameters as Central reads them: a space is no plus sign."""
    return f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""


def _form(project, form):
    return f"/v1/projects/{int(project)}/forms/{quote(form, safe='')}"


def _read(status, content):
    """Return what an answer says.

    :raise CentralTrouble: when it says that something is wrong
    """
    if status == 200:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise CentralTrouble(troubles.GARBLED) from None
    if status in (401, 403, 404):
        code = {
            401: troubles.CREDENTIALS,
            403: troubles.FORBIDDEN,
            404: troubles.MISSING,
        }[status]
    elif 300 <= status < 400:
        code = troubles.REDIRECTED
    elif status in (408, 425, 429) or status >= 500:
        code = troubles.REFUSED if status == 501 else troubles.BUSY
    else:
        code = troubles.REFUSED
    raise CentralTrouble(code, status)


def _connection_code(error):
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, urllib3.exceptions.SSLError):
        refused = isinstance(reason.args[0], ssl.SSLCertVerificationError)
        return troubles.UNTRUSTED if refused else troubles.UNREACHABLE
    return troubles.UNREACHABLE
