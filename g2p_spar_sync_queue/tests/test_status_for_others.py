"""What is shown to those who have no right of their own in the registry."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..live import query, query_slots
from ..live.status import DISPLAY_STATES, spar_status
from .spar_stand_in import faults
from .status_case import StatusCase

REASON = "Police asked us to wait"


@tagged("post_install", "-at_install")
class TestStatusForOthers(StatusCase):
    """The status for a portal and an API, which have checked the access themselves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = new_test_user(cls.env, "t_agent", "base.group_portal")

    def shown(self, user=None, asker=None, ask=True, partner=None):
        """Return what a caller gets who has proved the right."""
        seen = (partner or self.registrant).with_user(user or self.agent).sudo()
        return spar_status(seen, ask, asker)

    def row(self, *args, **kwargs):
        (row,) = self.shown(*args, **kwargs)["rows"]
        return row

    def intervene(self, action):
        self.mapping.with_user(self.users["operator"])._intervene(action, REASON)

    def assertCode(self, code, **kwargs):
        """All callers get the same state, and the agent also a sentence."""
        row = self.row(**kwargs)
        self.assertEqual(row["code"], code)
        self.assertTrue(row["sentence"])
        self.assertIn(code, dict(DISPLAY_STATES))
        self.assertEqual(self.status_row("both", **kwargs)["code"], code)
        return row

    # === NO RIGHT COMES WITH SUDO === #

    def test_who_may_not_see_payment_data_may_not_ask_by_rpc(self):
        self.bring_in_sync()
        with self.assertRaises(AccessError):
            self.registrant.with_user(self.agent).refresh_spar_status()
        with self.assertRaises(AccessError):
            spar_status(self.registrant.with_user(self.agent))

    def test_an_agent_sees_the_state_and_nothing_to_act_on(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        view = self.shown()
        (row,) = view["rows"]
        self.assertEqual(row["text"], "M-Cash · +2557••••009")
        self.assertEqual(row["code"], "differs")
        self.assertFalse(row["mayResend"] or row["mayTake"])
        self.assertEqual(view["requested"]["text"], "M-Cash · +2557••••001")
        self.assertIs(view["requested"]["address"], False)
        entered_by = self.registrant.financial_address_id.entered_by_id
        self.assertNotIn(entered_by.name, view["requested"]["by"])
        self.assertIn("Admin form", view["requested"]["by"])

    def test_who_asks_through_a_user_has_no_right_of_that_user(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        user = self.users["both"]
        own, asked = self.shown(user), self.shown(user, "citizen 1")
        self.assertTrue(own["requested"]["address"])
        self.assertTrue(own["rows"][0]["mayResend"] and own["rows"][0]["mayTake"])
        self.assertIs(asked["requested"]["address"], False)
        self.assertFalse(asked["rows"][0]["mayResend"] or asked["rows"][0]["mayTake"])
        name = self.registrant.financial_address_id.entered_by_id.name
        self.assertIn(name, own["requested"]["by"])
        self.assertNotIn(name, asked["requested"]["by"])

    def test_the_rights_do_not_depend_on_sudo(self):
        self.bring_in_sync()
        self.spar_holds("+255754200009")
        for role in ("viewer", "editor", "operator", "both"):
            with self.subTest(role):
                shown, viewed = self.shown(self.users[role]), self.view(role)
                for told in (shown, viewed):
                    # They are two questions, one after the other.
                    self.assertTrue(told["rows"][0].pop("seen_at"))
                    self.assertTrue(told["rows"][0].pop("when"))
                self.assertEqual(shown, viewed)

    def test_reasons_and_names_stay_among_colleagues(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        for action, code in (("pause", "paused"), ("skip", "differs")):
            self.mapping.action_resend()
            if action == "skip":
                self.intervene("resume")
                self.run_engine(faults.refuse("rjct.fa.invalid"))
            self.intervene(action)
            with self.subTest(action):
                self.assertIn(REASON, self.status_row(ask=False)["sentence"])
                self.assertCode(code, ask=False)
                for asker in (None, "citizen 1"):
                    user = self.users["both"] if asker else self.agent
                    told = str(self.shown(user, asker, ask=False))
                    self.assertNotIn(REASON, told)
                    self.assertNotIn("t_operator", told)

    def test_why_a_connection_is_paused_stays_among_colleagues(self):
        self.enter_address()
        self.connection._pause(REASON)
        self.assertEqual(self.status_row()["sentence"], REASON)
        row = self.assertCode("paused")
        self.assertEqual(row["sentence"], "Saved. Sending to SPAR is paused for now.")

    def test_what_is_wrong_with_our_key_stays_among_colleagues(self):
        self.bring_in_sync()
        self.mapper.faults = [faults.signature_refused, faults.signature_refused]
        self.assertIn("signature", self.status_row()["problem"])
        row = self.row()
        self.assertFalse(self.mapper.faults)
        self.assertEqual(row["problem"], "SPAR cannot be asked right now.")
        self.assertEqual(row["badge"], "Last known")

    # === ONE CODE FOR EACH STATE === #

    def test_codes_before_anything_is_sent(self):
        self.assertCode("no_address")
        self.enter_address("+255 754 200 001", dfsp_id=False)
        self.assertCode("incomplete")

    def test_code_while_a_second_person_is_waited_for(self):
        self.set_policy(approve_admin=True)
        self.enter_address()
        row = self.assertCode("to_approve")
        self.assertEqual(row["sentence"], "Saved. Waiting for a second person.")

    def test_code_without_an_id(self):
        self.registrant.spar_id = False
        self.enter_address()
        self.run_engine()
        self.assertCode("waiting_id")

    def test_codes_on_the_way_to_spar(self):
        self.enter_address()
        self.assertCode("on_its_way")
        self.run_engine(faults.status(429))
        self.assertCode("retrying")
        self.time_passes()
        self.run_engine(faults.cut_after)
        self.assertCode("checking")

    def test_codes_when_it_is_settled(self):
        self.bring_in_sync()
        self.assertCode("in_sync", ask=False)
        self.assertCode("in_sync")
        self.mapper.rule = faults.status(503)
        row = self.assertCode("in_sync")
        self.assertFalse(row["current"], "by what the engine knows")
        self.mapper.rule = None
        self.mapper.rows.clear()
        self.assertCode("differs")
        self.registrant.action_end_financial_address("Gone")
        self.run_engine()
        self.assertCode("ended")

    def test_code_of_what_spar_refuses(self):
        self.enter_address()
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.assertCode("held")

    # === A LIMIT OF ONE'S OWN === #

    def test_people_behind_one_user_share_no_limit(self):
        people = self.make_registrants(3)
        self.patch(query, "MAX_PER_MINUTE", 1)
        api = self.users["viewer"]
        problems = [
            self.row(api, asker, partner=person)["problem"]
            for asker, person in zip(("1", "2", "1"), people, strict=True)
        ]
        self.assertEqual(problems[:2], ["", ""])
        self.assertIn("very often", problems[2])
        self.assertEqual(len(self.mapper.log), 2)
        # Nor with the user, nor is one let off by coming through another.
        self.assertFalse(self.row(api, partner=people[2])["problem"])
        self.assertIn(
            "very often", self.row(asker="2", partner=self.registrant)["problem"]
        )

    def test_people_behind_one_user_do_not_wait_for_each_other(self):
        self.bring_in_sync()
        api = self.users["viewer"]
        with self.held(self.lock_of("viewer"), self.lock_of("viewer", "1")):
            self.assertTrue(self.row(api)["again"])
            self.assertTrue(self.row(api, "1")["again"])
            self.assertFalse(self.mapper.log)
            self.assertFalse(self.row(api, "2")["again"])
        self.assertEqual(self.mapper.operations, ["resolve"])

    def test_an_asker_has_another_digest_than_a_user(self):
        api = self.users["viewer"]
        env = self.env(user=api)
        askers = (None, str(api.id), f"user {api.id}")
        digests = {query.asker_digest(env, asker) for asker in askers}
        self.assertEqual(len(digests), 3)
        for digest in digests:
            self.assertLess(abs(query_slots.asker_lock(digest)[1]), 2**31)

    def test_the_asker_is_stored_as_a_digest_only(self):
        self.bring_in_sync()
        self.shown(asker="SR-1 of the ministry")
        self.env.flush_all()
        self.env.cr.execute("SELECT * FROM g2p_spar_reading")
        stored = str(self.env.cr.fetchall())
        self.assertNotIn("ministry", stored)
        reading = self.env["g2p.spar.reading"].search([])
        self.assertRegex(reading.sudo().asker, "^[0-9a-f]{64}$")
        with self.assertRaises(AccessError):
            reading.with_user(self.users["both"]).read(["asker"])

    def test_the_limit_is_counted_by_an_index(self):
        self.env.cr.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = %s",
            ["g2p_spar_reading_asked_by"],
        )
        self.assertIn("(asker, tried_at)", self.env.cr.fetchone()[0])
