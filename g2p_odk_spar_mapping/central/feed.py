"""The feed of one form, page by page, so that nothing is passed over.

Facts of Central this rests on: a filter that mentions ``deletedAt`` shows deleted
submissions, too; sorted by date and ID, a page can begin after any submission, whatever
is purged or comes in meanwhile; its read of one submission does not find every ID it
accepts, but a filter by date does.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from itertools import pairwise

from . import errors
from .errors import CentralError
from .rows import Unreadable, read_row

BEGINNING = "1970-01-01T00:00:00.000Z"
#: Seconds by which a moment may be after the answer that tells it.
AHEAD = 60
FORMAT = "%Y-%m-%dT%H:%M:%S.%f"
SUBMITTED = "__system/submissionDate"
#: IDs that can stand in a question; Central accepts any text as one.
PLAIN = re.compile(r"[A-Za-z0-9:-]{1,255}")
#: The oldest first. An edit or a review moves no submission.
ORDER = "__system/submissionDate asc,__id asc"
#: How many dates are asked for in one question; an address may not be too long.
DATES = 20


@dataclass(frozen=True)
class Page:
    """One page of the feed.

    ``place`` is where the next one begins, ``until`` the last date in this one, or
    None, and ``left`` how many submissions come after it.
    """

    rows: list
    place: list
    until: str | None
    left: int


class Feed:
    """Reads the submissions of one form.

    ``latest`` is the last moment seen so far by Central's clock, ``now`` what that
    clock showed at the first page, both as Central writes moments, or None.

    :param ~.client.CentralClient client: asks
    :param int project: its number
    :param str form: its ID in XML
    :param int page_size: submissions in one answer
    """

    def __init__(self, client, project, form, page_size):
        self._client = client
        self._where = project, form
        self._page_size = page_size
        self.latest = self.now = None

    def changes(self, since, place=None):
        """Yield what was submitted, edited, reviewed or deleted since a moment.

        The oldest comes first, and there is at least one page.

        :param str since: as Central writes moments
        :param place: where to go on, as an earlier page said, or None
        :return: generator of :class:`Page`, its rows :class:`~.rows.Row` and, in their
            place, :class:`~.rows.Unreadable`
        :raise CentralError: when not everything could be read
        """
        return self._pages({"$expand": "*"}, _wanted(since), place)

    def overview(self, place=None):
        """Yield everything there is, deleted or not, without its answers.

        :param place: as for :meth:`changes`
        :return: generator as of :meth:`changes`
        """
        return self._pages({"$select": "__id,__system"}, _wanted(BEGINNING), place)

    def of_dates(self, stamps):
        """Yield what was submitted at these moments, deleted or not.

        :param stamps: as Central writes moments
        :return: generator of rows as of :meth:`changes`
        """
        stamps = sorted(set(stamps))
        for start in range(0, len(stamps), DATES):
            terms = (f"{SUBMITTED} eq {s}" for s in stamps[start : start + DATES])
            wanted = f"({' or '.join(terms)}) and ({_wanted(BEGINNING)})"
            for page in self._pages({"$expand": "*"}, wanted, None):
                yield from page.rows

    def samples(self, number):
        """Return the newest submissions.

        :param int number: how many
        :return: list of :class:`~.rows.Row`; those that cannot be read are left out
        """
        page, _date = self._client.page(
            *self._where, {"$expand": "*", "$top": str(number)}
        )
        return [row for row in self._rows(page, True) if not _is_unreadable(row)]

    def _pages(self, parameters, wanted, place):
        with_data = "$expand" in parameters
        parameters = {**parameters, "$orderby": ORDER, "$count": "true"}
        parameters["$top"] = str(self._page_size)
        while True:
            stamp, instance_id, skip = place or (None, None, 0)
            parameters["$filter"] = _after(stamp, instance_id, wanted)
            parameters["$skip"] = str(skip)
            page, date = self._client.page(*self._where, parameters)
            self.now = self.now or _as_stamp(date)
            rows = self._rows(page, with_data)
            # The count is of what the filter shows, and so without those before.
            left = _count(page) - skip - len(rows)
            if left > 0 and not rows:
                raise CentralError(errors.INCOMPLETE)
            stamps = [row.submitted for row in rows if row.submitted]
            if any(one > next_ for one, next_ in pairwise([stamp or "", *stamps])):
                # Sorted otherwise, what comes after a place could not be asked for.
                raise CentralError(errors.GARBLED)
            place = _place_after(place, rows)
            yield Page(rows, place, max(stamps, default=stamp), max(left, 0))
            if left <= 0:
                return

    def _rows(self, page, with_data):
        rows = []
        for raw in page["value"]:
            try:
                row = read_row(raw, with_data)
                self.latest = max(self.latest or BEGINNING, row.latest)
            except Unreadable as unreadable:
                row = unreadable
            rows.append(row)
        return rows


def earlier(stamp, seconds):
    """Return a moment so many seconds before another, as Central writes moments.

    :param str stamp: as Central writes moments
    """
    moment = datetime.strptime(stamp.rstrip("Z"), FORMAT) - timedelta(seconds=seconds)
    return max(_written(moment), BEGINNING)


def _wanted(since):
    """Return a filter for what happened since a moment.

    All in one question, and never without ``deletedAt``: what is deleted while pages
    are read would else be missing from the count.
    """
    terms = ("submissionDate", "updatedAt", "deletedAt")
    return " or ".join(f"__system/{term} ge {since}" for term in terms)


def _after(stamp, instance_id, wanted):
    """Return a filter for what comes after one submission in the feed's order."""
    if not stamp:
        return wanted
    later = f"{SUBMITTED} gt {stamp}"
    same = f"{SUBMITTED} eq {stamp} and __id gt '{instance_id}'"
    return f"({later} or ({same})) and ({wanted})"


def _place_after(place, rows):
    """Return where the page after these rows begins.

    :return: date and ID of the last submission that can be named, and how many come
        after it that cannot
    """
    stamp, instance_id, skip = place or (None, None, 0)
    for row in rows:
        skip += 1
        if row.submitted and PLAIN.fullmatch(row.instance_id or ""):
            stamp, instance_id, skip = row.submitted, row.instance_id, 0
    return [stamp, instance_id, skip]


def _count(page):
    count = page.get("@odata.count")
    if not isinstance(count, int):
        raise CentralError(errors.GARBLED)
    return count


def _as_stamp(date):
    try:
        return _written(parsedate_to_datetime(date).astimezone(timezone.utc))
    except (ValueError, TypeError):
        return None


def _written(moment):
    return moment.strftime(FORMAT)[:-3] + "Z"


def _is_unreadable(row):
    return isinstance(row, Unreadable)
