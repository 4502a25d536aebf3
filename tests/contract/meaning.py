"""What a difference from the table means for who runs the suite against that SPAR."""

#: Of rows the suite's own client never asks.
NEVER_ASKED = (
    "The suite never sends such a request, so nothing of it breaks. It shows that this "
    "SPAR is not one of those the suite was tested with: look at the other rows."
)
_WRITES = "Do not send addresses to this SPAR before its operator has explained it."
_BATCH = (
    "The suite sends many registrants in one request and reads each item's answer. "
    "Items could be taken for stored that are not, or the other way round. "
) + _WRITES
_SWAP = (
    "The suite tells by this code that an ID is linked already (or not yet) and sends "
    "the other operation. Addresses would stay unsent and ask for attention."
)
_FAILURE = (
    "The suite expects that a request which fails as a whole is answered so, asks SPAR "
    "what it holds and tries again. Answered otherwise, failed requests could count as "
    "refused, and registrants would ask for attention one by one."
)
_RESOLVE = (
    "The suite compares registry and SPAR by these answers, after every lost answer "
    "and on each registrant's page. What SPAR holds would be shown wrong. "
) + _WRITES

CASES = {
    "link new": "The first address of every registrant is sent so. " + _WRITES,
    "link again, same address": _SWAP,
    "link again, other address": _SWAP,
    "link an empty ID": "A request with one item SPAR refuses is not read as expected.",
    "link new, existing, new": _BATCH,
    "IDs are compared as they are": (
        "Two registrants whose IDs differ only in letters, blanks or accents would "
        "share one row at SPAR, and one would be paid to the other's address. "
        + _WRITES
    ),
    "NUL in an ID": _FAILURE,
    "NUL in a name": _FAILURE,
    "update known": "Every amended address is sent so. " + _WRITES,
    "update unknown": _SWAP,
    "update known, unknown, known": _BATCH,
    "update an empty ID": (
        "A request with one item SPAR refuses is not read as expected."
    ),
    "update keeps what came before a failure": _FAILURE,
    "unlink without an address": (
        "Registrants who leave are unlinked so. They could go on being paid. " + _WRITES
    ),
    "unlink unknown": (
        "To unlink what SPAR does not hold counts as done. Here it would not, and "
        "registrants who have left would ask for attention."
    ),
    "unlink is one transaction": _FAILURE,
    "resolve details": _RESOLVE,
    "resolve unknown": _RESOLVE,
    "resolve neither": _RESOLVE,
    "NUL in what is asked for": _FAILURE,
    "an unknown strategy fails all": _FAILURE,
    "a strategy of another kind fails all": _FAILURE,
    "a strategy for IDs fails all": _FAILURE,
    "update to an unknown strategy": _FAILURE,
}

_REFUSE = (
    "Where SPAR does not answer so, it may believe requests that were not signed by "
    "the registry: anyone who reaches it could change where people are paid. Have its "
    "operator switch the verification of signatures on before anything is sent."
)
_BELIEVE = (
    "The suite signs so. If it is not believed, every request is refused and no "
    "address arrives: look at the partner's name, its certificate and the canonical "
    "form."
)
_NAMES = (
    "Names in other letters than ASCII's are signed in SPAR's canonical form. If that "
    "is another here, every request with such a name is refused: run Detect on the "
    "connection, or set the form there."
)
_TROUBLE = (
    "The suite reads this answer as trouble with the partner or with SPAR's keys. "
    "Answered otherwise, the connection may show another cause than the real one."
)

TRIALS = {
    "signed": _BELIEVE,
    "with its key ID": _BELIEVE,
    "with a wrong key ID": (
        "The suite sends the right key ID. A difference only says how this SPAR "
        "chooses among a partner's keys."
    ),
    "with type and thumbprint": NEVER_ASKED,
    "in three parts": NEVER_ASKED,
    "missing": _REFUSE,
    "not three parts": _REFUSE,
    "over another body": _REFUSE,
    "alg none": _REFUSE,
    "alg HS256": _REFUSE,
    "names sent raw": _NAMES,
    "names sent escaped": _NAMES,
    "names in the other form": _NAMES,
    "keys in another order": _NAMES,
    "no sender": NEVER_ASKED,
    "an empty body": NEVER_ASKED,
    "no JSON": NEVER_ASKED,
    "unsigned and incomplete": NEVER_ASKED,
    "another key": _REFUSE,
    "own certificate": _REFUSE,
    "unknown partner": _TROUBLE,
}


def of_case(case):
    """Return what a difference of a row of the table means."""
    return NEVER_ASKED if case.outcomes is None else CASES[case.name]


def of_trial(trial):
    """Return what a difference of a way to sign means."""
    return TRIALS[trial.name]
