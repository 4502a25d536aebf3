"""Tests that need more than Odoo runs them with."""

import sys

from tools import settings

# The stand-in for SPAR is plain Python, though inside an addon: see
# `tests/standin_spar`. It is imported by its own name, `spar_stand_in`.
sys.path.append(str(settings.ROOT / "g2p_spar_sync_queue" / "tests"))
