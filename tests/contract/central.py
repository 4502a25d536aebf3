"""What the suite relies on in ODK Central: one table, of which every row only reads.

The suite writes nothing to Central, so neither does this. What needs an example, such
as a deleted submission, looks for one in the form and is not run without.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import requests

from .report import Row
from .run import Difference

SEEN = "ODK Central v2026.2.2"
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
#: What may happen to any question.
TROUBLE = (requests.RequestException, *UNREADABLE)
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
#: IDs a filter can name.
PLAIN = re.compile(r"[A-Za-z0-9:-]{1,255}")
#: IDs the reading of one submission finds.
SINGLE = re.compile(r"(?:uuid:)?[a-z0-9-]+", re.IGNORECASE)
SUBMITTED = "__system/submissionDate"
ORDER = f"{SUBMITTED} asc,__id asc"
EVERYTHING = " or ".join(
    f"__system/{name} ge 1970-01-01T00:00:00.000Z"
    for name in ("submissionDate", "updatedAt", "deletedAt")
)
#: Submissions among which examples are looked for.
SAMPLE = 250


class Unreachable(Exception):
    """Central gave no answer, or one that is not Central's."""


class NotAllowed(Exception):
    """Central refuses the user."""


class NoExample(Exception):
    """The form has nothing a row could be tried on."""


class Visitor:
    """A web user of one Central, who reads.

    :param str url: Central's address, without ``/v1``.
    :param str email: of the user.
    :param str password: of the user.
    :param verify: of ``requests``: a file with certificates, or True.
    """

    def __init__(self, url, email, password, verify=True):
        self.url = url
        self._login = {"email": email, "password": password}
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = verify
        self.token = None
        self.project = self.form = None
        self._sample = None

    def log_in(self):
        """Open a session.

        :raises NotAllowed: when the user is refused, with the HTTP status.
        """
        status, answer, _headers = self.post("/v1/sessions", self._login)
        if status in (400, 401, 403, 404):
            raise NotAllowed(status)
        if status != 200 or not isinstance(answer.get("token"), str):
            raise Unreachable(f"HTTP {status}")
        self.token = answer["token"]

    def log_out(self):
        """End the session, if Central can still be reached."""
        if self.token:
            with suppress(requests.RequestException):
                self.request("DELETE", "/v1/sessions/current")
        self.token = None

    def choose(self, project=None, form=None):
        """Choose the form to look at: the first one with submissions, unless told.

        :param int project: its number.
        :param str form: its ID in XML.
        :raises NotAllowed: when there is none.
        """
        projects = [{"id": project}] if project else self.get("/v1/projects")[1]
        found = []
        for one in projects:
            _status, forms, _headers = self.get(f"/v1/projects/{one['id']}/forms")
            found += [
                (one["id"], known["xmlFormId"])
                for known in (forms if isinstance(forms, list) else [])
                if known.get("publishedAt", True) and form in (None, known["xmlFormId"])
            ]
        if not found:
            raise NotAllowed(404)
        readable = []
        for self.project, self.form in found:
            status, page, _headers = self.table({"$top": "0", "$count": "true"})
            if status != 200:
                continue
            if page.get("@odata.count"):
                return
            readable.append((self.project, self.form))
        if not readable:
            raise NotAllowed(403)
        self.project, self.form = readable[0]

    # === QUESTIONS === #

    def request(self, verb, path, content=None, token=None):
        """Send one query; return HTTP status, the parsed answer and the headers."""
        token = token or self.token
        response = self.session.request(
            verb,
            self.url + path,
            json=content,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=60,
            # A password must not follow to another host.
            allow_redirects=False,
        )
        try:
            return response.status_code, response.json(), response.headers
        except ValueError:
            return response.status_code, response.text, response.headers

    def get(self, path, parameters=None, token=None):
        """Ask; return as :meth:`request` does."""
        query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
        return self.request("GET", path + query, token=token)

    def post(self, path, content):
        """Send JSON; return as :meth:`request` does."""
        return self.request("POST", path, content)

    def of_form(self, rest=""):
        """Return the path of the form, or of something of it."""
        return f"/v1/projects/{self.project}/forms/{quote(self.form, safe='')}{rest}"

    def table(self, parameters):
        """Ask for submissions; return as :meth:`request` does."""
        return self.get(self.of_form(".svc/Submissions"), parameters)

    def page(self, parameters):
        """Return a page of submissions."""
        status, answer, _headers = self.table(parameters)
        if status != 200:
            raise ValueError(status)
        return answer

    def ordered(self, **parameters):
        """Return a page of all submissions in the order the suite reads them."""
        named = {f"${name}": text for name, text in parameters.items()}
        return self.page(
            {"$orderby": ORDER, "$filter": EVERYTHING, "$count": "true", **named}
        )

    def sample(self):
        """Return the newest submissions, deleted ones too, with their answers."""
        if self._sample is None:
            asked = {"$filter": EVERYTHING, "$expand": "*", "$top": str(SAMPLE)}
            self._sample = self.page(asked)["value"]
        return self._sample

    def example(self, wanted, what):
        """Return the submissions of the sample that are wanted.

        :param Callable wanted: whether a row is.
        :param str what: what they are called.
        :raises NoExample: when there is none.
        """
        found = [row for row in self.sample() if wanted(row)]
        if not found:
            raise NoExample(f"no {what} among the newest {SAMPLE} submissions")
        return found


