"""What a setting may name on the server, and what an error says of it: nothing."""

import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..toolkit.server_secrets import (
    FOLDERS,
    Unreadable,
    check_saved,
    read_file,
    read_variable,
)
from .fifo import nobody_waits


@tagged("post_install", "-at_install")
class TestServerSecrets(TransactionCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.inside = self.folder / "keys"
        self.inside.mkdir()
        self.good = self.inside / "good"
        self.good.write_bytes(b"secret")
        self.set_environment(**{FOLDERS: f"/nowhere{os.pathsep}{self.inside}"})

    def set_environment(self, **values):
        patcher = patch.dict(os.environ, values)
        patcher.start()
        self.addCleanup(patcher.stop)

    def assertUnreadable(self, path, limit=6):
        with self.assertRaises(Unreadable) as caught:
            read_file(path and str(path), limit)
        self.assertEqual(str(caught.exception), "")
        self.assertIsNone(caught.exception.__cause__)

    def test_a_file_in_an_allowed_folder_is_read(self):
        self.assertEqual(read_file(str(self.good), 6), b"secret")
        # As Kubernetes puts secrets where they are read.
        link = self.inside / "link"
        link.symlink_to(self.good)
        self.assertEqual(read_file(str(link), 6), b"secret")

    def test_what_may_not_be_read_is_all_the_same(self):
        outside = self.folder / "outside"
        outside.write_bytes(b"secret")
        (self.inside / "out").symlink_to(outside)
        (self.folder / "keys-too").mkdir()
        (self.folder / "keys-too" / "near").write_bytes(b"secret")
        for path in (
            outside,
            self.inside / "out",
            self.inside / ".." / "outside",
            self.folder / "keys-too" / "near",
            self.inside / "missing",
            self.inside,
            "/dev/zero",
            "/proc/self/environ",
            "good",
            "",
            False,
            f"{self.good}\0",
        ):
            with self.subTest(path):
                self.assertUnreadable(path)
        self.assertUnreadable(self.good, limit=5)

    def test_a_fifo_does_not_block_the_reader(self):
        fifo = self.inside / "fifo"
        os.mkfifo(fifo)
        with nobody_waits(fifo):
            self.assertUnreadable(fifo)

    def test_variables_are_named_for_it(self):
        self.set_environment(SPAR_X="x", T_X="x", SPAR_KEY_SECRET="x")
        self.assertEqual(read_variable("SPAR_X"), "x")
        for name in ("SPAR_NONE", "T_X", "SPAR_KEY_SECRET", FOLDERS, "PATH", "", False):
            with self.subTest(name), self.assertRaises(Unreadable) as caught:
                read_variable(name)
            self.assertEqual(str(caught.exception), "")

    def test_only_saved_records_count(self):
        partner = self.env["res.partner"].create({"name": "P"})
        check_saved(partner)
        for record in (
            partner.new({"name": "P"}),
            partner.new({"name": "P"}, origin=partner),
            partner.browse(2**30),
        ):
            with self.assertRaises(Unreadable):
                check_saved(record)
