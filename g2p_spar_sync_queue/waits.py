"""How long to wait before something is tried again."""

import random


def retry_delay(attempts, base, cap, retry_after=None, chance=random.random, least=1):
    """Return how many seconds to wait before the next attempt.

    Exponential with full jitter: many registrants that failed together do not come
    back together.

    :param int attempts: how many have failed so far, 1 or more
    :param float base: seconds, the longest wait after the first failure
    :param float cap: seconds, the longest wait ever
    :param retry_after: seconds SPAR asked for; never undercut below the cap
    :param chance: returns a number in [0, 1)
    :param float least: seconds, never less than this

    >>> [retry_delay(n, 5, 1800, chance=lambda: 1) for n in (1, 2, 3, 20)]
    [5, 10, 20, 1800]
    >>> retry_delay(1, 5, 1800, retry_after=120, chance=lambda: 0)
    120
    """
    longest = min(cap, base * 2 ** min(attempts - 1, 32))
    return max(least, longest * chance(), min(retry_after or 0, cap))