@dataclass(frozen=True)
class Fact:
    """One thing the suite relies on.

    :param str section: the part of the table.
    :param str name: what it is about.
    :param str expected: what Central does, in words.
    :param Callable check: gets a :class:`Visitor`, and returns what came in words if
        that is something else, or None.
    :param str meaning: what a difference means.
    :param str seen: the version it was seen on.
    """

    section: str
    name: str
    expected: str
    check: object
    meaning: str
    seen: str = SEEN


def rows_of(visitor):
    """Ask everything the table says.

    :param Visitor visitor: logged in, with a form chosen.
    :return: generator of rows.
    """
    for fact in FACTS:
        yield row_of(fact, visitor)


def row_of(fact, visitor):
    """Ask one row of the table; return what came of it."""
    came, reason = None, None
    try:
        came = fact.check(visitor)
    except NoExample as missing:
        reason = str(missing)
    except (NotAllowed, Unreachable):
        came = "no session is opened any more"
    except requests.RequestException as trouble:
        came = f"no answer ({type(trouble).__name__})"
    except UNREADABLE as trouble:
        # What was in the answer may be about people.
        status = trouble.args[0] if type(trouble) is ValueError else ""
        came = f"HTTP {status}" if isinstance(status, int) else "in another form"
    differences = [Difference("Central", fact.expected, came)] if came else []
    return Row(
        section=fact.section,
        name=fact.name,
        seen=fact.seen,
        expected=fact.expected,
        came=came or fact.expected,
        differences=differences,
        meaning=fact.meaning,
        reason=reason,
    )


def _unless(holds, came):
    """Return what came, unless it holds."""
    return None if holds else came


# === SESSIONS === #


def unknown_user(visitor):
    unknown = {"email": "unknown@example.invalid", "password": "not a password"}
    status, _answer, _headers = visitor.post("/v1/sessions", unknown)
    return _unless(status == 401, f"HTTP {status}")


def unknown_session(visitor):
    status, _answer, _headers = visitor.get("/v1/projects", token="0" * 64)
    return _unless(status == 401, f"HTTP {status}")


def end_of_session(visitor):
    other = Visitor(visitor.url, **visitor._login, verify=visitor.session.verify)
    other.log_in()
    token = other.token
    ended, _answer, _headers = other.request("DELETE", "/v1/sessions/current")
    status, _answer, _headers = visitor.get("/v1/projects", token=token)
    return _unless((ended, status) == (200, 401), f"HTTP {ended}, then HTTP {status}")


# === PROJECTS AND FORMS === #


def projects(visitor):
    _status, found, _headers = visitor.get("/v1/projects")
    good = found and all(_typed(one, id=int, name=str) for one in found)
    return _unless(good, "a list without them")


def forms(visitor):
    _status, found, _headers = visitor.get(f"/v1/projects/{visitor.project}/forms")
    good = found and all(_typed(one, xmlFormId=str) for one in found)
    return _unless(good, "a list without them")


def drafts(visitor):
    _status, found, _headers = visitor.get(f"/v1/projects/{visitor.project}/forms")
    only = [one for one in found if "publishedAt" in one and not one["publishedAt"]]
    if not only:
        raise NoExample("this user sees no form that is only a draft")
    draft = quote(only[0]["xmlFormId"], safe="")
    path = f"/v1/projects/{visitor.project}/forms/{draft}.svc/Submissions"
    status, _answer, _headers = visitor.get(path, {"$top": "0"})
    return _unless(status == 404, f"HTTP {status}")


