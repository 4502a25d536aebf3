from odoo import fields
from odoo.tests import tagged

from .common import SparCase

FORMER, NOW = "g2p_spar_admin_ui", "g2p_spar_sync_queue"
LIKE = r"%spar\_reading%"
OTHERS = ("access_reading_viewer", "rule_reading_company")


@tagged("post_install", "-at_install")
class TestUpgrade(SparCase):
    def owned(self):
        """Return the records of the model of last answers, with their addon."""
        self.env.cr.execute(
            """SELECT model, name, module, res_id FROM ir_model_data
                WHERE name LIKE %s OR name IN %s
             UNION ALL
               SELECT 'constraint', c.name, m.name, c.id
                 FROM ir_model_constraint c JOIN ir_module_module m ON m.id = c.module
                WHERE c.name LIKE %s
             ORDER BY 1, 2, 3""",
            [LIKE, OTHERS, LIKE],
        )
        return self.env.cr.fetchall()

    def test_stored_answers_move_from_the_admin_addon(self):
        # What extends the model has some records of its own, which it had not then.
        self.env.cr.execute(
            "DELETE FROM ir_model_data WHERE module = %s AND name LIKE %s",
            [FORMER, LIKE],
        )
        now = self.owned()
        self.assertEqual({row[2] for row in now}, {NOW})
        self.assertEqual(
            {row[0] for row in now},
            {
                "constraint",
                "ir.model",
                "ir.model.access",
                "ir.model.constraint",
                "ir.model.fields",
                "ir.rule",
            },
        )
        self.env.cr.execute(
            """UPDATE ir_model_data SET module = %s
                WHERE module = %s AND (name LIKE %s OR name IN %s)""",
            [FORMER, NOW, LIKE, OTHERS],
        )
        self.env.cr.execute(
            """INSERT INTO ir_module_module (name, state)
               VALUES (%s, 'uninstalled') ON CONFLICT DO NOTHING""",
            [FORMER],
        )
        self.env.cr.execute(
            """UPDATE ir_model_constraint SET module =
                      (SELECT id FROM ir_module_module WHERE name = %s)
                WHERE name LIKE %s""",
            [FORMER, LIKE],
        )
        self.assertEqual({row[2] for row in self.owned()}, {FORMER})
        self.upgrade(NOW, "19.0.1.3.0", "pre")
        self.assertEqual(self.owned(), now)

    def test_what_was_being_sent_when_it_was_stopped_is_asked_about(self):
        self.enter_address()
        self.env.cr.execute("UPDATE g2p_spar_mapping SET state = 'sending'")
        self.upgrade(NOW, "19.0.1.3.0")
        self.assertEqual(self.mapping.state, "checking")
        self.assertGreater(self.mapping.next_attempt_at, fields.Datetime.now())

    def test_of_the_same_difference_one_is_left_to_decide(self):
        self.env.cr.execute("DROP INDEX g2p_spar_reconciliation_line_one_undecided")
        mappings = self.make_registrants(4).spar_mapping_ids
        runs = self.env["g2p.spar.reconciliation"].create(
            [{"connection_id": self.connection.id, "state": "done"} for _n in range(3)]
        )
        states = {
            0: ("open", "open", "open"),
            1: ("open", "taking", "open"),
            2: ("ignored", "resent", "open"),
            3: ("ignored", "ignored", "taken"),
        }
        lines = self.env["g2p.spar.reconciliation.line"].create(
            [
                {
                    "reconciliation_id": runs[number].id,
                    "mapping_id": mappings[position].id,
                    "kind": "spar_newer",
                    "state": state,
                }
                for position, column in states.items()
                for number, state in enumerate(column)
            ]
        )
        # A row under a former ID is another difference.
        lines[0].spar_id = "former"
        self.upgrade(NOW, "19.0.1.4.0", "pre", "differences")
        kept = [0, 2, 4, *range(6, 12)]
        self.assertEqual(lines.exists().ids, [lines[n].id for n in kept])

    def test_of_twins_that_run_the_younger_is_paused(self):
        url = self.connection.base_url
        same = self.connection.copy({"base_url": f"{url}/"})
        inside = self.connection.copy(
            {"base_url": f"{url}/sync", "link_path": "/link", "name": "Inside"}
        )
        other = self.connection.copy({"base_url": f"{url}/other"})
        paused = self.connection.copy()
        paused.state = "paused"
        self.env.flush_all()
        self.env.cr.execute(
            """DROP INDEX g2p_spar_connection_one_at_a_place,
                          g2p_spar_connection_one_links_at_a_place"""
        )
        (same | inside | other).state = "running"
        self.upgrade(NOW, "19.0.1.4.0", "pre", "twins")
        self.assertEqual((same | inside).mapped("state"), ["paused", "paused"])
        self.assertIn("sends to the same SPAR", same.pause_reason)
        self.assertTrue(same.paused_at)
        self.assertEqual((self.connection | other).mapped("state"), ["running"] * 2)
        self.assertFalse(paused.pause_reason)

    def test_who_was_entered_before_the_engine_has_a_row_of_captures(self):
        self.enter_address()
        number = "SELECT number FROM g2p_spar_capture WHERE partner_id = %s"
        self.env.cr.execute(number, self.registrant.ids)
        before = self.env.cr.fetchall()
        self.upgrade(NOW, "19.0.1.4.0", "post", "captures")
        self.env.cr.execute(number, self.registrant.ids)
        self.assertEqual(self.env.cr.fetchall(), before)
        self.env.cr.execute("DELETE FROM g2p_spar_capture")
        self.upgrade(NOW, "19.0.1.4.0", "post", "captures")
        self.env.cr.execute(number, self.registrant.ids)
        self.assertEqual(self.env.cr.fetchall(), [(0,)])

    def test_a_cool_down_that_was_too_short_is_raised(self):
        longer = self.connection.copy()
        self.env.flush_all()
        self.env.cr.execute(
            """ALTER TABLE g2p_spar_connection
                DROP CONSTRAINT g2p_spar_connection_cool_down_covers_leaving;
               UPDATE g2p_spar_connection SET cool_down = 1 WHERE id = %s""",
            self.connection.ids,
        )
        self.upgrade(NOW, "19.0.1.4.0", "pre", "cooldown")
        self.assertEqual((self.connection | longer).mapped("cool_down"), [2, 60])

    def test_numbers_in_reasons_typed_before_are_hidden(self):
        self.enter_address()
        self.mapping._intervene("pause", "They asked for it")
        kept = self.env["g2p.spar.intervention"].search([], limit=1)
        self.mapping._intervene("resume", "They called")
        trail = self.env["g2p.spar.intervention"].search([], limit=1)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_spar_intervention SET reason = 'Call 0754 200 001' "
            "WHERE id = %s",
            trail.ids,
        )
        self.upgrade(NOW, "19.0.1.4.0", "post", "notes")
        self.assertEqual(trail.reason, "Call ••••")
        self.assertEqual(kept.reason, "They asked for it")
