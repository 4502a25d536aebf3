"""What goes wrong with the stand-in, on demand."""

#: Faults that do the work, and those that do not.
KINDS = (
    "cut_after",
    "cut_before",
    "delay",
    "delay_after",
    "garbage",
    "keys_down",
    "late",
    "partial",
    "refuse",
    "reject",
    "reorder",
    "status",
)


class Fault:
    """Something that goes wrong with requests.

    :param str name: by which it is counted.
    :param str kind: one of :data:`KINDS`: the connection is cut after or before the
        work (``cut_after``, ``cut_before``); the request waits before or after it
        (``delay``, ``delay_after``) for ``seconds``; nonsense is answered after it
        (``garbage``); SPAR's key service is down, or hangs when there are ``seconds``
        (``keys_down``); the connection is cut and the work done ``seconds`` later
        (``late``); one answer is left out (``partial``); the answers come in another
        order (``reorder``); the items with these ``ids`` are refused with the reason
        ``code`` (``refuse``); the whole request is refused with the reason ``code`` and
        no list (``reject``); nothing is done but to answer an HTTP ``code``, with
        ``retry_after`` (``status``).
    :param int count: how many requests it meets; by default all that match.
    :param float rate: with what probability it meets one that matches.
    :param str operation: only this one.
    :param list ids: only requests that hold one of these SPAR IDs.
    """

    def __init__(
        self,
        kind,
        name=None,
        count=None,
        rate=1.0,
        operation=None,
        ids=None,
        seconds=0.0,
        code=500,
        retry_after=None,
    ):
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind}")
        self.kind, self.name = kind, name or kind
        self.left, self.rate = count, rate
        self.operation, self.ids = operation, set(ids or ())
        self.seconds, self.code, self.retry_after = seconds, code, retry_after
        self.fired = 0

    def meets(self, operation, items, chance):
        """Whether it happens to this request; then it has fired."""
        if self.left == 0 or self.operation not in (None, operation):
            return False
        if self.ids and not self.ids & {item.get("id") for item in items}:
            return False
        if chance.random() >= self.rate:
            return False
        if self.left is not None:
            self.left -= 1
        self.fired += 1
        return True
