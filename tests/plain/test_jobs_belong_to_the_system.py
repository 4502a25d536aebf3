"""The addons depend on no queue, and make jobs in one way.

A job made as a user can never be started once that user is deleted. So jobs are made
with ``later`` of the sync queue, which hands them to the bridge of a queue.
"""

import ast
import re

from tools import settings

#: The bridge of each queue, by the queue's addon.
BRIDGES = {"queue_job": "g2p_spar_queue_job", "job_worker": "g2p_spar_job_worker"}
MAKES_A_JOB = re.compile(r"\.(with_delay|delayable)\(")
IMPORTS_A_QUEUE = re.compile(r"odoo\.addons\.(queue_job|job_worker)\b")


def addons_with(pattern):
    """Return the addons with a pattern in their code, tests left out."""
    return {
        addon
        for addon in settings.addons()
        for path in (settings.ROOT / addon).rglob("*.py")
        if "tests" not in path.relative_to(settings.ROOT).parts
        and pattern.search(path.read_text())
    }


def manifest(addon):
    return ast.literal_eval((settings.ROOT / addon / "__manifest__.py").read_text())


def test_only_the_bridges_hand_jobs_to_a_queue():
    assert addons_with(MAKES_A_JOB) == set(BRIDGES.values())


def test_only_the_bridges_depend_on_a_queue():
    assert addons_with(IMPORTS_A_QUEUE) <= set(BRIDGES.values())
    depending = {
        (queue, addon)
        for addon in settings.addons()
        for queue in BRIDGES
        if queue in manifest(addon)["depends"]
    }
    assert depending == set(BRIDGES.items())


def test_the_bridge_of_a_queue_comes_with_it_and_refuses_the_other():
    for queue, bridge in BRIDGES.items():
        of_bridge = manifest(bridge)
        assert of_bridge["auto_install"] is True
        assert set(of_bridge["excludes"]) == set(BRIDGES) - {queue}


def test_every_queue_can_be_chosen_for_tests():
    bridges = {q: bridge for q, bridge in settings.QUEUES.items() if bridge}
    assert bridges == BRIDGES
