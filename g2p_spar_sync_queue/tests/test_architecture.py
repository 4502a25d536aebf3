"""``docs/architecture.md`` shows the way of one address as it is."""

import re
import sys
import threading
from pathlib import Path
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.g2p_spar_financial_address.models import (
    g2p_fa_strategy,
    g2p_financial_address,
)

from .common import SparCase

ADDON = Path(__file__).parents[1]
#: The addon in which an address begins its way.
BELOW = ADDON.parent / "g2p_spar_financial_address"
DOCUMENT = ADDON.parent / "docs" / "architecture.md"
#: What every step calls, so that it has no place of its own on the way.
EVERYWHERE = {"engine/store.py", "engine/digest.py"}
#: A row of the table, with its files and its functions.
ROW = r"^\|[^|]*\|([^|]*\.py[^|]*)\|([^|]*)\|[^|]*\|$"


@tagged("post_install", "-at_install")
class TestArchitecture(SparCase):
    def setUp(self):
        super().setUp()
        if not DOCUMENT.exists():
            self.skipTest("The addon is installed without the project's documents.")
        # So that the speed limit has something to do.
        self.connection.max_per_second = 1000

    def listed(self):
        """Return the steps of the document: pairs of a file and a function."""
        text = DOCUMENT.read_text().partition("## The way of one address")[2]
        steps = []
        for row in re.findall(ROW, text, re.M):
            files = re.findall(r"`([\w/]+\.py)`", row[0])
            names = re.findall(r"`([\w.]+)`", row[1])
            # One file for all functions, or one for each.
            files = files * len(names) if len(files) == 1 else files
            steps += [
                (file, name.rpartition(".")[2])
                for file, name in zip(files, names, strict=True)
            ]
        return steps

    def entered(self, work):
        """Return the functions of both addons that work enters, each once, in order."""
        calls = {}

        def note(frame, event, _argument):
            path = frame.f_code.co_filename
            for addon in (BELOW, ADDON):
                if event == "call" and path.startswith(f"{addon}/"):
                    file = path.removeprefix(f"{addon}/")
                    calls.setdefault((file, frame.f_code.co_name))

        before = sys.getprofile()
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            work()
        finally:
            sys.setprofile(before)
            threading.setprofile(None)
        return list(calls)

    def test_one_address_takes_the_way_that_is_described(self):
        entry = {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": "0754 200 001",
        }

        def save_and_send():
            self.env["g2p.financial.address"].submit([entry], "import")
            self.mapping.job_sync()

        calls = self.entered(save_and_send)
        self.assertInSync()
        steps = self.listed()
        self.assertGreater(len(steps), 23)
        self.assertEqual([step for step in calls if step in steps], steps)
        chapters = {file for file, _name in calls if file.startswith("engine/")}
        self.assertEqual(chapters - EVERYWHERE, chapters & {file for file, _ in steps})

    def test_one_more_field_of_an_address_reaches_spar(self):
        """By the two words the document names."""
        own = (*g2p_financial_address.OWN_PARTS, "holder_name")
        self.patch(g2p_financial_address, "OWN_PARTS", own)
        placeholders = g2p_fa_strategy.PLACEHOLDERS["bank_account"]
        self.startPatcher(patch.dict(placeholders, holder_name="Asha Juma"))
        strategy = self.bank.strategy_id
        strategy.template += ".holder_name:{holder_name}"
        account = self.enter_bank_account("12345678", holder_name="Asha Juma")
        self.run_engine()
        self.assertInSync()
        self.assertIn(".holder_name:Asha Juma", self.mapper.rows["SR-1"])
        self.assertEqual(self.mapper.rows["SR-1"], account._spar_value()[0])
