"""Items, results and answers: the same for all versions of SPAR."""

from dataclasses import dataclass, field
from enum import Enum


class Outcome(Enum):
    """The class of an answer; each has one consequence in the engine."""

    #: SPAR did what was requested.
    DONE = "done"
    #: The ID is already linked, although a link was sent, or not linked, although an
    #: update was sent. SPAR has one reason code for both; the operation decides which.
    SWAP = "swap"
    #: SPAR did nothing, or failed, and the same request may succeed later.
    TRANSIENT = "transient"
    #: It is unknown whether SPAR did it: resolve before anything else is sent.
    AMBIGUOUS = "ambiguous"
    #: SPAR does not accept our signature. A broken key service at SPAR looks the same.
    PARTNER = "partner"
    #: SPAR refuses this item; it would refuse it again.
    REFUSED = "refused"
    #: SPAR refuses the request as a whole; one item may be the cause.
    BATCH_REFUSED = "batch_refused"


@dataclass(frozen=True)
class Item:
    """One registrant's part of a request.

    ``fa`` and ``strategy_number`` are for link and update, and so are ``name`` and
    ``phone``, which are left out of the request when they are empty. ``parts`` is the
    same address in its parts, by SPAR's names for them; SPAR 2.x is sent those.
    ``reference_id`` is unique among all requests; answers are matched by nothing else.
    """

    reference_id: str
    spar_id: str
    fa: str = ""
    strategy_number: int | None = None
    name: str = ""
    phone: str = ""
    parts: dict | None = field(default=None, hash=False)

    def __repr__(self):
        # The address must not reach a log or a traceback.
        return f"<Item {self.reference_id}>"


@dataclass(frozen=True)
class Result:
    """The outcome of one item.

    ``code`` is SPAR's reason code, or a code of ours for a failure of HTTP or of the
    connection (such as ``http.503``). After a resolve, ``linked`` says whether SPAR has
    the ID, ``fa`` which address it holds and ``strategy_number`` which strategy that
    was written with; None is unknown.
    """

    outcome: Outcome
    code: str = ""
    linked: bool | None = None
    fa: str | None = field(default=None, repr=False)
    strategy_number: int | None = None


@dataclass(frozen=True)
class Answer:
    """The outcome of a request: one :class:`Result` per reference ID sent.

    ``retry_after`` is how many seconds SPAR asked to wait, if it did.
    """

    results: dict
    retry_after: int | None = None

    @property
    def refuses_partner(self):
        """Whether SPAR refused the partner rather than an item."""
        return any(r.outcome == Outcome.PARTNER for r in self.results.values())

    @property
    def failed(self):
        """Whether no item has a definite result, as when SPAR is down."""
        indefinite = Outcome.TRANSIENT, Outcome.AMBIGUOUS
        return all(r.outcome in indefinite for r in self.results.values())

    @property
    def code(self):
        """The reason code of the first item; the same for all when it failed."""
        return next((result.code for result in self.results.values()), "")

    @classmethod
    def same_for_all(cls, items, outcome, code, retry_after=None):
        """Return an answer in which every item has the same result."""
        result = Result(outcome, code)
        return cls({item.reference_id: result for item in items}, retry_after)
