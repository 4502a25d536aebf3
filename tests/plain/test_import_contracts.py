"""The arrows between the addons, which ``pyproject.toml`` lists, are kept.

import-linter looks for packages on Python's path, and Odoo knows the addons as
``odoo.addons.NAME``: a tree of links to them has those names.
"""

import os
import subprocess
import sys

import pytest

from tools import settings

ADDRESS = "odoo.addons.g2p_spar_financial_address"
QUEUE = "odoo.addons.g2p_spar_sync_queue"


@pytest.fixture
def tree(tmp_path):
    """Return a folder that holds the addons as Odoo names them."""
    folder = tmp_path / "odoo" / "addons"
    folder.mkdir(parents=True)
    for name in settings.addons():
        (folder / name).mkdir()
        for path in (settings.ROOT / name).iterdir():
            (folder / name / path.name).symlink_to(path)
    return folder


def broken(tree):
    """Return what import-linter reports about a tree of addons; nothing when fine."""
    program = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        env={**os.environ, "PYTHONPATH": str(tree.parents[1])},
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_every_contract_is_kept(tree):
    assert not broken(tree)


@pytest.mark.parametrize(
    ("addon", "imported", "contract"),
    [
        ("g2p_spar_financial_address", f"{QUEUE}.jobs", "Arrows point down"),
        ("g2p_spar_portal", "odoo.addons.g2p_spar_admin_ui", "Arrows point down"),
        ("g2p_odk_spar_mapping", f"{QUEUE}.jobs", "ODK collects"),
        ("g2p_spar_sync_queue", f"{ADDRESS}.models.g2p_dfsp", "The address addon"),
        ("g2p_spar_portal", f"{QUEUE}.hooks", "The sync queue"),
    ],
)
def test_a_forbidden_import_is_found(tree, addon, imported, contract):
    (tree / addon / "forbidden.py").write_text(f"import {imported}\n")
    text = broken(tree)
    assert contract in text and "forbidden" in text, text


def test_an_import_from_a_higher_floor_is_found(tree):
    jobs = tree / "g2p_spar_sync_queue" / "jobs.py"
    # It is a link: the file itself stays.
    jobs.unlink()
    jobs.write_text(f"import {QUEUE}.engine.store\n")
    text = broken(tree)
    assert "Floors of the sync queue" in text and "engine.store" in text, text
