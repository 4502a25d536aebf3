"""A connection is started, stopped and started again while people work."""

from ..spec import Spec
from .order import SHORT, WORKER, queued


def enlist(case):
    """Return an actor: the job that takes up all registrants after a start."""
    id_ = case.stage.connection
    return case.job(
        "enlist", lambda env: env["g2p.spar.connection"].browse(id_)._job_enlist()
    )


def start(case):
    return case.one_after_another(case.request(case.connect("resume")), enlist(case))


SPECS = [
    Spec(
        "start_under_load",
        "An address that is amended while a connection is started reaches SPAR.",
        lambda c: {"S": start(c), "T": c.request(c.amend())},
        people=("new",),
        connection={"state": "draft"},
        prepare=queued,
    ),
    Spec(
        "start_under_load_sending",
        "The same while the engine sends what the start has taken up.",
        lambda c: {"S": start(c), "T": c.request(c.amend()), "W": c.work()},
        people=("new",),
        connection={"state": "draft"},
        stops={"W": {"guard", "send"}, "S": {"begin", "commit", "enlist", "capture"}},
        prepare=queued,
        weight=2,
    ),
    Spec(
        "start_first_address",
        "A first address that is entered during a start reaches SPAR.",
        lambda c: {"S": start(c), "T": c.request(c.amend())},
        people=("new",),
        connection={"state": "draft"},
    ),
    Spec(
        "start_end",
        "An address that is ended during a start does not stay at SPAR.",
        lambda c: {"S": start(c), "T": c.request(c.end()), "W": c.work()},
        people=("new",),
        connection={"state": "draft"},
        stops={"W": {"guard", "send"}, "S": {"begin", "commit", "enlist", "capture"}},
        prepare=queued,
    ),
    Spec(
        "start_change_id",
        "An ID that is changed during a start is the one at SPAR.",
        lambda c: {"S": start(c), "T": c.request(c.change_id()), "W": c.work()},
        people=("new",),
        connection={"state": "draft"},
        stops={"W": {"guard", "send"}, "S": {"begin", "commit", "enlist", "capture"}},
        prepare=queued,
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
        stops={"W": WORKER, "M": {"begin", "commit"}},
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
        stops={"W": SHORT, "M": {"begin", "commit"}, "T": {"begin", "commit"}},
        prepare=queued,
    ),
]
