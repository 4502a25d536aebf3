"""The table: what is asked of SPAR, and what each version answers.

The columns are those of :data:`.speaker.COLUMNS`. ``newest`` answers as ``2.1`` does,
but for who it believes; that is in :mod:`.signatures`. The last column is what the
suite's own client must make of it, as the word of its ``Outcome``.
"""

from dataclasses import dataclass, field

from .speaker import COLUMNS, MOMENT

DUPLICATE = "rjct.reference_id.duplicate"
ID_INVALID = "rjct.id.invalid"
FA_INVALID = "rjct.fa.invalid"
NOTHING_ASKED = "rjct.reference_id.invalid"
NOT_LINKED = "succ.fa.not_linked_to_id"
ACTIVE = "succ.id.active"
INTERNAL = "rjct.internal.error"
VALIDATION = "rjct.request.validation"
REQUIRED = "Invalid Input. Field required"
NO_TEXT = "Invalid Input. Input should be a valid string"
CRASH = 500, 1, "Unknown Error."
EMPTY = object()
#: The real version each dialect's rows were run against.
SEEN = {"A": COLUMNS["1.1.0"].seen, "B": COLUMNS["2.1"].seen}


@dataclass(frozen=True)
class Ask:
    """One item of a request.

    :param str id: the SPAR ID; None leaves it out.
    :param fa: number of a wallet, in the form the request takes; or text, or
        :data:`EMPTY`; None leaves it out.
    :param tuple without: fields to leave out.
    :param dict extra: further fields.
    :param dict fa_extra: what is else in a structured address, None for what is not.
    """

    id: str | None
    fa: object = None
    without: tuple = ()
    extra: dict = field(default_factory=dict)
    fa_extra: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One row of the table.

    :param str name: what it shows.
    :param str operation: what is asked.
    :param list asks: the items.
    :param expected: a column's :meth:`.speaker.Speaker.summary`: one for all, or by
        ``A`` and ``B``; what is not there does not apply to that dialect.
    :param dict given: wallets linked before, by ID.
    :param dict after: wallets linked afterwards, by ID, as numbers or as SPAR's text;
        None for the same as before.
    :param tweak: changes the body before it is signed.
    :param list outcomes: of the client, one for each item, or one by dialect; None
        where the client cannot ask so.
    :param str message: what SPAR 2.x says of the request as a whole, if that counts.
    :param dict seen: by dialect the real version it was seen on; by default those of
        the columns that were run.
    """

    name: str
    operation: str
    asks: list
    expected: dict
    given: dict = field(default_factory=dict)
    after: dict | None = None
    tweak: object = None
    outcomes: object = None
    message: str | None = None
    seen: dict = field(default_factory=lambda: dict(SEEN))

    def __str__(self):
        return self.name.replace(" ", "-").replace("/", "-")


def wallet_text(number, dialect):
    """Return a wallet as SPAR stores it."""
    kind = "mobile_wallet_provider" if dialect == "A" else "MOBILE_WALLET"
    return (
        f"mobile_number:+255700{number:06d}.wallet_provider_name:M-Cash"
        f".wallet_provider_code:MC.fa_type:{kind}"
    )


def wallet_parts(number):
    """Return a wallet as SPAR 2.x takes and returns it."""
    return {
        "strategy_id": 4,
        "fa_type": "MOBILE_WALLET",
        "wallet_provider_name": "M-Cash",
        "wallet_provider_code": "MC",
        "mobile_number": f"+255700{number:06d}",
    }


def items_of(case, dialect):
    """Return the items of a case as a dialect wants them."""
    return [
        item_of(case.operation, ask, place, dialect)
        for place, ask in enumerate(case.asks)
    ]


def item_of(operation, ask, place, dialect):
    """Return one item as a dialect wants it."""
    item = {"reference_id": f"r{place}", "timestamp": MOMENT}
    if ask.id is not None:
        item["id"] = ask.id
    structured = dialect == "B" and operation in ("link", "update")
    if isinstance(ask.fa, int) and structured:
        parts = {**wallet_parts(ask.fa), **ask.fa_extra}
        item["fa"] = {name: text for name, text in parts.items() if text is not None}
    elif isinstance(ask.fa, int):
        item["fa"] = wallet_text(ask.fa, dialect)
    elif ask.fa is not None:
        item["fa"] = "" if ask.fa is EMPTY else ask.fa
    if operation in ("link", "update"):
        item["additional_info"] = [{"strategy_id": 4}]
    item.update(ask.extra)
    return {name: value for name, value in item.items() if name not in ask.without}


def answered(*words):
    """Expect an answer of the business layer: ``succ``, or a code, for each item."""
    listed = [w if ": " in w else f"r{n}: {w}" for n, w in enumerate(words)]
    return {
        "A": (200, "succ", None, listed),
        "B": (200, "SUCCESS", None, listed),
    }


def broken():
    """Expect that nothing at all is told: HTTP 500 in A, an error in B."""
    return {"A": CRASH, "B": (200, "ERROR", INTERNAL, [])}


def invalid(complaints, first=REQUIRED):
    """Expect HTTP 400 with so many complaints."""
    answer = 400, complaints, first
    return {"A": answer, "B": answer}


def only(dialect, expected):
    """Expect it of one dialect; the other does not have the case."""
    return {dialect: expected[dialect]}
