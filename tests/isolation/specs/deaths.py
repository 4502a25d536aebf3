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


SPECS = [
    Spec(
        "worker_dies",
        "After the death of a worker anywhere, SPAR is asked before anything is sent.",
        lambda c: {
            "T": c.request(c.amend()),
            "W": c.work(),
            "W2": c.work(),
        },
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
        prepare=queued,
        weight=2,
    ),
    Spec(
        "worker_dies_first",
        "The same with a first address.",
        lambda c: {
            "T": c.request(c.amend()),
            "W": c.work(),
            "W2": c.work(),
        },
        people=("new",),
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
        prepare=queued,
    ),
    Spec(
        "worker_dies_change_id",
        "The same with an ID that changes.",
        lambda c: {
            "T": c.request(c.change_id()),
            "W": c.work(),
            "W2": c.work(),
        },
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
        prepare=queued,
    ),
    Spec(
        "worker_dies_end",
        "The same with an address that is ended.",
        lambda c: {
            "T": c.request(c.end()),
            "W": c.work(),
            "W2": c.work(),
        },
        people=("new",),
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
        prepare=queued,
    ),
    Spec(
        "worker_dies_every_value",
        "The same where every value is sent.",
        lambda c: {
            "T": c.request(c.amend()),
            "W": c.work(),
            "W2": c.work(),
        },
        connection={"send_every_value": True},
        stops={"W": AT_SPAR},
        ends={("W", "dies"): 1},
        prepare=queued,
    ),
    Spec(
        "session_lost",
        "A worker whose session has ended sends nothing when it goes on later.",
        lambda c: {
            "T": c.request(c.amend()),
            "W": c.work(),
            "W2": c.one_after_another(c.work(), cool_down(c), c.work()),
        },
        stops={
            "W": {"send"},
            "W2": {"guard", "cool-down", "send"},
        },
        ends={("W", "loses its session"): 1},
        prepare=queued,
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