def questions(visitor):
    _status, named, _headers = visitor.get(
        visitor.of_form("/fields"), {"odata": "true"}
    )
    _status, own, _headers = visitor.get(visitor.of_form("/fields"))
    good = named and all(_typed(o, path=str, name=str, type=str) for o in named + own)
    types = [[one["type"] for one in found] for found in (named, own)]
    return _unless(good and types[0] == types[1], "two lists that do not fit")


def definition(visitor):
    status, text, _headers = visitor.get(visitor.of_form(".xml"))
    good = isinstance(text, str) and "http://www.w3.org/2002/xforms" in text
    return _unless(status == 200 and good, f"HTTP {status}, no XForm")


def unknown_form(visitor):
    path = f"/v1/projects/{visitor.project}/forms/no-such-form-{'0' * 12}/fields"
    status, _answer, _headers = visitor.get(path)
    return _unless(status == 404, f"HTTP {status}")


# === PAGES === #


def count(visitor):
    page = visitor.ordered(top="1")
    good = isinstance(page["@odata.count"], int) and len(page["value"]) <= 1
    return _unless(good, "another page")


def clock(visitor):
    rows = visitor.sample()
    _status, _answer, headers = visitor.table({"$top": "0"})
    now = f"{parsedate_to_datetime(headers['Date']):%Y-%m-%dT%H:%M:%S}.999Z"
    latest = max((row["__system"]["submissionDate"] for row in rows), default="")
    return _unless(latest <= now, "submissions later than the answer")


def order(visitor):
    dates = [_date(row) for row in _some(visitor.ordered(top="100"))]
    return _unless(dates == sorted(dates), "another order")


def place(visitor):
    for _try in range(3):
        page = visitor.ordered(top="5")
        rows = _some(page)
        number = _last_plain(rows)
        stamp, instance_id = _date(rows[number]), rows[number]["__id"]
        same = f"{SUBMITTED} eq {stamp} and __id gt '{instance_id}'"
        after = f"({SUBMITTED} gt {stamp} or ({same})) and ({EVERYTHING})"
        rest = visitor.ordered(filter=after, top="100")
        known = {row["__id"] for row in rows[: number + 1]}
        again = known & {row["__id"] for row in rest["value"]}
        expected = page["@odata.count"] - number - 1
        if rest["@odata.count"] == expected and not again:
            return None
        if visitor.ordered(top="1")["@odata.count"] == page["@odata.count"]:
            break
        # Meanwhile another one was submitted.
    return f"{rest['@odata.count']} after it instead of {expected}"


def skip(visitor):
    rows = _some(visitor.ordered(top="2"), 2)
    second = visitor.ordered(top="1", skip="1")["value"]
    same = [row["__id"] for row in second] == [rows[1]["__id"]]
    return _unless(same, "another submission")


def by_dates(visitor):
    rows = _some(visitor.ordered(top="2"))[:2]
    dates = {_date(row) for row in rows}
    asked = " or ".join(f"{SUBMITTED} eq {date}" for date in sorted(dates))
    found = visitor.ordered(filter=f"({asked}) and ({EVERYTHING})", top="100")["value"]
    missing = {row["__id"] for row in rows} - {row["__id"] for row in found}
    others = {_date(row) for row in found} - dates
    came = f"{len(missing)} of {len(rows)} not found, {len(others)} other dates"
    return _unless(not missing and not others, came)


def token_and_order(visitor):
    token = _token(visitor.ordered(top="1"))
    status, _answer, _headers = visitor.table(
        {"$orderby": ORDER, "$top": "1", "$skiptoken": token}
    )
    return _unless(status == 501, f"HTTP {status}")


def token_alone(visitor):
    first = visitor.page({"$top": "1"})
    second = visitor.page({"$top": "1", "$skiptoken": _token(first)})
    same = first["value"][0]["__id"] in [row["__id"] for row in second["value"]]
    return _unless(not same, "the same submission again")


# === SUBMISSIONS === #

TEXTS = (
    "reviewState",
    "status",
    "submitterId",
    "submitterName",
    "deviceId",
    "formVersion",
)


def about(visitor):
    for row in visitor.example(lambda _row: True, "submission"):
        system = row["__system"]
        wrong = [
            *(n for n in TEXTS if not isinstance(system[n], str | None)),
            *(n for n in ("updatedAt", "deletedAt") if not _is_stamp(system[n], True)),
            *(n for n in ("submissionDate",) if not _is_stamp(system[n])),
            *(n for n in NUMBERS if not isinstance(system[n], int)),
            *(n for n in ("__id",) if not _is_id(row[n])),
        ]
        if wrong:
            return f"something else in {', '.join(wrong)}"
    return None


