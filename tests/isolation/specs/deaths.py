"""A worker ends without warning, or goes on although its sessions have ended."""

from ..boundaries import let_pass
from ..spec import AT_SPAR, Spec
from .order import queued

#: Seconds: longer than the connection's.
COOL_DOWN = 3600


def cool_down(case):
    """Return an actor: so much time passes that SPAR is over with any request."""

    def do(env):
        let_pass(COOL_DOWN)
        # What another actor holds is no less late for that: it looks at the clock.
        env.cr.execute(
            """UPDATE g2p_spar_mapping SET next_attempt_at = NULL
                WHERE id IN (SELECT id FROM g2p_spar_mapping
                              WHERE partner_id = ANY(%s)
                                FOR NO KEY UPDATE SKIP LOCKED)""",
            [case.people],
        )

    return case.job("cool-down", do)


def dies(name, guards, others, **options):
    """Return a spec: a worker dies anywhere, and another one comes.

    :param Callable others: gets the case; returns by name what others do meanwhile.
    """
    return Spec(
        name,
        guards,
        lambda c: {**others(c), "W": c.work(), "W2": c.work()},
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
        prepare=queued,
        **options,
    )


def loses_session(name, guards, others, prepare=queued, **options):
    """Return a spec: a worker's sessions end; others go on, and then it does.

    :param Callable others: as of :func:`dies`.
    """
    return Spec(
        name,
        guards,
        lambda c: {
            **others(c),
            "W": c.work(),
            "W2": c.one_after_another(c.work(), cool_down(c), c.work()),
        },
        stops={"W": {"send"}, "W2": {"guard", "cool-down", "send"}},
        ends={("W", "loses its session"): 1},
        prepare=prepare,
        **options,
    )


SPECS = [
    dies(
        "worker_dies",
        "After the death of a worker anywhere, SPAR is asked before anything is sent.",
        lambda c: {"T": c.request(c.amend())},
        weight=2,
    ),
    dies(
        "worker_dies_first",
        "The same with a first address.",
        lambda c: {"T": c.request(c.amend())},
        people=("new",),
    ),
    dies(
        "worker_dies_change_id",
        "The same with an ID that changes.",
        lambda c: {"T": c.request(c.change_id())},
    ),
    dies(
        "worker_dies_end",
        "The same with an address that is ended.",
        lambda c: {"T": c.request(c.end())},
        people=("new",),
    ),
    dies(
        "worker_dies_every_value",
        "The same where every value is sent.",
        lambda c: {"T": c.request(c.amend())},
        connection={"send_every_value": True},
    ),
    loses_session(
        "session_lost",
        "A worker whose session has ended sends nothing when it goes on later.",
        lambda c: {"T": c.request(c.amend())},
        known=(
            "W.loses its session, T.begin, T.capture, T.commit, W2.guard, "
            "W2.cool-down, W2.guard, W2/call.send, W2/call.send, W/call.send",
        ),
    ),
    Spec(
        "clerk_dies",
        "A clerk whose request ends without warning has changed nothing.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.amend()),
            "W": c.work(),
        },
        ends={("T1", "dies"): 1},
    ),
]
