"""A measured figure, its goal, and the JSON line that tells both."""

import json
import math
import operator
from dataclasses import dataclass

COMPARISONS = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}


@dataclass(frozen=True)
class Figure:
    """One measured number and what it should be.

    :param str name: what was measured, for example ``import_10k_vs_contacts``.
    :param float value: what came out.
    :param str unit: what it is counted in, for example ``ratio`` or ``MiB``.
    :param str goal: a comparison and a number, for example ``<= 2.0``.
    """

    name: str
    value: float
    unit: str
    goal: str

    @property
    def ok(self):
        """Whether the value, before any rounding, reaches the goal."""
        comparison, bound = self.goal.split()
        return math.isfinite(self.value) and COMPARISONS[comparison](
            self.value, float(bound)
        )

    def line(self, percent=100, **more):
        """Return the figure as one line of JSON.

        :param int percent: the sizes it was measured with, in percent of the full
            ones. Less than 100 is told in the line, so that a quick look is never
            taken for a result.
        :param more: what else the line tells.
        """
        shown = {
            "name": self.name,
            # JSON knows no infinity; a figure that could not be measured has no value.
            "value": round(self.value, 4) if math.isfinite(self.value) else None,
            "unit": self.unit,
            "goal": self.goal,
            "ok": self.ok,
        }
        if percent != 100:
            shown["size"] = f"{percent} %"
        return json.dumps({**shown, **more})
