from odoo.tests import Form, tagged

from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in import faults

from ..models.g2p_spar_mapping import CAUSES
from .test_overview import MonitorCase


@tagged("post_install", "-at_install")
class TestMonitor(MonitorCase):
    def test_the_monitor_groups_by_what_people_ask(self):
        mappings = self.make_one_of_each().spar_mapping_ids
        self.registrant.state_id = self.env.ref("base.state_us_5")
        mine = [("id", "in", mappings.ids)]
        Mapping = self.env["g2p.spar.mapping"].with_user(self.operator_user)
        for name in (
            "display_state",
            "cause",
            "dfsp_id",
            "channel",
            "connection_id",
            "area_id",
            "city",
            "age",
        ):
            with self.subTest(name):
                groups = Mapping.formatted_read_group(mine, [name], ["__count"])
                self.assertEqual(
                    sum(group["__count"] for group in groups), len(mappings)
                )
                for group in groups:
                    domain = [*mine, *group["__extra_domain"]]
                    self.assertEqual(Mapping.search_count(domain), group["__count"])
        self.assertEqual(mappings.dfsp_id, self.operator)
        self.assertEqual(set(mappings.mapped("channel")), {"admin"})

    def test_causes_have_labels(self):
        self.enter_address()
        for code, cause in {
            "rjct.fa.invalid": "account",
            "rjct.id.invalid": "id",
            "rjct.something": "refused",
        }.items():
            with self.subTest(code):
                self.mapping.action_resend()
                self.run_engine(faults.refuse(code))
                self.assertEqual(self.mapping.cause, cause)
        for _name, label in CAUSES:
            self.assertNotRegex(label, r"[._]")

    def test_the_default_filter_shows_trouble(self):
        action = self.env.ref("g2p_spar_sync_queue.g2p_spar_mapping_action")
        self.assertIn("search_default_held", action.context)
        self.assertEqual(action.view_mode, "list,kanban,graph,pivot,form")

    def test_an_operator_opens_it_in_a_constant_number_of_queries(self):
        partners = self.make_registrants(40)
        mappings = partners.spar_mapping_ids
        mappings.job_sync()
        Mapping = self.env["g2p.spar.mapping"].with_user(self.operator_user)
        spec = {
            name: {}
            for name in ("display_state", "sentence", "cause", "age", "attempts")
        }
        counts = []
        for limit in (1, 4, 40):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = Mapping.web_search_read(
                [("id", "in", mappings.ids)], spec, limit=limit
            )
            self.assertEqual(len(found["records"]), limit)
            counts.append(self.env.cr.sql_log_count - before)
        # The first one warms up what is read once.
        self.assertEqual(*counts[1:])

    def test_mass_actions_report_how_many(self):
        partners = self.make_registrants(3)
        mappings = partners.spar_mapping_ids
        self.run_engine(faults.refuse("rjct.fa.invalid"), mappings=mappings)
        action = self.env.ref("g2p_spar_admin_ui.action_retry")
        report = (
            action.with_user(self.operator_user)
            .with_context(active_model="g2p.spar.mapping", active_ids=mappings.ids)
            .run()
        )
        self.assertIn("3", report["params"]["message"])
        self.assertEqual(set(mappings.mapped("state")), {"due"})

    def test_an_export_holds_no_payment_data(self):
        self.enter_address()
        self.run_engine()
        self.operator_user.group_ids |= self.env.ref("base.group_allow_export")
        Mapping = self.env["g2p.spar.mapping"].with_user(self.operator_user)
        names = [
            name
            for name, info in Mapping.fields_get(attributes=["exportable"]).items()
            if info.get("exportable", True)
        ]
        self.assertIn("cause", names)
        self.assertNotIn("held_digest", names)
        data = self.mapping.with_user(self.operator_user).export_data(names)
        self.assertNotIn("754200001", str(data))


@tagged("post_install", "-at_install")
class TestTimeline(MonitorCase):
    def timeline(self, change=None):
        change = change or self.mapping.change_ids[:1]
        self.env.flush_all()
        self.env.invalidate_all()
        return str(change.with_user(self.operator_user).timeline)

    def test_it_tells_who_and_when_spar_confirmed(self):
        self.enter_address()
        self.assertIn("waits for its turn", self.timeline())
        self.run_engine()
        text = self.timeline()
        self.assertIn("captured by", text)
        self.assertIn("Admin form", text)
        self.assertIn("SPAR confirmed it.", text)
        self.assertEqual(text.count("<li>"), 2)

    def test_each_attempt_is_told_in_words(self):
        self.enter_address()
        self.run_engine(faults.status(429))
        self.time_passes()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        text = self.timeline()
        self.assertIn("SPAR could not take it", text)
        self.assertIn("does not accept this address", text)
        self.assertNotIn("rjct", text)
        change = self.mapping.change_ids[0]
        self.assertEqual(len(change.attempt_ids), 2)

    def test_actions_of_operators_are_listed_with_their_reason(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.mapping.with_user(self.operator_user)._intervene("skip", "Asked the bank")
        text = self.timeline()
        self.assertIn("Skipped by m_operator", text)
        self.assertIn("Asked the bank", text)

    def test_a_newer_change_is_told(self):
        self.enter_address()
        self.enter_address("0754 200 002")
        self.run_engine()
        older = self.mapping.change_ids[-1]
        self.assertIn("newer change took its place", self.timeline(older))

    def test_an_approval_is_told(self):
        self.set_policy(approve_admin=True)
        address = self.enter_address()
        approver = self.new_user("m_approver", "approver")
        address.with_user(approver).action_approve()
        self.assertIn("Approved by m_approver", self.timeline())

    def test_what_people_type_is_not_taken_for_markup(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.mapping._intervene("skip", "<script>alert(1)</script>")
        self.assertNotIn("<script>", self.timeline())

    def test_a_change_opens_as_a_form(self):
        self.enter_address()
        change = self.mapping.change_ids.with_user(self.operator_user)
        with Form(change) as form:
            self.assertTrue(form.timeline)
        self.assertEqual(change.action_open_mapping()["res_id"], self.mapping.id)
        self.assertNotIn("754200001", self.timeline())
