"""The Central client needs nothing of Odoo and could be published on its own."""

import subprocess
import sys
from pathlib import Path

ADDON = Path(__file__).parents[2] / "g2p_odk_spar_mapping"

PROGRAM = """
import sys
sys.modules["odoo"] = None  # any import of Odoo fails
sys.path.insert(0, sys.argv[1])
import central.client, central.feed, central.rows, pipeline.staging
print(central.feed.earlier("2026-05-03T10:10:00.000Z", 600))
"""


def test_the_central_client_imports_nothing_of_odoo():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ADDON)], capture_output=True, text=True
    )
    assert done.stdout == "2026-05-03T10:00:00.000Z\n", done.stderr


def test_the_addon_knows_nothing_of_the_engine():
    texts = {
        path: path.read_text()
        for path in ADDON.rglob("*")
        if path.suffix in (".py", ".xml", ".csv", ".sql") and "tests" not in path.parts
    }
    assert texts
    assert not [path for path, text in texts.items() if "spar_sync_queue" in text]
