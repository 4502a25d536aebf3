"""One running connection, and no more, leads to a SPAR."""

from ..spec import Spec

SAME = "http://spar.invalid"


def both_stopped(case):
    case.stage.sql("UPDATE g2p_spar_connection SET state = 'paused'")


def second_elsewhere(case):
    case.stage.sql(
        "UPDATE g2p_spar_connection SET state = 'running',"
        " base_url = 'http://elsewhere.invalid' WHERE id = %s",
        case.stage.second,
    )


def two_sent(case, _play):
    """Stop the second one again, so that what follows is about the first."""
    wrong = case.check_twins()
    case.stage.sql(
        "UPDATE g2p_spar_connection SET state = 'draft' WHERE id = %s",
        case.stage.second,
    )
    return wrong


SPECS = [
    Spec(
        "two_resumes",
        "Of two connections to one SPAR, one is resumed.",
        lambda c: {
            "M1": c.request(c.connect("resume")),
            "M2": c.request(c.connect("resume", c.stage.second)),
        },
        prepare=both_stopped,
        finish=two_sent,
    ),
    Spec(
        "resume_and_address",
        "A running connection does not get the address of another one.",
        lambda c: {
            "M1": c.request(c.connect("resume")),
            "M2": c.request(c.connect("address", c.stage.second, base_url=SAME)),
        },
        connection={"state": "paused"},
        prepare=second_elsewhere,
        finish=two_sent,
    ),
    Spec(
        "address_written_otherwise",
        "Nor does it with a slash or capitals.",
        lambda c: {
            "M1": c.request(c.connect("resume")),
            "M2": c.request(
                c.connect("address", c.stage.second, base_url="http://SPAR.invalid/")
            ),
        },
        connection={"state": "paused"},
        prepare=second_elsewhere,
        finish=two_sent,
    ),
]
