"""What operators do by hand, while the engine works and clerks amend."""

from ..spec import AT_SPAR, WORKER, Spec
from .order import queued


def failed(case):
    """A newer address waits for its next attempt."""
    queued(case)
    case.stage.spar.mapper.arm([{"kind": "status", "code": 429, "count": 1}])
    case.stage.work_off()
    case.stage.sql(
        "UPDATE g2p_spar_mapping SET next_attempt_at = NULL WHERE partner_id = %s",
        case.people[0],
    )


def refused(case):
    """SPAR refused a newer address."""
    queued(case)
    case.stage.spar.mapper.arm(
        [{"kind": "refuse", "count": 1, "ids": case.ids, "code": "rjct.fa.invalid"}]
    )
    case.stage.work_off()


def then(case, *actions):
    """Return an actor: an operator does several things, one after the other."""
    return case.one_after_another(*(case.request(case.intervene(a)) for a in actions))


def _with(action, prepare, name, **options):
    return Spec(
        f"{action}_{name}",
        f"{action.capitalize()} loses no address and brings none back.",
        lambda c: {
            "O": c.request(c.intervene(action)),
            "T": c.request(c.amend()),
            "W": c.work(),
        },
        prepare=prepare,
        **options,
    )


SPECS = [
    _with("skip", failed, "failed"),
    _with("skip", refused, "refused"),
    _with("cancel", queued, "queued"),
    _with("cancel", failed, "failed"),
    _with("retry", failed, "failed"),
    _with("retry", refused, "refused"),
    _with("resend", queued, "queued"),
    _with("resend", refused, "refused"),
    _with("pause", queued, "queued"),
    Spec(
        "pause_and_resume_one",
        "A registrant who is paused and resumed loses nothing.",
        lambda c: {
            "O": then(c, "pause", "resume"),
            "T": c.request(c.amend()),
            "W": c.work(),
        },
        stops={"W": WORKER},
        prepare=queued,
    ),
    Spec(
        "skip_while_sending_dies",
        "Skip does not hide what a dead worker may have sent.",
        lambda c: {"O": c.request(c.intervene("skip")), "W": c.work()},
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
        prepare=failed,
    ),
    Spec(
        "cancel_while_sending_dies",
        "Nor does Cancel.",
        lambda c: {"O": c.request(c.intervene("cancel")), "W": c.work()},
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
        prepare=queued,
    ),
]
