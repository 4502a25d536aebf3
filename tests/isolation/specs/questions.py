"""A lost answer is asked about, or a person sees that it is open."""

from ..spec import Spec


def lost(kind):
    """Return what prepares a newer address whose answer was lost.

    :param str kind: ``cut_before`` when SPAR has not done it, else ``cut_after``.
    """

    def prepare(case):
        case.prepare(case.amend())
        case.stage.spar.mapper.arm([{"kind": kind, "count": 1}])
        case.stage.work_off()
        case.stage.sql(
            "UPDATE g2p_spar_mapping SET next_attempt_at = NULL WHERE partner_id = %s",
            case.people[0],
        )

    return prepare


def resolve_refused(case):
    return [
        {
            "kind": "refuse",
            "operation": "resolve",
            "count": 1,
            "ids": case.ids,
            "code": "rjct.id.invalid",
        }
    ]


def _both(name, guards, actors, **options):
    """Return two specs: SPAR has not done what was asked, or has."""
    return [
        Spec(f"{name}_{word}", guards, actors, prepare=lost(kind), **options)
        for word, kind in (("not_done", "cut_before"), ("done", "cut_after"))
    ]


SPECS = [
    *_both(
        "skip_while_checking",
        "Skipped while SPAR has to be asked, the question stays visible.",
        lambda c: {"O": c.request(c.intervene("skip")), "W": c.work()},
        known=("W.guard, O.begin, O.commit, W.claim",),
    ),
    *_both(
        "cancel_while_checking",
        "The same for Cancel.",
        lambda c: {"O": c.request(c.intervene("cancel")), "W": c.work()},
    ),
    *_both(
        "resolve_refused",
        "When SPAR refuses the question, it stays visible.",
        lambda c: {"O": c.request(c.intervene("retry")), "W": c.work()},
        known=("W.guard, O.begin, O.commit, W.claim, W/call.send, W.commit, W.claim",),
        faults=resolve_refused,
    ),
    *_both(
        "resolve_refused_amend",
        "A newer address of one whose question SPAR refused is sent.",
        lambda c: {"T": c.request(c.amend()), "W": c.work()},
        faults=resolve_refused,
    ),
    *_both(
        "amend_while_checking",
        "An address entered while SPAR has to be asked follows the answer.",
        lambda c: {"T": c.request(c.amend()), "W": c.work(), "W2": c.work()},
    ),
    *_both(
        "end_while_checking",
        "An address ended while SPAR has to be asked leaves SPAR.",
        lambda c: {"T": c.request(c.end()), "W": c.work()},
    ),
    *_both(
        "change_id_while_checking",
        "An ID changed while SPAR has to be asked leaves no row behind.",
        lambda c: {"T": c.request(c.change_id()), "W": c.work()},
    ),
    *_both(
        "skip_while_checking_amend",
        "Skipped while SPAR has to be asked, a newer address is sent all the same.",
        lambda c: {
            "O": c.request(c.intervene("skip")),
            "T": c.request(c.amend()),
            "W": c.work(),
        },
    ),
]
