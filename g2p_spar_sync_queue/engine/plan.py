"""The decisions of the engine, as plain functions of what is known.

No database and no network, so that every case can be tried.
"""

import random
from dataclasses import dataclass
from typing import NamedTuple

from ..spar.words import LINK, UNLINK, UPDATE

IN_SYNC = "in_sync"
ENDED = "ended"
WAITING_ID = "waiting_id"


class Facts(NamedTuple):
    """What is wanted for one registrant, and what SPAR holds as far as is known.

    :param wanted_id: the registrant's SPAR ID now, or None
    :param wanted_value: the address SPAR should hold, or its digest; None for no row
    :param linked_id: the ID under which SPAR has a row of this registrant, or None
    :param held_value: what that row holds, in the same form, or None while unknown
    """

    wanted_id: str | None = None
    wanted_value: str | None = None
    linked_id: str | None = None
    held_value: str | None = None

    def __repr__(self):
        return "<Facts>"


@dataclass(frozen=True)
class Step:
    """The next call for one registrant: an operation on a SPAR ID."""

    operation: str
    spar_id: str


def next_step(facts):
    """Return the next :class:`Step`, or the state reached when none is left.

    The old ID is unlinked before the new one is linked: of a registrant who is
    nowhere for a moment, and one who can be paid twice, the first can be mended.

    >>> next_step(Facts(wanted_id="7", wanted_value="a"))
    Step(operation='link', spar_id='7')
    >>> next_step(Facts("7", "b", linked_id="7", held_value="a"))
    Step(operation='update', spar_id='7')
    >>> next_step(Facts("8", "a", linked_id="7", held_value="a"))
    Step(operation='unlink', spar_id='7')
    >>> next_step(Facts("7", None, linked_id="7", held_value="a"))
    Step(operation='unlink', spar_id='7')
    >>> next_step(Facts("7", "a", linked_id="7", held_value="a"))
    'in_sync'
    >>> next_step(Facts(wanted_value="a")), next_step(Facts("7"))
    ('waiting_id', 'ended')
    """
    leave = facts.wanted_value is None or facts.linked_id != facts.wanted_id
    if facts.linked_id and leave:
        return Step(UNLINK, facts.linked_id)
    if facts.wanted_value is None:
        return ENDED
    if not facts.wanted_id:
        return WAITING_ID
    if not facts.linked_id:
        return Step(LINK, facts.wanted_id)
    if facts.held_value != facts.wanted_value:
        return Step(UPDATE, facts.wanted_id)
    return IN_SYNC


def retry_delay(attempts, base, cap, wish=None, chance=random.random, least=1):
    """Return how many seconds to wait before the next attempt.

    Exponential with full jitter: many registrants that failed together do not come
    back together.

    :param int attempts: how many have failed so far, 1 or more
    :param float base: seconds, the longest wait after the first failure
    :param float cap: seconds, the longest wait ever
    :param wish: seconds SPAR asked for (``Retry-After``); never undercut below the cap
    :param chance: returns a number in [0, 1)
    :param float least: seconds, never less than this

    >>> [retry_delay(n, 5, 1800, chance=lambda: 1) for n in (1, 2, 3, 20)]
    [5, 10, 20, 1800]
    >>> retry_delay(1, 5, 1800, wish=120, chance=lambda: 0)
    120
    """
    longest = min(cap, base * 2 ** min(attempts - 1, 32))
    return max(least, longest * chance(), min(wish or 0, cap))
