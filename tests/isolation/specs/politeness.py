"""A lost race is no leave to go on as if it had been won."""

from psycopg2 import OperationalError

from tests.clerks import CONCURRENCY

from ..schedule import gate
from ..spec import Spec
from .order import queued

#: Where the race is.
RACE = {"guard", "reserve", "note", "pause", "send"}
#: How often others are faster.
TIMES = 3


def others(case):
    """Return an actor: other workers, who write the connection's row over and over."""

    def act():
        for _time in range(TIMES):
            gate("write")
            try:
                with case.stage.env() as env:
                    env.cr.execute(
                        "UPDATE g2p_spar_connection SET name = name WHERE id = %s",
                        [case.stage.connection],
                    )
                    gate("commit")
            except OperationalError as error:
                if error.pgcode not in CONCURRENCY:
                    raise

    return act


def far_ahead(case):
    """The line is so long already that each place makes it longer, by one second."""
    queued(case)
    case.stage.sql(
        """UPDATE g2p_spar_connection
              SET rate_free_at = date_trunc('second', now() AT TIME ZONE 'UTC'
                                 + INTERVAL '1 hour')
            WHERE id = %s""",
        case.stage.connection,
    )
    case.line = line(case)


def line(case):
    ((moment,),) = case.stage.sql(
        "SELECT rate_free_at FROM g2p_spar_connection WHERE id = %s",
        case.stage.connection,
    )
    return moment


def all_in_line(case, _play):
    sent = sum(len(r["ids"]) for r in case.stage.spar.mapper.requests)
    places = (line(case) - case.line).total_seconds()
    return ["SPAR got more than it should in a second"] if sent > places else []


def all_failures_noted(case, _play):
    failed = len(case.stage.spar.mapper.requests)
    ((noted,),) = case.stage.sql(
        "SELECT breaker_failures FROM g2p_spar_connection WHERE id = %s",
        case.stage.connection,
    )
    return ["a failure of SPAR was not noted"] if noted < failed else []


def is_paused(case, _play):
    wrong = []
    if len(case.stage.spar.mapper.requests) > 1:
        wrong.append("SPAR refused the signature, and was asked again")
    if case.stage.running():
        wrong.append("SPAR refused the signature, and nothing is paused")
    return wrong


def is_time(case):
    """Return an actor: it is time to ask SPAR whether it is back."""
    return case.job(
        "is time",
        lambda env: env.cr.execute(
            """UPDATE g2p_spar_connection
                  SET breaker_until = now() AT TIME ZONE 'UTC'
                WHERE breaker_until IS NOT NULL"""
        ),
    )


def both_queued(case):
    case.prepare(case.amend(0), case.amend(1))


SPECS = [
    Spec(
        "reserve",
        "SPAR never gets more in a second than is configured.",
        lambda c: {"B": others(c), "W": c.work()},
        connection={"max_per_second": 1},
        stops={"W": RACE},
        prepare=far_ahead,
        finish=all_in_line,
        known=(
            "W.guard, B.write, W.reserve, B.commit, B.write, W.reserve, B.commit, "
            "W/call.send, B.write, B.commit",
        ),
    ),
    Spec(
        "note_failure",
        "Every failed request is noted, so that SPAR is left alone.",
        lambda c: {"B": others(c), "W": c.work()},
        stops={"W": RACE},
        prepare=queued,
        faults=lambda c: [{"kind": "status", "code": 500}],
        finish=all_failures_noted,
        known=(
            "W.guard, W/call.send, B.write, W.note, B.commit, B.write, W.note, "
            "B.commit, B.write, B.commit",
        ),
        weight=0.5,
    ),
    Spec(
        "note_refusal",
        "A refused signature pauses the connection.",
        lambda c: {"B": others(c), "W": c.work()},
        stops={"W": RACE},
        prepare=queued,
        faults=lambda c: [{"kind": "status", "code": 401}],
        finish=is_paused,
        known=(
            "W.guard, W/call.send, B.write, W.pause, B.commit, B.write, W.pause, "
            "B.commit, B.write, B.commit",
        ),
        weight=0.3,
    ),
    Spec(
        "breaker",
        "An address that failed while SPAR was down arrives when it is back.",
        lambda c: {
            "T": c.request(c.amend()),
            "W": c.work(),
            "W2": c.one_after_another(is_time(c), c.work()),
        },
        connection={"breaker_threshold": 1},
        stops={"W2": {"is time", "guard", "claim", "send", "commit"}},
        prepare=queued,
        faults=lambda c: [{"kind": "status", "code": 429, "count": 1}],
    ),
    Spec(
        "halving",
        "A registrant for whom SPAR refuses whole requests is held alone.",
        lambda c: {"T": c.request(c.amend(1)), "W": c.work(), "W2": c.work()},
        people=("settled", "settled"),
        prepare=both_queued,
        faults=lambda c: [{"kind": "status", "code": 400, "ids": c.ids[:1]}],
    ),
]
