"""Queries to one ODK Central, through an HTTP client that the caller makes.

The client has ``request(verb, path, body, headers)``, which returns a reply and never
raises, and ``close()``. Its reply has ``status``, ``headers``, ``content``,
``retry_after``, ``problem`` (a code, or None) and ``may_have_arrived``.
"""

import json
import time
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from . import errors
from .errors import CentralError

#: A page of 1,000 long submissions has some MB; much larger answers are refused.
MAX_ANSWER_BYTES = 64 * 1024 * 1024
#: Answers after which the same query may succeed. For well-formed queries Central has
#: no other 500.
AGAIN = (429, 500, 502, 503, 504)
TRIES = 4
#: Seconds, at most, between two tries, even if Central demands more.
LONGEST_WAIT = 60

# Problems of the HTTP client; all others mean that Central cannot be reached.
UNTRUSTED = "connect.untrusted"
TOO_LARGE = "answer.too_large"
_PROBLEMS = {
    UNTRUSTED: errors.UNTRUSTED,
    TOO_LARGE: errors.TOO_LARGE,
    "answer.cut": errors.CUT,
    "answer.lost": errors.CUT,
}


class CentralClient:
    """Reads from one Central as one web user, who only needs the right to view.

    The first query opens a session, and :meth:`close` ends it; it is opened again once
    if Central has ended it.

    :param http: the HTTP client, see above, for Central's address without ``/v1``; it
        is closed with this client
    :param str email: of the web user
    :param str password: of the web user
    :param float backoff: seconds before the second try; doubled for each later one
    """

    def __init__(self, http, email, password, backoff=0.5):
        self._http = http
        self._email, self._password = email, password
        self._backoff = backoff
        self._token = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End the session at Central, which else lasts a day, and the connection."""
        if self._token:
            # Not by its token, which must not be in a URL. If this fails, the session
            # expires.
            self._once("DELETE", "/v1/sessions/current")
        self._token = None
        self._http.close()

    # === QUESTIONS === #

    def projects(self):
        """Return the projects the user may see, as Central lists them."""
        return self._list("/v1/projects")

    def forms(self, project):
        """Return the published forms of a project, as Central lists them.

        :param int project: its number
        """
        found = self._list(f"/v1/projects/{project}/forms")
        # Users who may change forms are also shown drafts.
        return [form for form in found if form.get("publishedAt")]

    def fields(self, project, form):
        """Return the questions of a form, named as in the feed.

        Each has its path in the form as ``raw``: several names may become the same in
        the feed, also in successive versions.

        :param int project: its number
        :param str form: its ID in XML
        :raise CentralError: also when the form was published again meanwhile
        """
        path = f"{_form(project, form)}/fields"
        with self._of_form(project, form):
            named, own = self._list(path, {"odata": "true"}), self._list(path)
        if [one.get("type") for one in named] != [one.get("type") for one in own]:
            raise CentralError(errors.GARBLED)
        return [
            {**one, "raw": str(other.get("path") or "")}
            for one, other in zip(named, own, strict=True)
        ]

    def definition(self, project, form):
        """Return a form's current definition, an XForm.

        :param int project: its number
        :param str form: the form's ID in XML
        :rtype: bytes
        """
        reply = self._reply(f"{_form(project, form)}.xml")
        if reply.status != 200:
            raise _refusal(reply.status)
        return reply.content

    def page(self, project, form, parameters):
        """Return one page of submissions.

        :param int project: its number
        :param str form: the form's ID in XML
        :param dict parameters: of OData
        :return: the page, and Central's time of the answer (an HTTP date, or "")
        :raise CentralError: when there is none
        """
        with self._of_form(project, form):
            page, date = self._get(_table(project, form), parameters)
        if not isinstance(page, dict) or not isinstance(page.get("value"), list):
            raise CentralError(errors.GARBLED)
        return page, date

    @contextmanager
    def _of_form(self, project, form):
        """Tell a form that is only a draft from one that is missing or not allowed.

        :raise CentralError: ``unpublished`` in place of these two
        """
        try:
            yield
        except CentralError as trouble:
            if trouble.code in (errors.FORBIDDEN, errors.MISSING):
                self._check_published(project, form)
            raise

    def _check_published(self, project, form):
        # A draft has no table of submissions, for any user; the form itself is there,
        # though only users who may change it see it.
        table = self._reply(_table(project, form) + _query({"$top": "0"}))
        if table.status != 404:
            return
        # Whether Central answers at all is another question.
        if self._reply(_form(project, form)).status in (200, 403):
            raise CentralError(errors.UNPUBLISHED, table.status) from None

    def _list(self, path, parameters=None):
        answer, _date = self._get(path, parameters)
        if not isinstance(answer, list):
            raise CentralError(errors.GARBLED)
        return answer

    # === SESSION === #

    def _log_in(self):
        self._token = None
        login = json.dumps({"email": self._email, "password": self._password})
        reply = self._patiently("POST", "/v1/sessions", login.encode())
        status = reply.status
        if status in (400, 401):
            raise CentralError(errors.CREDENTIALS, status)
        if status == 404:
            # Not Central, or one where users sign in at another service. That has no
            # login with a password, and leads browsers on to the service.
            other = self._patiently("GET", "/v1/oidc/login").status
            is_central = 300 <= other < 400
            code = errors.SIGN_ON if is_central else errors.NO_LOGIN
            raise CentralError(code, status)
        answer = _read(status, reply.content)
        token = answer.get("token") if isinstance(answer, dict) else None
        if not token or not isinstance(token, str):
            raise CentralError(errors.GARBLED)
        self._token = token

    def _get(self, path, parameters=None):
        """Return an answer and its date."""
        reply = self._reply(path + _query(parameters))
        return _read(reply.status, reply.content), reply.headers.get("Date", "")

    def _reply(self, path):
        """Return Central's reply; log in first, or again, if needed."""
        fresh = not self._token
        if fresh:
            self._log_in()
        reply = self._patiently("GET", path)
        if reply.status == 401 and not fresh:
            self._log_in()
            reply = self._patiently("GET", path)
        return reply

    # === HTTP === #

    def _patiently(self, verb, path, body=None):
        """Send a query, and repeat it while that is safe and may help.

        :return: the HTTP client's reply
        :raise CentralError: when there is no answer
        """
        for attempt in range(TRIES):
            reply = self._once(verb, path, body)
            if attempt == TRIES - 1 or not _may_succeed_later(verb, reply):
                break
            wait = reply.retry_after
            if wait is None:
                wait = self._backoff * 2**attempt
            time.sleep(min(wait, LONGEST_WAIT))
        if reply.problem:
            raise CentralError(_PROBLEMS.get(reply.problem, errors.UNREACHABLE))
        return reply

    def _once(self, verb, path, body=None):
        headers = {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body:
            headers["Content-Type"] = "application/json"
        return self._http.request(verb, path, body, headers)


def _may_succeed_later(verb, reply):
    if reply.problem in (UNTRUSTED, TOO_LARGE):
        return False
    if not reply.may_have_arrived:
        return True
    return verb == "GET" and (reply.problem is not None or reply.status in AGAIN)


def _query(parameters):
    """Return parameters in Central's encoding: a space is not a plus sign."""
    return f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""


def _form(project, form):
    return f"/v1/projects/{int(project)}/forms/{quote(form, safe='')}"


def _table(project, form):
    return f"{_form(project, form)}.svc/Submissions"


def _read(status, content):
    """Return the content of an answer.

    :raise CentralError: when it reports an error
    """
    if status == 200:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise CentralError(errors.GARBLED) from None
    raise _refusal(status)


def _refusal(status):
    """Return the error that a status other than 200 reports."""
    if status in (401, 403, 404):
        code = {
            401: errors.CREDENTIALS,
            403: errors.FORBIDDEN,
            404: errors.MISSING,
        }[status]
    elif 300 <= status < 400:
        code = errors.REDIRECTED
    elif status in (408, 425, 429) or status >= 500:
        code = errors.REFUSED if status == 501 else errors.BUSY
    else:
        code = errors.REFUSED
    return CentralError(code, status)
