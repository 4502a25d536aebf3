"""What calls SPAR touches no transaction: meanwhile the next request is decided."""

from ..spec import WORKER, Spec


def open_questions(case):
    """All their answers were lost, and it is time to ask."""
    count = len(case.people)
    for place in range(count):
        case.prepare(case.amend(place))
    case.stage.spar.mapper.arm([{"kind": "cut_after", "count": count}])
    case.stage.work_off()
    case.stage.sql(
        "UPDATE g2p_spar_mapping SET next_attempt_at = NULL, send_group = NULL"
        " WHERE partner_id = ANY(%s)",
        case.people,
    )


def all_queued(case):
    for place in range(len(case.people)):
        case.prepare(case.amend(place))


SPECS = [
    Spec(
        "ahead_asking",
        "While SPAR is asked about one registrant, the next question is decided.",
        lambda c: {"W": c.work()},
        people=("settled",) * 3,
        connection={"batch_size": 1, "max_per_second": 0},
        stops={"W": WORKER},
        prepare=open_questions,
    ),
    Spec(
        "ahead_sending",
        "While SPAR works on one registrant, the next request is decided.",
        lambda c: {"T": c.request(c.amend(1)), "W": c.work()},
        people=("settled",) * 2,
        connection={"batch_size": 1},
        stops={"W": WORKER},
        prepare=all_queued,
        weight=2,
    ),
    Spec(
        "ahead_paused",
        "Paused meanwhile, the connection sends nothing that was decided before.",
        lambda c: {"M": c.request(c.connect("pause")), "W": c.work()},
        people=("settled",) * 2,
        connection={"batch_size": 1},
        stops={"W": WORKER},
        prepare=all_queued,
    ),
]
