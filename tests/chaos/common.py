"""What scenarios share."""

from tools.bench.figures import Figure


def share(full, percent, least=1):
    """Return a number lowered to a percentage, at least so many."""
    return max(least, full * percent // 100)


def nothing_wrong(name, violations):
    """Yield a figure for each kind of violation.

    :param str name: of the scenario.
    :param Violations violations: what was found.
    """
    for kind, count in violations.counts().items():
        yield Figure(f"{name}_{kind}", count, "registrants", "== 0")
