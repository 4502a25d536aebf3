import time
from contextlib import closing

from odoo.exceptions import AccessError
from odoo.sql_db import db_connect
from odoo.tests import get_db_name, tagged

from ..live import query, query_slots
from .spar_stand_in import faults
from .status_case import StatusCase

#: The digest of somebody.
WHO = "0" * 64


@tagged("post_install", "-at_install")
class TestLiveQuery(StatusCase):
    """A query shows no whole number, blocks no user, and respects its limits."""

    # === NUMBERS AND ROLES === #

    def test_a_status_contains_no_whole_number(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        with self.assertLogs(level="DEBUG") as logs:
            shown = [str(self.view(role)) for role in ("viewer", "editor", "both")]
        reading = self.env["g2p.spar.reading"].search([])
        kept = str(reading.read())
        self.env.cr.execute("SELECT * FROM g2p_spar_reading")
        stored = str(self.env.cr.fetchall())
        for text in (*shown, kept, stored, "\n".join(logs.output)):
            for number in ("754200001", "754200009"):
                self.assertNotIn(number, text)
        self.assertIn("••••009", kept)
        self.assertFalse(self.env["g2p.fa.reveal"].search([]))

    def test_who_sees_no_payment_data_is_refused(self):
        self.bring_in_sync()
        for ask in (True, False):
            with self.assertRaises(AccessError):
                self.status_row("nobody", ask)
        self.assertFalse(self.mapper.log)

    def test_a_registrant_of_another_company_is_refused(self):
        self.bring_in_sync()
        self.status_row()
        self.registrant.company_id = self.env["res.company"].create({"name": "Other"})
        self.mapper.forget()
        for role in ("viewer", "both"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.status_row(role)
            Reading = self.env["g2p.spar.reading"].with_user(self.users[role])
            self.assertFalse(Reading.search([]))
        self.assertFalse(self.mapper.log)

    def test_no_role_writes_stored_answers(self):
        self.bring_in_sync()
        self.status_row()
        reading = self.env["g2p.spar.reading"].search([])
        for user in self.users.values():
            mine = reading.with_user(user)
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    mine.write({"kind": "spar_newer"})
                with self.assertRaises(AccessError):
                    mine.create({"partner_id": self.registrant.id})
                with self.assertRaises(AccessError):
                    mine.unlink()

    def test_only_editors_get_the_id_to_reveal_the_number(self):
        self.bring_in_sync()
        address = self.registrant.financial_address_id
        self.assertFalse(self.view("viewer")["requested"]["address"])
        self.assertEqual(self.view("editor")["requested"]["address"], address.id)

    def test_erased_with_the_payment_data(self):
        self.bring_in_sync()
        self.status_row()
        self.registrant.action_remove_payment_data()
        self.assertFalse(self.env["g2p.spar.reading"].search([]))

    # === NOTHING WAITS === #

    def test_a_hanging_spar_is_not_waited_for(self):
        self.bring_in_sync()
        self.patch(query, "TIMEOUTS", (0.2, 0.3))
        self.mapper.rule = lambda handler, work: time.sleep(3) or True
        began = time.monotonic()
        row = self.status_row()
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(self.mapper.operations, ["resolve"])
        self.assertIn("cannot be reached", row["problem"])

    def test_a_dripping_spar_is_not_waited_for(self):
        self.bring_in_sync()
        ask_all = query.ask_all
        self.patch(query, "ask_all", lambda asked: ask_all(asked, 0.3))
        self.mapper.rule = faults.drip(3)
        began = time.monotonic()
        row = self.status_row()
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(self.mapper.operations, ["resolve"])
        self.assertIn("cannot be reached", row["problem"])

    def test_the_limits_are_a_screens_and_not_the_engines(self):
        self.assertLessEqual(sum(query.TIMEOUTS), query.MAX_SECONDS)
        self.assertLessEqual(query.MAX_SECONDS, 5)

    # === SPAR IS LEFT IN PEACE === #

    def test_what_is_known_takes_few_queries_however_long_the_history(self):
        self.bring_in_sync()

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.status_row(ask=False)
            return self.env.cr.sql_log_count - before

        count()
        few = count()
        for number in range(2, 12):
            self.enter_address(f"0754 200 0{number:02}")
            self.run_engine()
        self.assertLessEqual(count(), few + 1)
        self.assertLess(few, 60)

    def test_a_person_has_one_query_at_a_time(self):
        self.bring_in_sync()
        with self.held(self.lock_of("viewer")):
            row = self.status_row()
            self.assertTrue(row["again"])
            self.assertEqual(row["badge"], "Last known")
            self.assertFalse(self.mapper.log)
            self.assertEqual(self.status_row("editor")["badge"], "In sync")
        self.assertEqual(self.status_row()["badge"], "In sync")

    def test_few_ask_at_a_time(self):
        self.bring_in_sync()
        slots = [(query_slots.SLOT_LOCK, n) for n in range(query_slots.slots())]
        with self.held(*slots[1:]):
            self.assertEqual(self.status_row()["badge"], "In sync")
        self.mapper.forget()
        with self.held(*slots):
            for role in ("viewer", "editor"):
                self.assertTrue(self.status_row(role)["again"])
            self.assertFalse(self.mapper.log)
        self.assertFalse(self.locks())

    def test_slots_leave_workers_to_others(self):
        for workers, expected in ((0, 4), (1, 1), (2, 1), (4, 2), (8, 4), (64, 4)):
            with self.subTest(workers=workers):
                self.patch(query_slots, "config", {"workers": workers})
                self.assertEqual(query_slots.slots(), expected)

    def test_a_slot_ends_with_a_failure_too(self):
        self.bring_in_sync()

        def fail(_questions):
            raise RuntimeError

        self.patch(query, "ask_all", fail)
        with self.assertRaises(RuntimeError):
            self.status_row()
        self.assertFalse(self.locks())

    def test_no_transaction_is_open_during_a_query(self):
        with query_slots.query_slot(self.env, WHO) as mine:
            self.assertTrue(mine)
            self.env.cr.execute(
                """SELECT a.state FROM pg_stat_activity a JOIN pg_locks l USING (pid)
                    WHERE l.locktype = 'advisory' AND l.classid = %s
                      AND l.database = (SELECT oid FROM pg_database
                                         WHERE datname = current_database())""",
                [query_slots.ASKER_LOCK],
            )
            self.assertEqual(self.env.cr.fetchall(), [("idle",)])

    def test_queries_in_a_minute_are_limited(self):
        people = self.make_registrants(3)
        self.patch(query, "MAX_PER_MINUTE", 2)
        codes = [self.view(partner=p)["rows"][0]["problem"] for p in people]
        self.assertEqual(codes[:2], ["", ""])
        self.assertIn("very often", codes[2])
        self.assertEqual(len(self.mapper.log), 2)
        self.assertFalse(self.view("editor", partner=people[2])["rows"][0]["problem"])

    def locks(self):
        """Return the slots that are taken in this database."""
        with closing(db_connect(get_db_name()).cursor()) as cr:
            cr.execute(
                """SELECT classid, objid FROM pg_locks
                    WHERE locktype = 'advisory' AND classid IN (%s, %s)
                      AND database = (SELECT oid FROM pg_database
                                       WHERE datname = current_database())""",
                [query_slots.ASKER_LOCK, query_slots.SLOT_LOCK],
            )
            return cr.fetchall()