NUMBERS = ("edits", "attachmentsExpected", "attachmentsPresent")


def without_answers(visitor):
    rows = _some(visitor.ordered(select="__id,__system", top="10"))
    more = {name for row in rows for name in row} - {"__id", "__system"}
    return _unless(not more, f"{len(more)} more keys")


def entries(visitor):
    _status, found, _headers = visitor.get(
        visitor.of_form("/fields"), {"odata": "true"}
    )
    repeats = [
        one["name"]
        for one in found
        if one["type"] == "repeat" and one["path"].count("/") == 1
    ]
    rows = visitor.example(lambda row: any(n in row for n in repeats), "repeated group")
    lists = [row[name] for row in rows for name in repeats if name in row]
    return _unless(all(isinstance(one, list) for one in lists), "no list")


def encrypted(visitor):
    rows = visitor.example(_is_encrypted, "encrypted submission")
    more = {name for row in rows for name in row} - {"__id", "__system", "meta"}
    return _unless(not more, f"{len(more)} answers")


def deleted(visitor):
    rows = visitor.example(lambda r: r["__system"]["deletedAt"], "deleted submission")
    stamp = _date(rows[0])
    shown = visitor.page({"$filter": f"{SUBMITTED} eq {stamp}"})["value"]
    hidden = rows[0]["__id"] not in [row["__id"] for row in shown]
    return _unless(hidden, "deleted ones without being asked for")


def edited(visitor):
    rows = visitor.example(
        lambda r: r["__system"]["edits"] and not r["__system"]["deletedAt"],
        "edited submission",
    )
    moved = rows[0]["__system"]["updatedAt"]
    if not _is_stamp(moved) or moved < _date(rows[0]):
        return "no later date of change"
    found = visitor.page({"$filter": f"__system/updatedAt ge {moved}"})["value"]
    dates = {row["__id"]: row["__system"]["updatedAt"] for row in found}
    later = rows[0]["__id"] in dates and all((d or "") >= moved for d in dates.values())
    return _unless(later, "others among what has changed since")


def reviewed(visitor):
    rows = visitor.example(lambda r: r["__system"]["reviewState"], "review state")
    others = {row["__system"]["reviewState"] for row in rows} - set(REVIEWS)
    return _unless(not others, f"{len(others)} other state(s)")


REVIEWS = ("edited", "hasIssues", "approved", "rejected")


def single_plain(visitor):
    return _single(visitor, lambda row: SINGLE.fullmatch(row["__id"]), 200)


def single_odd(visitor):
    return _single(visitor, lambda row: not SINGLE.fullmatch(row["__id"]), 404)


def _single(visitor, wanted, expected):
    rows = visitor.example(
        lambda r: wanted(r) and not r["__system"]["deletedAt"],
        f"submission whose ID is {'plain' if expected == 200 else 'unusual'}",
    )
    one = quote(f"('{rows[0]['__id']}')", safe="()'")
    path = visitor.of_form(".svc/Submissions") + one
    status, _answer, _headers = visitor.get(path)
    return _unless(status == expected, f"HTTP {status}")


# === HELPERS === #


def _typed(one, **types):
    return all(isinstance(one.get(name), kind) for name, kind in types.items())


def _is_stamp(text, optional=False):
    return (optional and text is None) or bool(STAMP.fullmatch(text))


def _is_id(text):
    return isinstance(text, str) and 0 < len(text) <= 255


def _is_encrypted(row):
    return row["__system"]["status"] == "notDecrypted"


def _date(row):
    return row["__system"]["submissionDate"]


def _some(page, number=1):
    """Return the rows of a page.

    :raises NoExample: when there are fewer.
    """
    if len(page["value"]) < number:
        few = "no submission" if number == 1 else "only one submission"
        raise NoExample(f"the form has {few}")
    return page["value"]


def _last_plain(rows):
    """Return the place of the last row whose ID a filter can name.

    :raises NoExample: when there is none.
    """
    places = [n for n, row in enumerate(rows) if PLAIN.fullmatch(row["__id"])]
    if not places:
        raise NoExample("no submission with a plain ID among the oldest")
    return places[-1]


