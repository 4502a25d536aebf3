"""What changes, or fails, while one worker sends request after request."""

import base64
import json
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged

from ..comparison import run as comparison
from ..engine import record
from ..engine.store import version
from ..live import query
from ..spar.keys import KeyPair
from .common import PartnerApiCase
from .key_case import KeyCase
from .key_material import certificate_pem, private_pem, rsa_key
from .spar_stand_in import faults


@tagged("post_install", "-at_install")
class TestLongSyncRun(KeyCase):
    def setUp(self):
        super().setUp()
        self.connection.batch_size = 1
        self.mappings = self.make_registrants(3).spar_mapping_ids
        #: By which key each request was signed.
        self.kids = []
        self.mapper.rule = self.note_key

    def note_key(self, handler, work):
        header = handler.headers["Signature"].split(".")[0]
        header = base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
        self.kids.append(json.loads(header)["kid"])
        return False

    def meanwhile(self, work):
        """Do something after the first answer has come, before it is recorded."""
        todo, original = [work], record.record_answer

        def work_first(*arguments):
            while todo:
                todo.pop()()
            return original(*arguments)

        self.patch(record, "record_answer", work_first)

    def switch_key(self):
        key = rsa_key(1)
        values = self.file_key_values(
            key_path=self.file("new.pem", private_pem(key)),
            certificate_path=self.file("new.crt", certificate_pem(key)),
        )
        before = self.connection.key_id
        self.connection.key_ids = [Command.create(values)]
        # All of a test is one moment.
        before.use_from = fields.Datetime.now() - timedelta(minutes=1)
        (self.connection.key_ids - before).use_from = fields.Datetime.now()
        self.env.flush_all()

    def assertNothingInDoubt(self):
        self.assertFalse(self.env["g2p.spar.sending"].search([]))
        self.assertNotIn("checking", self.mappings.mapped("state"))

    # === KEYS === #

    def test_a_key_switched_to_signs_the_next_request(self):
        old = self.connection.key_id.thumbprint
        self.meanwhile(self.switch_key)
        self.run_engine(mappings=self.mappings)
        new = self.connection.key_id.thumbprint
        self.assertNotEqual(old, new)
        self.assertEqual(self.kids, [old, new, new])
        self.assertInSync(self.mappings)

    def test_a_key_that_is_out_of_use_when_it_is_refused_pauses_nothing(self):
        self.meanwhile(self.switch_key)
        self.run_engine(faults.signature_refused, mappings=self.mappings)
        self.assertEqual(self.connection.state, "running")
        self.assertEqual(set(self.kids), {self.connection.key_id.thumbprint})
        self.assertInSync(self.mappings)

    def test_a_comparison_signs_with_the_key_in_use_and_pauses_for_no_other(self):
        self.run_engine(mappings=self.mappings)
        self.patch(comparison, "CHUNK", 1)
        old = self.connection.key_id.thumbprint
        todo = [self.switch_key]
        original = comparison.Comparison._open_client

        def open_client(run):
            client = original(run)
            if len(self.kids) > before and todo:
                # While the second question is about to be asked.
                todo.pop()()
                self.mapper.faults = [faults.signature_refused]
            return client

        before = len(self.kids)
        self.patch(comparison.Comparison, "_open_client", open_client)
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        self.assertFalse(todo or self.mapper.faults)
        self.assertEqual(self.connection.state, "running")
        run.job_run()
        self.assertEqual((run.state, run.line_count), ("done", 0))
        self.assertEqual(set(self.kids[: before + 1]), {old})
        new = self.connection.key_id.thumbprint
        self.assertEqual(set(self.kids[before + 1 :]), {new})

    def test_a_refused_key_that_is_still_in_use_pauses(self):
        self.run_engine(faults.signature_refused, mappings=self.mappings)
        self.assertEqual(self.connection.state, "paused")
        self.assertEqual(len(self.mapper.log), 1)

    def test_time_alone_may_bring_another_key(self):
        for column, moment in (("use_from", "1 hour"), ("not_after", "1 hour")):
            with self.subTest(column):
                self.set_moment(column, f"+ INTERVAL '{moment}'")
                before = version(self.env, self.connection.id)
                self.assertEqual(version(self.env, self.connection.id), before)
                self.set_moment(column, f"- INTERVAL '{moment}'")
                self.assertNotEqual(version(self.env, self.connection.id), before)

    def set_moment(self, column, distance):
        self.env.flush_all()
        self.env.cr.execute(
            f"""UPDATE g2p_spar_key SET {column} =
                       clock_timestamp() AT TIME ZONE 'UTC' {distance}
                 WHERE id = %s""",
            [self.key.id],
        )
        self.env.invalidate_all()

    # === SIGNING FAILS === #

    def failing_after(self, number):
        """Let a key sign so many times, and then no more."""
        original, signed = KeyPair.encode, []

        def encode(*arguments):
            signed.append(arguments)
            if len(signed) > number:
                raise ValueError("s3cret")
            return original(*arguments)

        return patch.object(KeyPair, "encode", encode)

    def assertPausedForKey(self):
        self.assertEqual(self.connection.state, "paused")
        self.assertEqual(
            self.connection.pause_reason,
            "The signing key: It cannot sign. Set up a new key.",
        )
        alerted = self.connection.activity_ids.user_id
        self.assertEqual(alerted, self.connection._responsible_users())

    def test_what_cannot_be_signed_was_never_about_to_be_sent(self):
        with self.failing_after(0):
            self.run_engine(mappings=self.mappings)
        self.assertPausedForKey()
        self.assertFalse(self.mapper.log)
        self.assertNothingInDoubt()
        self.connection.action_resume()
        self.run_engine(mappings=self.mappings)
        self.assertEqual(self.mapper.operations, ["link"] * 3)
        self.assertInSync(self.mappings)

    def test_nor_what_cannot_be_signed_again(self):
        """One was left out of the request, since its ID is not free yet."""
        self.connection.batch_size = 10
        left_out, _sent, holder = self.mappings
        holder.change_ids.state = "sent"
        holder.write(
            {"state": "in_sync", "linked_spar_id": left_out.partner_id.spar_id}
        )
        with self.failing_after(1):
            self.run_engine(mappings=self.mappings)
        self.assertPausedForKey()
        self.assertFalse(self.mapper.log)
        self.assertNothingInDoubt()

    def test_a_query_reports_an_unusable_key(self):
        self.run_engine(mappings=self.mappings)
        with self.failing_after(0):
            codes = query.ask(self.mappings[0].partner_id)
        self.assertEqual(codes, {self.connection.id: "key"})

    def test_one_who_cannot_be_written_is_held_alone(self):
        self.connection.batch_size = 10
        culprit = self.mappings[1]
        address = self.connection._dialect()._address

        def refuse_one(_dialect, item):
            if item.spar_id == culprit.partner_id.spar_id:
                raise ValueError
            return address(item)

        with patch.object(type(self.connection._dialect()), "_address", refuse_one):
            self.run_engine(mappings=self.mappings)
        self.assertEqual(culprit.state, "held")
        self.assertIn("cannot be written for SPAR", culprit.sentence)
        self.assertInSync(self.mappings - culprit)
        self.assertNothingInDoubt()

    # === SETTINGS === #

    def test_settings_count_as_they_are_not_as_they_are_remembered(self):
        settings = self.env["g2p.fa.settings"]
        self.assertFalse(settings.cached_values()["send_name"])
        self.env.flush_all()
        # As another process does, of which this one hears only later.
        self.env.cr.execute("UPDATE g2p_fa_settings SET send_name = true")
        self.env.invalidate_all()
        self.assertFalse(settings.cached_values()["send_name"])
        self.run_engine(mappings=self.mappings[0])
        self.assertEqual(self.mapper.sent_details[0], self.mappings[-1].partner_id.name)

    def test_a_changed_strategy_is_another_version(self):
        before = version(self.env, self.connection.id)
        self.operator.strategy_id.template += "."
        self.env.flush_all()
        self.assertNotEqual(version(self.env, self.connection.id), before)


@tagged("post_install", "-at_install")
class TestLongSyncRunOn2(PartnerApiCase, TestLongSyncRun):
    pass
