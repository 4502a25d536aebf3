"""SPAR applies a request after the engine gave up on it, and a newer one is waiting."""

from tests.clock import PATIENCE
from tests.invariants import Violations
from tests.lab import Lab
from tools.bench.figures import Figure

from .common import nothing_wrong, share

ROUNDS = 20
#: Requests at a time, one registrant in each.
SIDE_BY_SIDE = 5
#: The engine waits 1 s for an answer, SPAR works for longer.
CONNECTION = {"batch_size": 1, "answer_timeout": 1, "breaker_threshold": 100}
LATE = 2.0
#: How often a round is played again for longer, when SPAR was done too soon to show
#: anything: beside other work, entering the newer address takes longer, too.
AGAIN = 4


def measure(postgres, percent, seed, say, dialect):
    """Let a newer address be entered while SPAR still works on the older one.

    :return: generator of :class:`Figure`.
    """
    rounds = share(ROUNDS, percent)
    right, found = 0, Violations()
    with Lab(postgres, "late", seed, say, dialect=dialect, **CONNECTION) as lab:
        people = lab.register(SIDE_BY_SIDE)
        for _round in range(rounds):
            wrong = play_round(lab, people)
            right += SIDE_BY_SIDE - len(wrong.lost)
            found.add(wrong)
    total = rounds * SIDE_BY_SIDE
    yield Figure("late_right", right, "registrants", f"== {total}")
    yield from nothing_wrong("late", found)


def play_round(lab, people):
    """Let these people be late; again and for longer, if SPAR was done too soon.

    :return: the violations.
    :raises AssertionError: when even the last try showed nothing.
    """
    for attempt in range(AGAIN + 1):
        lab.start_log(lab.chance.randrange(10**6))
        was_busy, wrong = let_one_be_late(lab, people, LATE * 2**attempt)
        if was_busy or wrong:
            return wrong
    raise AssertionError("SPAR was done before anything newer could be sent")


def let_one_be_late(lab, people, seconds):
    """Time out on all of these people, enter newer addresses, and go on.

    :param float seconds: for which SPAR works on the first requests.
    :return: whether SPAR was still busy with one, and the violations.
    """
    lab.edit(people)
    lab.spar.arm({"kind": "late", "seconds": seconds, "count": len(people)})
    first = [lab.worker() for _person in people]
    for fork in first:
        assert fork.wait(PATIENCE) == 0
    fired = lab.spar.must_have_fired("late")["late"]
    assert fired == len(people), f"only {fired} requests were late"
    lab.edit(people)
    was_busy = any(r["over"] is None for r in lab.spar.state()["requests"])
    # Without a wait: a worker that ignores the cool-down sends the newer one now.
    lab.run_workers(2)
    lab.settle(workers=2)
    return was_busy, lab.violations()
