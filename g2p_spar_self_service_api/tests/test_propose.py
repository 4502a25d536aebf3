import json
import logging

from odoo.exceptions import AccessError, UserError
from odoo.tests import mute_logger, new_test_user

from odoo.addons.g2p_spar_financial_address.tests.common import tables_with

from ..schemas.proposal import MobileWallet
from .routes_case import ACCOUNT, NUMBER, PROPOSALS, WALLET, RoutesCase

#: Of a whole call, with those that prove who calls and write it down.
MAX_STATEMENTS = 22


class TestPropose(RoutesCase):
    """Somebody says where they want to be paid."""

    # === WHAT IS LEFT OF IT === #

    def test_nothing_is_left_of_who_is_erased(self):
        _answer, proposal = self.proposed(holder_name="Holder Hidden")
        self.end()
        hashes = [proposal.sudo().key_hash, proposal.sudo().body_hash]
        texts = ["Holder Hidden", NUMBER, *hashes]
        self.assertGreaterEqual(len(tables_with(self.env, texts)), 4)
        Partner = type(self.asha)
        self.patch(Partner, "_payment_data_may_leave", lambda self: self)
        self.asha.action_remove_payment_data()
        self.assertEqual(tables_with(self.env, texts), [])
        self.assertTrue(self.calls(), "who called, and when, is known")

    def test_a_holder_is_no_formula(self):
        response = self.propose(holder_name="=1+1")
        self.assertEqual(response.status_code, 422)
        self.assertIn("begins with", response.text)
        self.assertFalse(self.addresses())

    # === WHAT IS ACCEPTED === #

    def test_a_wallet_is_in_use_at_once(self):
        response = self.propose(holder_name="Asha Juma", reason="A new phone")
        self.assertEqual(response.status_code, 201, response.text)
        answer = response.json()
        self.assertEqual(set(answer), {"id", "state", "proposed_at"})
        self.assertEqual(answer["state"], "on_its_way")
        self.assertEqual(
            response.headers["Location"],
            f"/spar/self-service{PROPOSALS}/{answer['id']}",
        )
        self.assertNotIn("Idempotent-Replayed", response.headers)
        address = self.addresses()
        self.assertEqual(address.sudo().mobile_number, NUMBER)
        self.assertEqual(address.state, "effective")
        self.assertEqual(address.channel, "api")
        self.assertEqual(address.holder_name, "Asha Juma")
        self.assertEqual(address.reason, "A new phone")
        self.assertEqual(address.api_caller, "Portal")
        user = self.env.ref("g2p_spar_self_service_api.user_api")
        self.assertEqual(address.entered_by_id, user)
        self.assertEqual(address.create_uid, user)

    def test_an_account_and_an_e_mail_wallet(self):
        self.proposed(ACCOUNT)
        account = self.addresses()
        self.assertEqual(account.branch_id, self.bank.branch_ids)
        self.proposed(
            {
                "type": "email_wallet",
                "provider": "PM",
                "email_address": "asha@mpay.example",
            }
        )
        before, after = self.addresses()
        self.assertEqual(before, account)
        self.assertEqual((before.state, after.state), ("ended", "effective"))
        self.assertEqual(after.previous_id, before)
        self.assertEqual(after.sudo().email_address, "asha@mpay.example")

    def test_a_number_is_read_as_of_the_providers_country(self):
        self.proposed(mobile_number="0754 200 001")
        self.assertEqual(self.addresses().sudo().mobile_number, NUMBER)

    def test_where_the_policy_says_so_it_waits_for_a_second_person(self):
        self.proposed(ACCOUNT)
        self.set_policy(approve_api=True)
        answer, proposal = self.proposed()
        self.assertEqual(answer["state"], "to_approve")
        self.assertEqual(proposal.address_id.state, "to_approve")
        in_use, waiting = self.addresses()
        self.assertEqual(in_use.state, "effective")
        self.assertEqual(waiting.previous_id, in_use)
        newer = self.proposed(mobile_number="+255754200002")[1].address_id
        self.assertEqual(
            self.addresses().mapped("state"), ["effective", "ended", "to_approve"]
        )
        self.assertEqual(newer.state, "to_approve")

    def test_who_can_prove_to_be_the_caller_does_not_approve(self):
        """With the secret, one person would propose and approve."""
        self.set_policy(approve_api=True)
        roles = "group_administrator", "group_approver"
        groups = ",".join(f"g2p_spar_financial_address.{role}" for role in roles)
        keeper, other = (
            new_test_user(self.env, login, groups=groups)
            for login in ("a_keeper", "a_other")
        )
        self.client.with_user(keeper).action_new_secret()
        # What another does later takes nothing back.
        self.client.with_user(other).write({"name": "Portal 2", "rate": 500})
        self.client.with_user(keeper).write({"proved_by_ids": [(5, 0, 0)]})
        address = self.proposed()[1].address_id
        self.assertFalse(address.with_user(keeper).may_decide)
        self.assertNotEqual(address.activity_ids.user_id, keeper)
        with self.assertRaises(UserError):
            address.with_user(keeper).action_approve()
        address.with_user(other).action_approve()
        self.assertEqual(address.state, "effective")

    def test_where_numbers_are_watched_a_shared_one_waits_too(self):
        self.set_policy(shared="approve")
        self.assertEqual(self.proposed(person="SR-2")[0]["state"], "on_its_way")
        self.assertEqual(self.proposed()[0]["state"], "to_approve")

    def test_what_is_there_already_is_not_entered_again(self):
        self.proposed()
        before = self.rows()
        again, proposal = self.proposed()
        self.assertEqual(proposal.address_id, self.addresses())
        after = self.rows()
        del before["g2p_api_proposal"], after["g2p_api_proposal"]
        self.assertEqual(after, before)

    # === THE SAME KEY AGAIN === #

    def test_the_same_key_and_body_get_the_same_answer_and_nothing_else(self):
        first = self.propose(key="one")
        before = self.rows()
        # Spelt differently, it is the same.
        body = json.dumps({**dict(reversed(WALLET.items())), "reason": None}, indent=2)
        again = self.ask(
            PROPOSALS,
            "POST",
            self.token,
            "SR-1",
            body.encode(),
            Idempotency_Key="one",
            Content_Type="application/json",
        )
        self.assertEqual(again.status_code, 201)
        self.assertEqual(again.content, first.content)
        self.assertEqual(again.headers["Location"], first.headers["Location"])
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(self.rows(), before)

    def test_the_answer_stays_the_same_when_the_address_went_on(self):
        first = self.propose(key="one")
        self.propose(key="two", mobile_number="+255754200002")
        self.end()
        before = self.rows()
        again = self.propose(key="one")
        self.assertEqual(again.content, first.content)
        self.assertEqual(self.rows(), before)
        self.assertFalse(self.addresses().filtered(lambda a: a.state == "effective"))

    def test_the_same_key_with_another_body_is_refused(self):
        self.propose(key="one")
        before = self.rows()
        for change in (
            {"mobile_number": "+255754200002"},
            {"holder_name": "Asha"},
            {"reason": "Why not"},
        ):
            said = self.assertProblem(
                self.propose(key="one", **change), 409, "key-reused"
            )
            self.assertNotIn("errors", said)
        self.assertProblem(self.propose(ACCOUNT, key="one"), 409, "key-reused")
        self.assertEqual(self.rows(), before)

    def test_a_key_is_the_persons_and_the_callers_own(self):
        ours = self.proposed(key="one")[0]["id"]
        theirs = self.proposed(key="one", person="SR-2", reason="Mine")[0]["id"]
        other = self.token_of(self.new_client("Another"))
        elsewhere = self.proposed(
            key="one", token=other, mobile_number="+255754200002"
        )[0]["id"]
        self.assertEqual(len({ours, theirs, elsewhere}), 3)
        self.assertEqual(self.propose(key="one").json()["id"], ours)

    def test_what_was_refused_is_not_remembered(self):
        self.assertProblem(self.propose(key="one", provider="X"), 422, "refused")
        self.proposed(key="one")

    def test_a_key_is_needed_and_has_a_form(self):
        before = self.rows()
        missing = self.ask(PROPOSALS, "POST", self.token, "SR-1", WALLET)
        said = self.assertProblem(missing, 422, "invalid")
        self.assertEqual([e["field"] for e in said["errors"]], ["Idempotency-Key"])
        for key in ("k" * 256, "k\xe9y", "\x01"):
            self.assertProblem(self.propose(key=key), 422, "invalid")
        self.assertEqual(self.rows(), before)
        self.proposed(key="k" * 255)

    def test_keys_are_kept_as_hashes_and_swept_after_a_day(self):
        proposal = self.proposed(key="one")[1].sudo()
        row = self.env["g2p.api.proposal"]
        self.env.cr.execute("SELECT * FROM g2p_api_proposal")
        stored = str(self.env.cr.fetchall())
        for text in (NUMBER, NUMBER[1:], "754200001", "'one'"):
            self.assertNotIn(text, stored)
        row._gc_keys()
        self.env.flush_all()
        self.assertEqual(self.propose(key="one").json()["id"], proposal.public_id)
        self.env.cr.execute(
            "UPDATE g2p_api_proposal SET create_date = create_date"
            " - interval '23 hours 59 minutes'"
        )
        self.env.invalidate_all()
        row._gc_keys()
        self.env.flush_all()
        self.assertEqual(self.propose(key="one").json()["id"], proposal.public_id)
        self.env.cr.execute(
            "UPDATE g2p_api_proposal SET create_date = create_date"
            " - interval '2 minutes'"
        )
        self.env.invalidate_all()
        row._gc_keys()
        self.env.flush_all()
        self.env.cr.execute("SELECT key_hash, body_hash FROM g2p_api_proposal")
        self.assertEqual(self.env.cr.fetchall(), [(None, None)])
        self.assertNotEqual(self.propose(key="one").json()["id"], proposal.public_id)

    def test_hashes_go_with_the_number(self):
        self.proposed(key="one")
        self.end()
        self.addresses()._erase()
        self.env.flush_all()
        self.env.cr.execute("SELECT key_hash, body_hash FROM g2p_api_proposal")
        self.assertEqual(self.env.cr.fetchall(), [(None, None)])

    def test_colleagues_see_proposals_and_write_none(self):
        proposal = self.proposed()[1]
        group = self.env.ref("g2p_spar_financial_address.group_administrator")
        seen = proposal.with_user(self.user_with(group))
        self.assertEqual(seen.read(["caller"])[0]["caller"], f"client:{self.client.id}")
        self.assertNotIn("key_hash", seen.read()[0])
        for attempt in (
            lambda: seen.read(["key_hash"]),
            lambda: seen.search([("body_hash", "!=", False)]),
            lambda: seen.write({"caller": "me"}),
            lambda: seen.unlink(),
            lambda: seen.copy(),
            lambda: proposal.with_user(self.user_with()).read(["caller"]),
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.asha.company_id = self.env["res.company"].create({"name": "North"})
        self.env.flush_all()
        self.assertFalse(seen.search([]))

    def user_with(self, group=None):
        return self.env["res.users"].create(
            {
                "name": "Colleague",
                "login": f"colleague {next(self.keys)}",
                "group_ids": [(6, 0, (group or self.env.ref("base.group_user")).ids)],
            }
        )

    # === WHAT IS REFUSED === #

    def assertRefused(self, fields, body=None, **values):
        """It is refused for these values, in words, and nothing is changed."""
        body = body or WALLET
        before = self.rows()
        said = self.assertProblem(self.propose(body, **values), 422, "refused")
        self.assertEqual({e["field"] for e in said.get("errors", ())}, set(fields))
        sent = [text for text in {**body, **values}.values() if len(str(text)) > 6]
        for text in sent:
            if text not in ("mobile_wallet", "bank_account", "email_wallet"):
                self.assertNotIn(text, json.dumps(said))
        self.assertEqual(self.rows(), before)
        return said

    def test_values_the_rules_refuse_are_named(self):
        self.assertRefused({"provider"}, provider="NOBODY-X")
        self.assertRefused({"provider"}, provider="FB")
        self.assertRefused({"mobile_number"}, mobile_number="0754 200 00")
        self.assertRefused({"mobile_number"}, mobile_number="O754200001")
        self.assertRefused({"mobile_number"}, mobile_number="+255754200001.0")
        self.assertRefused({"account_number"}, ACCOUNT, account_number="4.56E+11")
        self.assertRefused({"branch"}, ACCOUNT, branch="NOWHERE-X")
        self.assertRefused({"account_number"}, ACCOUNT, account_number="ABCDEFGH")
        self.assertRefused(
            {"email_address"},
            {"type": "email_wallet", "provider": "PM", "email_address": "asha-at-home"},
        )
        self.assertRefused({"holder_name"}, holder_name="Asha\x07Juma")
        self.assertRefused({"reason"}, reason="call 0754 200 001")

    def test_a_proposal_without_a_branch_leaves_that_of_the_account(self):
        self.proposed(ACCOUNT)
        branchless = {name: ACCOUNT[name] for name in ACCOUNT if name != "branch"}
        self.proposed(branchless, holder_name="Guardian")
        newest = self.addresses()[-1]
        self.assertEqual(newest.holder_name, "Guardian")
        self.assertEqual(newest.branch_id, self.bank.branch_ids)
        self.bank.branch_required = True
        self.assertRefused({"branch"}, branchless, account_number="0123456780")

    def test_another_person_receives_the_money(self):
        payee = {
            "payee": "other",
            "payee_name": "Neema Mushi",
            "payee_relation": "guardian",
            "payee_id_number": "AB-12",
            "payee_until": "2099-12-31",
        }
        answer, proposal = self.proposed(**payee)
        address = proposal.address_id.sudo()
        self.assertEqual({name: str(address[name]) for name in payee}, payee)
        self.assertNotIn("AB-12", self.get(f"{PROPOSALS}/{answer['id']}").text)
        # What is not said stays as it is.
        self.proposed(mobile_number="+255754200002")
        newest = self.addresses()[-1].sudo()
        self.assertEqual({name: str(newest[name]) for name in payee}, payee)
        self.proposed(mobile_number="+255754200002", payee="self")
        self.assertEqual(self.addresses()[-1].payee, "self")
        self.assertRefused({"payee_name"}, payee="other")
        self.assertRefused({"payee"}, **{**payee, "payee": "self"})
        self.assertRefused({"payee_until"}, **{**payee, "payee_until": "2020-01-31"})
        self.assertRefused({"payee_until"}, **{**payee, "payee_until": "2099-02-30"})

    def test_what_the_registry_knows_of_payees_can_be_said(self):
        known = self.env["g2p.financial.address"]._fields
        for name in ("payee", "payee_relation"):
            schema = MobileWallet.model_json_schema()["properties"][name]
            values = next(one["enum"] for one in schema["anyOf"] if "enum" in one)
            self.assertEqual(values, [value for value, _label in known[name].selection])

    def test_an_id_that_lost_its_zeros_is_refused(self):
        for name, spar_id in (("Peter Smith", "70123"), ("Asha Juma", "0070123")):
            self.env["res.partner"].create(
                {"name": name, "is_registrant": True, "spar_id": spar_id}
            )
        self.assertProblem(
            self.propose(person="70123", holder_name="Asha Juma"), 422, "refused"
        )
        for holder in ("Peter Smith", "Neema Mushi"):
            answer = self.propose(person="70123", key=holder, holder_name=holder)
            self.assertEqual(answer.status_code, 201, answer.text)

    def test_a_person_is_known_by_an_id_that_looks_the_same(self):
        person = self.env["res.partner"].search([("spar_id", "=", "SR-1")])
        self.env.cr.execute(
            "UPDATE res_partner SET spar_id = %s WHERE id = %s",
            ["SR-\u200e1", person.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self.propose(person="SR-1").status_code, 201)

    def test_several_are_named_at_once(self):
        self.assertRefused(
            {"mobile_number", "holder_name", "reason"},
            mobile_number="not a number",
            holder_name="Asha\nJuma",
            reason="write to asha@home.example",
        )

    def test_a_provider_that_is_archived_is_unknown(self):
        self.operator.active = False
        self.assertRefused({"provider"})

    def test_what_others_use_waits_for_a_person_where_the_policy_refuses(self):
        self.set_policy(shared="refuse")
        self.proposed(person="SR-2")
        response = self.propose()
        self.assertEqual(response.status_code, 201, response.text)
        self.assertEqual(response.json()["state"], "to_approve")
        self.assertNotIn("nother", response.text)

    def test_a_wrong_form_is_refused_before_anything_is_looked_up(self):
        before = self.rows()
        wrong = {
            "type": {**WALLET, "type": "cash"},
            "type missing": {k: v for k, v in WALLET.items() if k != "type"},
            "value of another type": {**WALLET, "account_number": "0123456789"},
            "value missing": {k: v for k, v in WALLET.items() if k != "mobile_number"},
            "number": {**WALLET, "mobile_number": 754200001},
            "empty": {**WALLET, "mobile_number": ""},
            "long": {**WALLET, "mobile_number": "7" * 33},
            "long name": {**WALLET, "holder_name": "A" * 251},
            "long code": {**WALLET, "provider": "M" * 65},
            "control": {**WALLET, "provider": "M\0C"},
            "branch": {**ACCOUNT, "branch": "N\0B"},
            "half a character": {**WALLET, "provider": "M\ud800"},
            "half a number": {**WALLET, "mobile_number": "0754\ud800"},
            "half a name": {**WALLET, "holder_name": "\udfff"},
            "list": [WALLET],
            "text": "0754200001",
            "nothing": None,
            **{
                name: {**WALLET, name: 1}
                for name in (
                    "state",
                    "partner_id",
                    "channel",
                    "entered_by_id",
                    "approved_by_id",
                    "effective_date",
                    "api_caller",
                    "spar_id",
                    "id",
                    "__class__",
                )
            },
        }
        for what, body in wrong.items():
            with self.subTest(what=what):
                response = self._send(json.dumps(body).encode())
                self.assertProblem(response, 422, "invalid")
                self.assertNotIn("754200001", response.text)
        self.assertEqual(self.rows(), before)

    def _send(self, body):
        return self.ask(
            PROPOSALS,
            "POST",
            self.token,
            "SR-1",
            body,
            Idempotency_Key="raw",
            Content_Type="application/json",
        )

    def test_bodies_that_are_no_json_or_too_large_are_refused(self):
        before = self.rows()
        for body in (b"", b"{", b"\xff\xfe", b'{"type": NaN', b"[" * 5000):
            with self.subTest(body=body[:10]):
                response = self._send(body)
                self.assertIn(response.status_code, (400, 422), response.text)
                self.assertEqual(
                    response.headers["Content-Type"], "application/problem+json"
                )
        large = json.dumps({**WALLET, "reason": "x" * 70_000}).encode()
        self.assertProblem(self._send(large), 413, "too-large")
        self.assertEqual(self.rows(), before)

    def test_who_may_only_read_proposes_nothing(self):
        before = self.rows()
        reader = self.token_of(self.new_client("Reader", may_propose=False))
        self.assertProblem(self.propose(token=reader), 403, "forbidden")
        self.assertProblem(self.propose(token="x"), 401, "unauthenticated")
        self.assertProblem(self.propose(person="SR-9"), 404, "unknown-person")
        self.assertProblem(self.propose(person=None), 400, "person-missing")
        self.assertEqual(self.rows(), before)

    def test_nothing_of_it_is_in_the_log(self):
        with self.assertLogs(level=logging.DEBUG) as logs:
            self.proposed()
            self.propose(mobile_number="0754 200")
            self.propose(key="one")
            self.propose(key="one", mobile_number="+255754200003")
        said = "\n".join(
            record.getMessage()
            for record in logs.records
            # The statements themselves, which are only logged on demand.
            if record.name != "odoo.sql_db"
        )
        self.assertIn("proposals", said)
        for text in ("754200001", "0754 200", "754200003"):
            self.assertNotIn(text, said)

    def test_somebody_in_the_registry_being_faster_is_no_error(self):
        """What they have just entered is met here, and the call is run again."""
        Proposal = type(self.env["g2p.api.proposal"])
        enter, tries = Proposal._enter, []

        def met(proposals, caller, hashes, said):
            tries.append(caller)
            if len(tries) == 1:
                proposals.env.cr.execute(
                    """INSERT INTO g2p_api_proposal (public_id, partner_id, address_id)
                       SELECT 'twice', %(id)s, min(id) FROM g2p_financial_address
                       UNION ALL
                       SELECT 'twice', %(id)s, min(id) FROM g2p_financial_address""",
                    {"id": caller.partner.id},
                )
            return enter(proposals, caller, hashes, said)

        self.proposed(person="SR-2")
        self.patch(Proposal, "_enter", met)
        self.env.cr.execute(
            "ALTER TABLE g2p_api_proposal ALTER caller DROP NOT NULL,"
            " ALTER accepted_as DROP NOT NULL"
        )
        with mute_logger("odoo.sql_db", "odoo.service.model"):
            self.proposed()
        self.assertEqual(len(tries), 2)
        self.assertEqual(len(self.addresses()), 1)

    def test_it_takes_few_statements(self):
        self.proposed()
        # The first that replaces another fills Odoo's caches.
        self.proposed(mobile_number="+255754200003")
        self.env.flush_all()
        before = self.cr.sql_log_count
        response = self.propose(mobile_number="+255754200002")
        taken = self.cr.sql_log_count - before
        self.assertEqual(response.status_code, 201)
        self.assertLessEqual(taken, MAX_STATEMENTS)
