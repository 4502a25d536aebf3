"""The feed of one form, page by page, so that no submission is missed.

It relies on these properties of Central: a filter that contains ``deletedAt`` returns
deleted submissions, too; sorted by date and ID, a page can begin after any submission,
even if others are purged or added meanwhile; reading one submission does not find every
ID that Central accepts, but a filter by date does.
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
#: Seconds by which a timestamp may be later than the answer that contains it.
AHEAD = 60
FORMAT = "%Y-%m-%dT%H:%M:%S.%f"
SUBMITTED = "__system/submissionDate"
#: IDs that can be used in a filter; Central accepts any text as an ID.
PLAIN = re.compile(r"[A-Za-z0-9:-]{1,255}")
#: The oldest first. An edit or a review moves no submission.
ORDER = "__system/submissionDate asc,__id asc"
#: Number of dates in one query; the length of a URL is limited.
DATES = 20


@dataclass(frozen=True)
class Page:
    """One page of the feed.

    ``place`` is where the next page begins, ``until`` the last date in this one, or
    None, and ``left`` the number of submissions after it.
    """

    rows: list
    place: list
    until: str | None
    left: int


class Feed:
    """Reads the submissions of one form.

    ``latest`` is the latest time seen so far by Central's clock, ``now`` the time of
    that clock at the first page, both in Central's format, or None.

    :param ~.client.CentralClient client: sends the queries
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
        """Yield the submissions submitted, edited, reviewed or deleted since a time.

        The oldest comes first, and there is at least one page.

        :param str since: in Central's format
        :param place: where to continue, from an earlier page, or None
        :return: generator of :class:`Page`, its rows :class:`~.rows.Row` and, in their
            place, :class:`~.rows.Unreadable`
        :raise CentralError: when not everything could be read
        """
        return self._pages({"$expand": "*"}, _wanted(since), place)

    def overview(self, place=None):
        """Yield all submissions, deleted or not, without their answers.

        :param place: as for :meth:`changes`
        :return: generator as of :meth:`changes`
        """
        return self._pages({"$select": "__id,__system"}, _wanted(BEGINNING), place)

    def of_dates(self, stamps):
        """Yield the submissions submitted at these times, deleted or not.

        :param stamps: in Central's format
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
            # The count is of the rows after the filter, so without those before the
            # place.
            left = _count(page) - skip - len(rows)
            if left > 0 and not rows:
                raise CentralError(errors.INCOMPLETE)
            stamps = [row.submitted for row in rows if row.submitted]
            if any(one > next_ for one, next_ in pairwise([stamp or "", *stamps])):
                # In another order the rows after a place could not be queried.
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
    """Return the time so many seconds before another, in Central's format.

    :param str stamp: in Central's format
    """
    moment = datetime.strptime(stamp.rstrip("Z"), FORMAT) - timedelta(seconds=seconds)
    return max(_written(moment), BEGINNING)


def _wanted(since):
    """Return a filter for changes since a time.

    All in one query, and always with ``deletedAt``: submissions deleted while pages are
    read would else be missing from the count.
    """
    terms = ("submissionDate", "updatedAt", "deletedAt")
    return " or ".join(f"__system/{term} ge {since}" for term in terms)


def _after(stamp, instance_id, wanted):
    """Return a filter for the submissions after one in the feed's order."""
    if not stamp:
        return wanted
    later = f"{SUBMITTED} gt {stamp}"
    same = f"{SUBMITTED} eq {stamp} and __id gt '{instance_id}'"
    return f"({later} or ({same})) and ({wanted})"


def _place_after(place, rows):
    """Return the place where the page after these rows begins.

    :return: date and ID of the last submission whose ID fits in a filter, and the
        number of those after it
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
