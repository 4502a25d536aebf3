"""A job made as a user can never be started once that user is deleted."""

import re

from tools import settings

#: The one place that knows as whom jobs run.
PLACE = "g2p_spar_sync_queue/jobs.py"
MAKES_A_JOB = re.compile(r"\.(with_delay|delayable)\(")


def test_jobs_are_made_in_one_place_only():
    found = set()
    for addon in settings.addons():
        for path in (settings.ROOT / addon).rglob("*.py"):
            name = path.relative_to(settings.ROOT)
            if "tests" not in name.parts and MAKES_A_JOB.search(path.read_text()):
                found.add(str(name))
    assert found == {PLACE}
