"""One running connection, and no more, leads to a SPAR."""

from ..spec import Spec

#: The address of the first connection, also as others may write it.
SAME, SAME_AGAIN = "https://first.invalid", "https://FIRST.invalid/"


def both_stopped(case):
    """Two connections to one SPAR, none of which is running."""
    stage = case.stage
    for connection in (stage.connection, stage.second):
        stage.restore(connection, stage.connection, state="paused")


def second_elsewhere(case):
    """The second connection is running, and leads to another SPAR."""
    case.stage.restore(case.stage.second, case.stage.second, state="running")


def twins(case, _play):
    """Look, then have the second one be as before: the rest is about the first."""
    wrong = case.check_twins()
    case.stage.restore(case.stage.second, case.stage.second)
    return wrong


def _given_address(name, guards, address):
    return Spec(
        name,
        guards,
        lambda c: {
            "M1": c.request(c.connect("resume")),
            "M2": c.request(c.connect("address", c.stage.second, base_url=address)),
        },
        connection={"state": "paused"},
        prepare=second_elsewhere,
        finish=twins,
    )


SPECS = [
    Spec(
        "two_resumes",
        "Of two connections to one SPAR, one is resumed.",
        lambda c: {
            "M1": c.request(c.connect("resume")),
            "M2": c.request(c.connect("resume", c.stage.second)),
        },
        prepare=both_stopped,
        finish=twins,
        known=("M1.begin, M2.begin, M1.commit, M2.commit",),
    ),
    _given_address(
        "resume_and_address",
        "A running connection does not get the address of another one.",
        SAME,
    ),
    _given_address(
        "resume_and_address_again",
        "Nor does it when that is written in another way.",
        SAME_AGAIN,
    ),
]
