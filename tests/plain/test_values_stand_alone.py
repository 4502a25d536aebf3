"""The rules for values need nothing of Odoo."""

import subprocess
import sys
from pathlib import Path

import pytest

ADDON = Path(__file__).parents[2] / "g2p_spar_financial_address"
MODULES = sorted(path.stem for path in (ADDON / "values").glob("[!_]*.py"))

PROGRAM = """
import importlib, sys
sys.modules["odoo"] = None  # any import of Odoo fails
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(f"values.{name}")
from values import checks, invalid
try:
    checks.clean_account_number("7\\0")
except invalid.InvalidValue as refusal:
    print(refusal)
"""


def run(*modules):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ADDON), *modules],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_values_imports_nothing_of_odoo(name):
    done = run(name)
    assert done.returncode == 0, done.stderr


def test_a_refusal_is_a_sentence_in_english():
    assert run().stdout == (
        "Account number contains an invisible control character, such as a line break. "
        "Type it again instead of pasting it.\n"
    )
