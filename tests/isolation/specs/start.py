"""A connection is started, stopped and started again while people work."""

from ..spec import WORKER, Spec
from .order import queued


def enlist(case):
    """Return an actor: the job that takes up all registrants after a start."""
    id_ = case.stage.connection
    return case.job(
        "enlist", lambda env: env["g2p.spar.connection"].browse(id_).job_enlist()
    )


def start(case):
    """Return an actor: a start, its job, and then the engine at work."""
    return case.one_after_another(
        case.request(case.connect("resume")), enlist(case), case.work()
    )


def _while(name, guards, do, **options):
    """Return a spec of a start while a clerk does something."""
    return Spec(
        f"start_{name}",
        guards,
        lambda c: {"S": start(c), "T": c.request(do(c))},
        people=("new",),
        connection={"state": "draft"},
        stops={"S": {"begin", "commit", "enlist", "capture", "guard", "send"}},
        **options,
    )


SPECS = [
    _while(
        "amend",
        "An address that is amended while a connection is started reaches SPAR.",
        lambda c: c.amend(),
        prepare=queued,
        known=(
            "T.begin, S.begin, S.commit, S.enlist, S.capture, S.commit, S.guard, "
            "S/call.send, S.commit, T.capture, T.commit",
        ),
        weight=2,
    ),
    _while(
        "first_address",
        "A first address that is entered during a start reaches SPAR.",
        lambda c: c.amend(),
    ),
    _while(
        "end",
        "An address that is ended during a start does not stay at SPAR.",
        lambda c: c.end(),
        prepare=queued,
        known=(
            "S.begin, T.begin, S.commit, S.enlist, S.capture, T.capture, S.commit, "
            "S.guard, T.commit, S/call.send, S.commit",
        ),
    ),
    _while(
        "change_id",
        "An ID that is changed during a start is the one at SPAR.",
        lambda c: c.change_id(),
        prepare=queued,
    ),
    _while(
        "archive",
        "Who is archived during a start is not paid.",
        lambda c: c.write("archive", active=False),
        prepare=queued,
        known=(
            "S.begin, T.begin, S.commit, S.enlist, S.capture, S.commit, S.guard, "
            "S/call.send, S.commit, T.capture, T.commit",
        ),
    ),
    Spec(
        "pause_and_resume",
        "A connection that is paused and resumed loses nothing.",
        lambda c: {
            "M": c.one_after_another(
                c.request(c.connect("pause")), c.request(c.connect("resume"))
            ),
            "T": c.request(c.amend()),
            "W": c.work(),
        },
        stops={"W": WORKER},
        prepare=queued,
    ),
    Spec(
        "every_value_switched",
        "“Send every value” switched on and off loses nothing and brings nothing back.",
        lambda c: {
            "M": c.one_after_another(
                c.request(c.connect("switch", send_every_value=True)),
                c.request(c.connect("switch", send_every_value=False)),
            ),
            "T": c.one_after_another(c.request(c.amend()), c.request(c.amend())),
            "W": c.work(),
        },
        prepare=queued,
    ),
]
