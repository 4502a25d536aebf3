"""The feed of one form, page by page, so that nothing is passed over.

Facts of Central this rests on: a filter that mentions ``deletedAt`` shows deleted
submissions, too; paging by token goes from the newest to the oldest and is not
disturbed by what comes in meanwhile; but when the submission a token names is purged,
the next page is empty without a word. So what was read is compared with the count.
"""

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

from . import troubles
from .rows import Unreadable, read_row
from .troubles import CentralTrouble

BEGINNING = "1970-01-01T00:00:00.000Z"
#: Seconds by which a moment may be after the answer that tells it.
AHEAD = 60
FORMAT = "%Y-%m-%dT%H:%M:%S.%f"


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

    def changes(self, since):
        """Yield what was submitted, edited, reviewed or deleted since a moment.

        :param str since: as Central writes moments
        :return: generator of lists of :class:`~.rows.Row` and, in their place, of
            :class:`~.rows.Unreadable`
        :raise CentralTrouble: when not everything could be read
        """
        return self._pages({"$filter": _wanted(since), "$expand": "*"}, True)

    def overview(self):
        """Yield everything there is, deleted or not, without its answers.

        :return: generator as of :meth:`changes`
        """
        wanted = _wanted(BEGINNING)
        return self._pages({"$filter": wanted, "$select": "__id,__system"}, False)

    def samples(self, number):
        """Return the newest submissions.

        :param int number: how many
        :return: list of :class:`~.rows.Row`; those that cannot be read are left out
        """
        page, _date = self._client.page(
            *self._where, {"$expand": "*", "$top": str(number)}
        )
        return [row for row in self._rows(page, True) if not _is_unreadable(row)]

    def one(self, instance_id):
        """Return one submission, or None when it is deleted or was never there.

        :param str instance_id: without ``'``
        :rtype: ~.rows.Row
        :raise ~.rows.Unreadable: when it cannot be staged
        """
        raw = self._client.submission(*self._where, instance_id)
        return raw and read_row(raw)

    def reached(self, before):
        """Return up to when everything was read.

        :param before: what it was before, or None
        :return: a moment as Central writes them, or None
        """
        seen = max(filter(None, (self.latest, before)), default=None)
        if seen and self.now and seen > earlier(self.now, -AHEAD):
            # Central's clock was ahead for a while: wait for no future.
            return self.now
        return seen

    def _pages(self, parameters, with_data):
        parameters = {**parameters, "$top": str(self._page_size), "$count": "true"}
        count, read, token = None, 0, None
        while True:
            page, date = self._client.page(*self._where, parameters)
            if count is None:
                count = _count(page)
                self.now = _as_stamp(date)
            rows = self._rows(page, with_data)
            read += len(rows)
            if rows:
                yield rows
            before, token = token, _token(page)
            if not token or not rows:
                break
            if token == before:
                raise CentralTrouble(troubles.GARBLED)
            parameters["$skiptoken"] = token
        if read < count:
            raise CentralTrouble(troubles.INCOMPLETE)

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


def _count(page):
    count = page.get("@odata.count")
    if not isinstance(count, int):
        raise CentralTrouble(troubles.GARBLED)
    return count


def _token(page):
    """Return where the next page begins, or None.

    Nothing else is taken from the link: its host is what somebody once configured.
    """
    query = parse_qs(urlsplit(str(page.get("@odata.nextLink") or "")).query)
    return query.get("$skiptoken", [None])[0]


def _as_stamp(date):
    try:
        return _written(parsedate_to_datetime(date).astimezone(timezone.utc))
    except (ValueError, TypeError):
        return None


def _written(moment):
    return moment.strftime(FORMAT)[:-3] + "Z"


def _is_unreadable(row):
    return isinstance(row, Unreadable)
