"""The toolkit needs nothing of Odoo."""

import subprocess
import sys
from pathlib import Path

ADDON = Path(__file__).parents[2] / "g2p_spar_financial_address"

PROGRAM = """
import sys
sys.modules["odoo"] = None  # any import of Odoo fails
sys.path.insert(0, sys.argv[1])
from toolkit.http_client import HttpClient
print(HttpClient("http://127.0.0.1:1", 1, 1, 1).request("GET", "/").problem)
"""


def test_the_toolkit_imports_nothing_of_odoo():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ADDON)], capture_output=True, text=True
    )
    assert done.stdout == "connect.refused\n", done.stderr
