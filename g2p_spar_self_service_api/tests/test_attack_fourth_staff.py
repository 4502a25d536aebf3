from odoo.tests import new_test_user

from .routes_case import PROPOSALS, RoutesCase

REASON = "Police asked us to wait"
STAFF = ("Operator Kim", "Clerk Kibwana")


class TestAttackFourthStaff(RoutesCase):
    """Callers learn neither who works in the registry, nor why they did something."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fa, sync = "g2p_spar_financial_address", "g2p_spar_sync_queue"
        cls.operator_user, cls.clerk = (
            new_test_user(cls.env, f"u{number}", group, name=name)
            for number, (name, group) in enumerate(
                zip(
                    STAFF,
                    (f"{sync}.group_operator", f"{fa}.group_editor"),
                    strict=True,
                )
            )
        )
        cls.env["g2p.spar.connection"].search([]).state = "draft"
        cls.connection = cls.env["g2p.spar.connection"].create(
            {"name": "SPAR", "base_url": "http://127.0.0.1:1"}
        )
        cls.connection.state = "running"

    def assertNothingOfStaff(self, *more):
        self.env.flush_all()
        answers = [self.get(path) for path in (PROPOSALS, "/v1/address")]
        answers += [self.get(f"{PROPOSALS}/{self.answer['id']}")]
        for answer in answers:
            self.assertEqual(answer.status_code, 200, answer.text)
            for word in (REASON, *STAFF, *more):
                self.assertNotIn(word, answer.text)
        return answers[0].json()["items"][0]

    def test_attack_fourth_an_operator_paused_or_gave_up(self):
        self.answer, _proposal = self.proposed()
        mapping = self.asha.spar_mapping_ids.with_user(self.operator_user)
        mapping._intervene("pause", REASON)
        self.assertEqual(self.assertNothingOfStaff()["state"], "paused")
        mapping._intervene("resume")
        mapping.sudo().state = "retrying"
        mapping._intervene("skip", REASON)
        self.assertEqual(self.assertNothingOfStaff()["state"], "differs")

    def test_attack_fourth_the_connection_is_paused(self):
        self.answer, _proposal = self.proposed()
        self.connection._pause(REASON)
        self.assertEqual(self.assertNothingOfStaff()["state"], "paused")

    def test_attack_fourth_a_clerk_enters_another_address(self):
        self.set_policy(approve_admin=True)
        for state in ("running", "draft"):
            self.connection.state = state
            self.answer, _proposal = self.proposed()
            self.env["g2p.financial.address"].with_user(self.clerk).create(
                {
                    "partner_id": self.asha.id,
                    "fa_type": "mobile_wallet",
                    "dfsp_id": self.operator.id,
                    "mobile_number": "0754 200 007",
                    "reason": "Asked for",
                }
            )
            self.asha.spar_mapping_ids.change_ids.sudo().state = "sent"
            self.asha.spar_mapping_ids.sudo().state = "in_sync"
            self.assertNothingOfStaff()

    def test_attack_fourth_another_registrant_has_the_same_id(self):
        self.answer, _proposal = self.proposed()
        (self.asha | self.bahati).sudo().spar_id_shared = "SR-1"
        mapping = self.asha.spar_mapping_ids.sudo()
        mapping.change_ids.state = "sent"
        mapping.write({"state": "held", "reason_code": "id.shared"})
        self.env.flush_all()
        self.assertNothingOfStaff("Bahati")
