from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.g2p_spar_sync_queue.tests.status_case import StatusCase

LIST = "g2p_spar_financial_address.registrant_view_list"


@tagged("post_install", "-at_install")
class TestTruth(StatusCase):
    """What the registrant's page lets people do about what SPAR holds."""

    # === THE CURE === #

    def test_resend_ours(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        row = self.status_row("operator")
        self.assertTrue(row["mayResend"])
        reading = self.env["g2p.spar.reading"].browse(row["reading"])
        reading.with_user(self.users["operator"]).action_resend()
        self.run_engine()
        self.assertInSync()
        self.assertEqual(self.status_row()["badge"], "In sync")
        done = self.mapping.intervention_ids
        self.assertEqual(done.create_uid, self.users["operator"])

    def test_take_spars(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        row = self.status_row("both")
        self.assertTrue(row["mayTake"])
        reading = self.env["g2p.spar.reading"].browse(row["reading"])
        reading.with_user(self.users["both"]).action_take()
        line = self.env["g2p.spar.reconciliation.line"].search([], limit=1)
        self.assertEqual((line.kind, line.state), ("spar_newer", "taking"))
        line.with_user(self.users["both"]).job_take()
        self.assertEqual(line.state, "taken")
        address = self.registrant.financial_address_id
        self.assertEqual(address.mobile_number, "+255754200009")
        self.assertEqual(address.entered_by_id, self.users["both"])

    def test_a_difference_listed_already_is_listed_once(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        Line = self.env["g2p.spar.reconciliation.line"]
        self.env["g2p.spar.reconciliation"]._start(self.connection).job_run()
        listed = Line.search([])
        self.assertEqual(listed.state, "open")
        reading = self.env["g2p.spar.reading"].browse(
            self.status_row("both")["reading"]
        )
        reading.with_user(self.users["operator"]).action_resend()
        self.assertEqual(Line.search([]), listed)
        self.assertEqual(listed.state, "resent")

    def test_what_is_left_over_is_removed(self):
        self.bring_in_sync()
        held = dict(self.mapper.rows)
        self.registrant.action_end_financial_address("Gone")
        self.run_engine()
        self.mapper.rows.update(held)
        row = self.status_row("operator")
        reading = self.env["g2p.spar.reading"].browse(row["reading"])
        reading.with_user(self.users["operator"]).action_resend()
        self.run_engine()
        self.assertFalse(self.mapper.rows)

    def test_nothing_to_cure_changes_nothing(self):
        self.bring_in_sync()
        reading = self.env["g2p.spar.reading"].browse(
            self.status_row("both")["reading"]
        )
        reading.with_user(self.users["both"]).action_resend()
        reading.with_user(self.users["both"]).action_take()
        self.assertFalse(self.env["g2p.spar.reconciliation.line"].search([]))
        self.assertFalse(self.mapping.intervention_ids)

    def test_the_button_opens_this_registrants_changes(self):
        self.bring_in_sync()
        others = self.make_registrants(1)
        action = self.registrant.with_user(self.users["viewer"]).action_spar_changes()
        shown = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(shown, self.mapping.change_ids)
        self.assertTrue(shown and others.spar_mapping_ids.change_ids - shown)

    def test_cures_by_role(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        expected = {
            "viewer": (False, False),
            "editor": (False, False),
            "operator": (True, False),
            "both": (True, True),
        }
        for role, (resends, takes) in expected.items():
            row = self.status_row(role)
            reading = self.env["g2p.spar.reading"].browse(row["reading"])
            mine = reading.with_user(self.users[role])
            with self.subTest(role):
                self.assertEqual((row["mayResend"], row["mayTake"]), (resends, takes))
                for allowed, cure in ((resends, "resend"), (takes, "take")):
                    if not allowed:
                        with self.assertRaises(AccessError):
                            getattr(mine, f"action_{cure}")()
        self.assertFalse(self.env["g2p.spar.reconciliation.line"].search([]))

    # === SPAR IS LEFT IN PEACE === #

    def test_a_page_of_80_and_a_form_ask_nothing(self):
        self.bring_in_sync()
        people = self.make_registrants(79) | self.registrant
        self.env["g2p.spar.connection"].search([]).flush_recordset()
        viewer = self.env["res.partner"].with_user(self.users["viewer"])
        views = viewer.get_views([(self.env.ref(LIST).id, "list"), (False, "form")])
        for kind in ("list", "form"):
            spec = {
                name: {}
                for name in viewer.browse(self.registrant.id)._fields
                if name in views["views"][kind]["arch"]
                and f'name="{name}"' in views["views"][kind]["arch"]
            }
            self.assertIn("spar_state", spec)
            with self.subTest(kind):
                if kind == "list":
                    found = viewer.web_search_read([("id", "in", people.ids)], spec)
                    self.assertEqual(len(found["records"]), 80)
                else:
                    viewer.browse(self.registrant.id).web_read(spec)
        self.assertFalse(self.mapper.log)

    def test_the_list_costs_what_it_cost_before(self):
        # The widget is on the form alone, and it has no field of its own.
        names = self.env["res.partner"]._fields
        ours = [n for n, f in names.items() if f._module == "g2p_spar_admin_ui"]
        self.assertFalse(ours)
