"""Registrants who leave and return."""

from ..spec import WORKER, Spec
from .order import queued


def remove(case):
    """Return a step: an administrator removes a registrant's payment data."""
    return "remove", lambda env: case.partner(env, 0).action_remove_payment_data()


SPECS = [
    Spec(
        "archive",
        "An archived registrant is not paid.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.write("archive", active=False)),
            "W": c.work(),
        },
        stops={"W": WORKER},
    ),
    Spec(
        "archive_and_return",
        "A registrant who returns is paid at the newest address.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.one_after_another(
                c.request(c.write("archive", active=False)),
                c.request(c.write("unarchive", active=True)),
            ),
            "W": c.work(),
        },
        stops={"T2": {"begin", "capture", "commit"}},
        prepare=queued,
    ),
    Spec(
        "no_registrant",
        "A contact who is no registrant any more is not paid.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.write("no registrant", is_registrant=False)),
            "W": c.work(),
        },
        prepare=queued,
    ),
    Spec(
        "end_and_enter",
        "An address that is ended and entered anew is at SPAR as entered.",
        lambda c: {
            "T1": c.one_after_another(c.request(c.end()), c.request(c.amend())),
            "T2": c.request(c.change_id()),
            "W": c.work(),
        },
        prepare=queued,
    ),
    Spec(
        "remove_payment_data",
        "After payment data is removed, nothing of it is at SPAR.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(remove(c)),
            "W": c.work(),
        },
        prepare=queued,
    ),
]
