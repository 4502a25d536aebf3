"""What was made safe by itself, where it touches something else that was."""

from ..spec import WORKER, Spec
from .comparison import removed_at_spar
from .deaths import dies, loses_session
from .interventions import failed, refused
from .leaving import remove
from .order import queued
from .questions import lost
from .start import start

#: Where SPAR has moved.
ELSEWHERE = "https://elsewhere.invalid"


def moved(case):
    """Return an actor: managers change the address, confirm it and resume."""

    def confirm(env):
        connection = env["g2p.spar.connection"].browse(case.stage.connection)
        connection._confirm_settings()

    return case.one_after_another(
        case.request(case.connect("address", base_url=ELSEWHERE)),
        case.request(("confirm", confirm), case.connect("resume")),
    )


def swapped(case):
    """Two registrants have each other's ID in the end."""
    first, second = case.ids
    return case.one_after_another(
        case.request(case.change_id(0)),
        case.request(case.change_id(1, first)),
        case.request(case.change_id(0, second)),
    )


def both_queued(case):
    """Prepare a newer address of each of two registrants."""
    case.prepare(case.amend(0))
    case.prepare(case.amend(1))


SPECS = [
    Spec(
        "settings_while_sending",
        "An address of SPAR that changes while requests are sent loses nothing.",
        lambda c: {"M": moved(c), "T": c.request(c.amend()), "W": c.work()},
        stops={"W": WORKER},
        prepare=queued,
        weight=2,
    ),
    Spec(
        "start_ids_swapped",
        "A start does not wait for itself while two registrants swap IDs.",
        lambda c: {"S": start(c), "T": swapped(c)},
        people=("settled", "settled"),
        connection={"state": "paused"},
        stops={"S": {"begin", "commit", "enlist", "capture", "guard", "send"}},
        prepare=both_queued,
        known=(
            "T.begin, T.capture, S.begin, T.commit, S.commit, S.enlist, S.guard, "
            "S.commit, S.gives up, S/call.send, S.commit, T.begin, T.capture, S.commit",
        ),
    ),
    Spec(
        "ids_swapped",
        "Two registrants who get each other's ID are paid at their own address.",
        lambda c: {"T": swapped(c), "W": c.work(), "W2": c.work()},
        people=("settled", "settled"),
        connection={"batch_size": 1},
        stops={"W": WORKER, "W2": WORKER},
        weight=2,
    ),
    loses_session(
        "session_lost_skip",
        "Skip does not hide what a worker without a session may have sent.",
        lambda c: {"O": c.request(c.intervene("skip"))},
        prepare=failed,
    ),
    loses_session(
        "session_lost_change_id",
        "A changed ID leaves no row behind of a worker whose session has ended.",
        lambda c: {"T": c.request(c.change_id())},
        people=("new",),
    ),
    Spec(
        "retry_and_skip",
        "Of two operators at one time, neither loses an address or brings one back.",
        lambda c: {
            "O1": c.request(c.intervene("retry")),
            "O2": c.request(c.intervene("skip")),
            "T": c.request(c.amend()),
            "W": c.work(),
        },
        prepare=refused,
    ),
    Spec(
        "resend_and_cancel",
        "Nor do they when one sends again what the other one withdraws.",
        lambda c: {
            "O1": c.request(c.intervene("resend")),
            "O2": c.request(c.intervene("cancel")),
            "W": c.work(),
        },
        connection={"send_every_value": True},
        prepare=queued,
        known=(
            "W.guard, O1.begin, W.claim, O1.capture, O1.commit, O2.begin, O2.commit",
        ),
    ),
    dies(
        "remove_payment_data_dies",
        "Payment data removed while a worker dies leaves SPAR all the same.",
        lambda c: {"T": c.request(remove(c))},
    ),
    Spec(
        "archive_while_checking",
        "Who is archived and gets another ID while SPAR has to be asked is not paid.",
        lambda c: {
            "T1": c.request(c.write("archive", active=False)),
            "T2": c.request(c.change_id()),
            "W": c.work(),
        },
        prepare=lost("cut_after"),
    ),
    Spec(
        "start_first_id",
        "Who has no row here and gets ID and address during a start reaches SPAR.",
        lambda c: {
            "S": start(c),
            "T1": c.request(c.amend()),
            "T2": c.request(c.change_id()),
        },
        people=("new",),
        connection={"state": "draft"},
        stops={"S": {"begin", "commit", "enlist", "capture", "guard", "send"}},
        prepare=lambda c: c.prepare(c.write("no ID", spar_id=False)),
    ),
    Spec(
        "pause_one_archive_resume",
        "Who is archived while paused has left SPAR once they are resumed.",
        lambda c: {
            "O": c.one_after_another(
                c.request(c.intervene("pause")), c.request(c.intervene("resume"))
            ),
            "T": c.one_after_another(
                c.request(c.write("archive", active=False)),
                c.request(c.write("unarchive", active=True)),
            ),
            "W": c.work(),
        },
        prepare=queued,
    ),
    Spec(
        "resend_after_removal",
        "Sent again after the row was removed at SPAR, an ended address is gone.",
        lambda c: {
            "O": c.request(c.intervene("resend")),
            "T": c.request(c.end()),
            "W": c.work(),
        },
        stops={"W": WORKER},
        prepare=removed_at_spar,
    ),
]
