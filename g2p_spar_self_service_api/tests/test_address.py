import tempfile
from pathlib import Path

from odoo import Command

from odoo.addons.g2p_spar_sync_queue.engine import restore_guard
from odoo.addons.g2p_spar_sync_queue.live import query
from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in.in_process import SparStandIn
from odoo.addons.g2p_spar_sync_queue.tests.test_spar_vectors import VECTORS
from odoo.addons.g2p_spar_sync_queue.transactions import AutonomousTransaction

from .routes_case import NUMBER, RoutesCase

ADDRESS = "/v1/address"


class TestAddress(RoutesCase):
    """What somebody is told of where they are paid, and ending it."""

    def setUp(self):
        super().setUp()
        self.patch(query, "REUSE_SECONDS", 0)

    def start_spar(self):
        """Start a stand-in for SPAR, and a connection to it."""
        self.mapper = SparStandIn()
        self.addCleanup(self.mapper.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        paths = {}
        for name, text in (
            ("key_path", VECTORS["private_key_pem"]),
            ("certificate_path", VECTORS["certificate_pem"]),
        ):
            path = Path(folder.name) / f"{name}.pem"
            path.write_text(text)
            paths[name] = str(path)
        self.env["g2p.spar.connection"].search([]).state = "draft"
        connection = self.env["g2p.spar.connection"].create(
            {
                "name": "SPAR",
                "base_url": self.mapper.url,
                "answer_timeout": 5,
                "key_ids": [
                    Command.create({"name": "File", "source": "file", **paths})
                ],
            }
        )
        self.patch(AutonomousTransaction, "same_by_default", True)
        self.patch(restore_guard, "witness_folder", lambda: Path(folder.name))
        connection.state = "running"
        return connection

    def work(self):
        self.asha.spar_mapping_ids.job_sync()
        self.env.flush_all()

    def told(self, **values):
        response = self.get(ADDRESS, **values)
        self.assertEqual(response.status_code, 200, response.text)
        self.assertNotIn(NUMBER, response.text)
        self.assertNotIn(NUMBER[4:], response.text)
        return response.json()

    def test_nothing_is_known_of_somebody_new(self):
        self.env["g2p.spar.connection"].search([]).state = "draft"
        self.assertEqual(
            self.told(),
            {
                "at_spar": None,
                "requested": None,
                "waiting": None,
                "state": {
                    "code": "no_address",
                    "sentence": "No payment address yet. Add one.",
                },
            },
        )

    def test_what_spar_holds_is_asked_now(self):
        self.start_spar()
        self.proposed()
        self.work()
        self.mapper.forget()
        told = self.told()
        self.assertEqual(self.mapper.log, [("resolve", ["SR-1"])])
        at_spar = told["at_spar"]
        self.assertEqual(at_spar["text"], "M-Cash · +2557••••001")
        self.assertTrue(at_spar["current"])
        self.assertIsNone(at_spar["problem"])
        self.assertRegex(at_spar["read_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")
        self.assertEqual(told["state"]["code"], "in_sync")
        self.assertEqual(told["requested"]["number"], "+2557••••001")
        self.assertEqual(told["requested"]["provider"]["code"], "MC")
        self.assertIsNone(told["waiting"])

    def test_a_difference_is_told(self):
        self.start_spar()
        self.proposed()
        self.work()
        held = self.mapper.rows["SR-1"]
        self.mapper.rows["SR-1"] = held.replace(NUMBER, "+255754200777")
        told = self.told()
        self.assertEqual(told["at_spar"]["text"], "M-Cash · +2557••••777")
        self.assertEqual(told["state"]["code"], "differs")

    def test_while_spar_is_away_what_was_last_known_is_told(self):
        self.start_spar()
        self.proposed()
        self.work()
        self.mapper.stop()
        at_spar = self.told()["at_spar"]
        self.assertFalse(at_spar["current"])
        self.assertIn("cannot be reached", at_spar["problem"])
        self.assertEqual(at_spar["text"], "M-Cash · +2557••••001")
        self.assertTrue(at_spar["read_at"])

    def test_what_waits_is_told_beside_what_is_in_use(self):
        self.env["g2p.spar.connection"].search([]).state = "draft"
        self.set_policy(approve_api=True)
        self.proposed(mobile_number="+255754200002")
        told = self.told()
        self.assertIsNone(told["requested"])
        self.assertEqual(told["waiting"]["number"], "+2557••••002")
        self.assertEqual(
            told["state"],
            {
                "code": "to_approve",
                "sentence": "Waiting for a second person to approve it.",
            },
        )
        self.set_policy(approve_api=False)
        self.proposed()
        self.set_policy(approve_api=True)
        self.proposed(mobile_number="+255754200003")
        told = self.told()
        self.assertEqual(told["requested"]["number"], "+2557••••001")
        self.assertEqual(told["waiting"]["number"], "+2557••••003")

    def test_who_may_not_read_it(self):
        writer = self.token_of(self.new_client("Writer", may_read=False))
        refused = self.ask(ADDRESS, token=writer, person="SR-1")
        self.assertProblem(refused, 403, "forbidden")
        self.assertProblem(self.ask(ADDRESS, person="SR-1"), 401, "unauthenticated")
        self.assertProblem(self.get(ADDRESS, person=None), 400, "person-missing")
        self.assertProblem(self.get(ADDRESS, person="SR-9"), 404, "unknown-person")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            response = self.ask(ADDRESS, method, self.token, "SR-1")
            self.assertProblem(response, 405, "method-not-allowed")

    def test_sentences_are_in_the_callers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"].search(
            [("name", "=", "g2p_spar_sync_queue")]
        )._update_translations(["fr_FR"])
        self.env["g2p.spar.connection"].search([]).state = "draft"
        told = self.told(Accept_Language="fr-FR,fr;q=0.8")
        self.assertNotEqual(
            told["state"]["sentence"], "No payment address yet. Add one."
        )

    # === ENDING === #

    def test_it_is_ended_here_and_at_spar(self):
        self.start_spar()
        self.proposed()
        self.work()
        response = self.end({"reason": "The phone was lost"})
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(set(response.json()), {"state"})
        address = self.addresses()
        self.assertEqual(address.state, "ended")
        self.assertEqual(address.decision_note, "The phone was lost")
        self.assertEqual(address.api_ended_by, "Portal")
        self.assertEqual(
            self.asha.spar_mapping_ids.change_ids.mapped("channel"), ["api", "api"]
        )
        self.work()
        self.assertNotIn("SR-1", self.mapper.rows)
        self.assertEqual(self.told()["state"]["code"], "ended")

    def test_ending_it_again_changes_nothing(self):
        self.proposed()
        first = self.end()
        before = self.rows()
        again = self.end({"reason": "Once more"})
        self.assertEqual(again.status_code, 200, again.text)
        self.assertEqual(again.json(), first.json())
        self.assertEqual(self.rows(), before)

    def test_without_an_address_nothing_happens(self):
        before = self.rows()
        self.assertEqual(self.end().status_code, 200)
        self.assertEqual(self.rows(), before)

    def test_what_waits_is_withdrawn_with_it(self):
        self.proposed()
        self.set_policy(approve_api=True)
        self.proposed(mobile_number="+255754200002")
        self.end()
        self.assertEqual(self.addresses().mapped("state"), ["ended", "ended"])
        self.assertFalse(self.addresses().activity_ids)

    def test_what_waits_is_withdrawn_where_nothing_is_in_use(self):
        self.set_policy(approve_api=True)
        self.proposed()
        self.end({"reason": "A mistake"})
        address = self.addresses()
        self.assertEqual(address.state, "ended")
        self.assertEqual(address.decision_note, "A mistake")

    def test_the_end_of_somebody_else_is_not_touched(self):
        self.proposed(person="SR-2")
        self.proposed(mobile_number="+255754200002")
        self.end()
        self.assertEqual(self.addresses(self.bahati).state, "effective")

    def test_ends_that_are_refused(self):
        self.proposed()
        before = self.rows()
        said = self.assertProblem(
            self.end({"reason": "call 0754 200 001"}), 422, "refused"
        )
        self.assertEqual([e["field"] for e in said["errors"]], ["reason"])
        self.assertNotIn("0754", str(said))
        for body in ({"reason": "x" * 251}, {"reason": 7}, {"state": "ended"}, []):
            self.assertProblem(self.end(body), 422, "invalid")
        proposer = self.token_of(self.new_client("Proposer", may_end=False))
        self.assertProblem(self.end(token=proposer), 403, "forbidden")
        self.assertProblem(self.end(token="x"), 401, "unauthenticated")
        self.assertProblem(self.end(person="SR-9"), 404, "unknown-person")
        self.assertProblem(self.end(person=None), 400, "person-missing")
        self.assertEqual(self.rows(), before)
