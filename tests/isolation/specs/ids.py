"""SPAR IDs that change, also hands, while addresses do."""

from ..spec import AT_SPAR, WORKER, Spec
from .order import queued


def rotated(case):
    """Return an actor: three registrants have each other's ID in the end."""
    first, second, third = case.ids
    return case.one_after_another(
        case.request(case.change_id(0)),
        case.request(case.change_id(1, first)),
        case.request(case.change_id(2, second)),
        case.request(case.change_id(0, third)),
    )


def handed_on(case):
    """The second registrant gets the ID the first one gives up, in two requests."""
    old = case.ids[0]
    return {
        "T1": case.request(case.change_id(0)),
        "T2": case.request(case.change_id(1, old)),
        "W": case.work(),
    }


SPECS = [
    Spec(
        "change_id_first_address",
        "Who gets a first address and another ID is paid under that one.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.change_id()),
            "W": c.work(),
        },
        people=("new",),
    ),
    Spec(
        "change_id",
        "After a change of the ID, the newest address is at the new one alone.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.change_id()),
            "W": c.work(),
        },
        stops={"W": WORKER},
        weight=2,
    ),
    Spec(
        "change_id_twice",
        "Of two changes of the ID, the last one holds.",
        lambda c: {
            "T1": c.request(c.change_id()),
            "T2": c.request(c.change_id()),
            "W": c.work(),
        },
        stops={"W": WORKER},
    ),
    Spec(
        "first_id",
        "A first ID and a first address given at the same time are not lost.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.change_id()),
            "W": c.work(),
        },
        people=("new",),
        prepare=lambda c: c.prepare(c.write("no ID", spar_id=False)),
    ),
    Spec(
        "id_handed_on",
        "An ID another registrant gets has one address at a time, its owner's.",
        handed_on,
        people=("settled", "settled"),
        weight=2,
    ),
    Spec(
        "id_handed_on_two_workers",
        "The same with two workers, and one registrant in each request.",
        lambda c: {**handed_on(c), "W2": c.work()},
        people=("settled", "settled"),
        connection={"batch_size": 1},
        weight=2,
    ),
    Spec(
        "id_handed_to_new",
        "A new registrant with a former ID of another one waits for that to be gone.",
        lambda c: {
            "T1": c.request(c.change_id(0)),
            "T2": c.request(c.change_id(1, c.ids[0]), c.amend(1)),
            "W": c.work(),
        },
        people=("settled", "new"),
    ),
    Spec(
        "ids_rotated_dies",
        "Three registrants who get each other's IDs are paid at their own address.",
        lambda c: {"T": rotated(c), "W": c.work(), "W2": c.work()},
        people=("settled",) * 3,
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
    ),
    Spec(
        "id_given_back",
        "An ID that is given up and given back keeps the newest address.",
        lambda c: {
            "T1": c.one_after_another(
                c.request(c.change_id()), c.request(c.change_id(0, c.ids[0]))
            ),
            "T2": c.request(c.amend()),
            "W": c.work(),
        },
        prepare=queued,
    ),
]
