"""Registrants who leave and return."""

from ..spec import WORKER, Spec
from .order import queued

#: A worker who may begin at any moment, and then sees what was committed before.
FRESH = {"W": {"guard", "send", "commit"}}


def remove(case):
    """Return a step: an administrator removes a registrant's payment data."""
    return "remove", lambda env: case.partner(env, 0).action_remove_payment_data()


def paid_on(case, _play):
    """Removed payment data with an address in use: SPAR would keep the address."""
    rows = case.stage.sql(
        """SELECT 1 FROM res_partner p JOIN g2p_financial_address a
                  ON a.partner_id = p.id AND a.state = 'effective'
            WHERE p.id = ANY(%s) AND p.payment_removal_date IS NOT NULL""",
        case.people,
    )
    return ["an address is in use of who has payment data removed"] if rows else []


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
        "archive_first_address",
        "Who is archived while a first address is entered is not paid.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.write("archive", active=False)),
            "W": c.work(),
        },
        people=("new",),
        stops=FRESH,
        known=(
            "T1.begin, T1.capture, T2.begin, T1.commit, W.guard, T2.commit, "
            "W/call.send, W.commit",
        ),
    ),
    Spec(
        "return_first_address",
        "Who returns while a first address is entered is paid there.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.write("unarchive", active=True)),
            "W": c.work(),
        },
        people=("new",),
        stops=FRESH,
        prepare=lambda c: c.prepare(c.write("archive", active=False)),
        known=("T1.begin, T1.capture, T2.begin, T1.commit, W.guard, T2.commit",),
    ),
    Spec(
        "no_registrant_first_address",
        "Who is no registrant any more while a first address is entered is not paid.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.write("no registrant", is_registrant=False)),
            "W": c.work(),
        },
        people=("new",),
        stops=FRESH,
    ),
    Spec(
        "remove_payment_data_of_unpaid",
        "Who has no address in use when payment data is removed gets none meanwhile.",
        lambda c: {"T1": c.request(c.amend()), "T2": c.request(remove(c))},
        prepare=lambda c: c.prepare(c.end()),
        finish=paid_on,
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
    Spec(
        "archive_and_remove_payment_data",
        "What SPAR was told before payment data is erased was in use.",
        lambda c: {
            "T1": c.request(c.write("archive", active=False)),
            "T2": c.request(remove(c)),
            "T3": c.request(c.change_id()),
            "W": c.work(),
        },
        prepare=queued,
        known=(
            "W.guard, W.claim, T3.begin, T3.capture, T3.commit, T1.begin, T1.capture, "
            "T1.commit, W/call.send, W.commit, W.claim, W/call.send, W.commit, "
            "W.claim, W.claim, T2.begin, T2.capture, T2.capture, T2.commit",
        ),
    ),
]
