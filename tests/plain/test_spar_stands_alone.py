"""The SPAR client needs nothing of Odoo and could be published on its own."""

import subprocess
import sys
from pathlib import Path

ADDON = Path(__file__).parents[2] / "g2p_spar_sync_queue"

PROGRAM = """
import sys
sys.modules["odoo"] = None  # any import of Odoo fails
sys.path.insert(0, sys.argv[1])
import spar.client, spar.detect, spar.directory, spar.jws, spar.keys
print(spar.canonical.canonical_bytes({"b": 1, "a": "é"}, "ascii").decode())
"""


def test_the_spar_client_imports_nothing_of_odoo():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ADDON)], capture_output=True, text=True
    )
    assert done.stdout == '{"a":"\\u00e9","b":1}\n', done.stderr