def _token(page):
    """Return the token of the next page."""
    if "@odata.nextLink" not in page:
        raise NoExample("the form has only one submission")
    return parse_qs(urlsplit(page["@odata.nextLink"]).query)["$skiptoken"][0]


_FETCH = (
    "The suite fetches submissions so. It could not, or could miss some: registrants' "
    "addresses would stay at Central. Do not use this Central before that is mended."
)
_PAGES = (
    "The suite reads long lists page by page so, also while others are submitted. "
    "Submissions could be missed or read twice. "
) + _FETCH
_LOGIN = (
    "The suite shows by this what is wrong with login. It would show another cause."
)
_NOT_RELIED = (
    "The suite does without it. It shows that this Central is another version than the "
    "one the suite was tested with: look at the other rows."
)
_SETUP = "Managers set a form up by this; the choice of forms or questions stays empty."

FACTS = [
    Fact("Sessions", "an unknown user", "is refused (401)", unknown_user, _LOGIN),
    Fact(
        "Sessions",
        "an unknown or expired session",
        "is refused (401)",
        unknown_session,
        "The suite logs in again after this. Long runs would stop after a day.",
    ),
    Fact(
        "Sessions",
        "a session that is ended",
        "is refused from then on (200, then 401)",
        end_of_session,
        "The suite ends its session after each run. It would stay open for a day.",
    ),
    Fact("Forms", "projects", "are listed by number and name", projects, _SETUP),
    Fact("Forms", "forms of a project", "are listed by their IDs", forms, _SETUP),
    Fact(
        "Forms",
        "a form that is only a draft",
        "has no table of submissions (404)",
        drafts,
        "The suite tells by this that a form must be published first.",
    ),
    Fact(
        "Forms",
        "questions of a form",
        "have the form's names and the feed's, in one order",
        questions,
        _SETUP,
    ),
    Fact(
        "Forms",
        "the definition of a form",
        "is an XForm",
        definition,
        "Questions are shown by their technical names instead of their labels.",
    ),
    Fact("Forms", "an unknown form", "is missing (404)", unknown_form, _LOGIN),
    Fact("Pages", "a page", "says how many there are in all", count, _PAGES),
    Fact(
        "Pages",
        "an answer",
        "says the time by Central's clock",
        clock,
        "The suite asks for changes since a time of this clock, and could miss some.",
    ),
    Fact("Pages", "the order by date and ID", "is kept", order, _PAGES),
    Fact("Pages", "a page after any submission", "is complete", place, _PAGES),
    Fact("Pages", "submissions before a page", "can be skipped", skip, _PAGES),
    Fact("Pages", "submissions of certain dates", "are found alone", by_dates, _FETCH),
    Fact(
        "Pages",
        "a token for the next page, with an order",
        "is refused (501)",
        token_and_order,
        _NOT_RELIED,
    ),
    Fact(
        "Pages",
        "a token for the next page, without an order",
        "leads to other submissions",
        token_alone,
        _NOT_RELIED,
    ),
    Fact(
        "Submissions",
        "each submission",
        "has an ID, dates in UTC with three decimals, and its origin",
        about,
        "Submissions that cannot be read so are set aside, for a person to look at.",
    ),
    Fact(
        "Submissions",
        "a list of IDs",
        "has no answers",
        without_answers,
        "The suite compares by it what is there. It works, but slowly.",
    ),
    Fact("Submissions", "repeated groups", "are lists", entries, _FETCH),
    Fact(
        "Submissions",
        "encrypted submissions",
        "have no answers and say so",
        encrypted,
        "The suite sets them aside. Others could be taken for empty ones.",
    ),
    Fact(
        "Submissions",
        "deleted submissions",
        "come only if they are asked for",
        deleted,
        "The suite asks for them, to say which are gone. What is deleted could be "
        "taken for valid.",
    ),
    Fact(
        "Submissions",
        "edited submissions",
        "have a later date of change, and are found by it",
        edited,
        "Corrections made in Central would not be fetched.",
    ),
    Fact(
        "Submissions",
        "review states",
        "are those the suite knows",
        reviewed,
        "Submissions in another state are treated as not approved.",
    ),
    Fact(
        "Submissions",
        "reading one submission with a plain ID",
        "finds it (200)",
        single_plain,
        _NOT_RELIED,
    ),
    Fact(
        "Submissions",
        "reading one submission with another ID",
        "does not find it (404)",
        single_odd,
        _NOT_RELIED,
    ),
]
