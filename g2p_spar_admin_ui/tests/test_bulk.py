import base64
from datetime import timedelta

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.migration import load_script
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.misc import file_path

from odoo.addons.g2p_spar_sync_queue.tests.waiting_jobs import (
    queue_of,
    run_job,
)

from ..models import g2p_fa_bulk
from .test_overview import MonitorCase


@tagged("post_install", "-at_install")
class TestBulk(MonitorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["g2p.dfsp"].create(
            {
                "name": "N-Cash",
                "code": "NC",
                "fa_type": "mobile_wallet",
                "country_id": cls.env.ref("base.tz").id,
            }
        )
        cls.editor = new_test_user(
            cls.env, "b_editor", "g2p_spar_financial_address.group_editor"
        )

    def make_bulk(self, **values):
        return (
            self.env["g2p.fa.bulk"]
            .with_user(self.editor)
            .create(
                {
                    "fa_type": "mobile_wallet",
                    "from_dfsp_id": self.operator.id,
                    "to_dfsp_id": self.other.id,
                    "reason": "M-Cash became part of N-Cash",
                    **values,
                }
            )
        )

    def run_bulk(self, bulk):
        bulk.action_start()
        bulk.job_run()

    def in_use(self, partners):
        return partners.financial_address_ids.filtered(
            lambda address: address.state == "effective"
        )

    def test_who_starts_it_has_typed_no_number(self):
        partners = self.make_registrants(2)
        self.run_bulk(self.make_bulk())
        now = self.in_use(partners).with_user(self.editor)
        self.assertEqual(now.entered_by_id, self.editor)
        now.read(["mobile_number"])
        now[0].reveal()
        rows = self.env["g2p.fa.reveal"].search([("user_id", "=", self.editor.id)])
        self.assertEqual(rows.address_id, now.sudo())
        self.assertEqual(sorted(rows.mapped("way")), ["read", "read", "reveal"])

    def test_all_addresses_move_and_keep_their_numbers(self):
        partners = self.make_registrants(5)
        numbers = self.in_use(partners).mapped("mobile_number")
        bulk = self.make_bulk()
        self.assertEqual(bulk.count, 5)
        self.run_bulk(bulk)
        self.assertEqual((bulk.state, bulk.changed, bulk.refused), ("done", 5, 0))
        self.assertEqual(bulk.progress, 100)
        now = self.in_use(partners)
        self.assertEqual(now.dfsp_id, self.other)
        self.assertEqual(sorted(now.mapped("mobile_number")), sorted(numbers))
        self.assertEqual(set(now.mapped("reason")), {"M-Cash became part of N-Cash"})
        self.assertEqual(now.entered_by_id, self.editor)
        self.assertEqual(len(partners.spar_mapping_ids.change_ids), 10)

    def test_it_confirms_no_number(self):
        """Only the provider is another one: the registrant has said nothing."""
        partners = self.make_registrants(2)
        addresses = self.in_use(partners)
        addresses[0].mark_to_confirm("The payment of October was returned")
        before = addresses[1].confirmed_on - timedelta(days=100)
        addresses[1]._trusted_write().write({"confirmed_on": before})
        self.run_bulk(self.make_bulk())
        now = self.in_use(partners).sorted("partner_id")
        self.assertEqual(now.dfsp_id, self.other)
        marked, old = (
            now.filtered(lambda one, a=address: one.previous_id == a)
            for address in addresses
        )
        self.assertEqual(marked.to_confirm_reason, "marked")
        self.assertEqual(marked.to_confirm_note, "The payment of October was returned")
        self.assertFalse(old.to_confirm_reason)
        self.assertEqual(old.confirmed_on, before)

    def test_they_keep_their_payees(self):
        partner = self.make_registrants(1)
        payee = {
            "payee": "other",
            "payee_name": "Neema Mushi",
            "payee_relation": "guardian",
            "payee_id_number": "AB-12",
            "payee_until": "2099-12-31",
        }
        document = base64.b64encode(b"Decision of the court")
        self.enter_address(partner_id=partner.id, mandate=document, **payee)
        self.run_bulk(self.make_bulk())
        now = self.in_use(partner)
        self.assertEqual(now.dfsp_id, self.other)
        self.assertEqual({name: str(now[name]) for name in payee}, payee)
        self.assertEqual(now.mandate, document)

    def test_a_payee_whose_mandate_is_over_does_not_move(self):
        partner = self.make_registrants(1)
        self.in_use(partner)._trusted_write().write(
            {"payee": "other", "payee_name": "Neema", "payee_until": "2020-01-01"}
        )
        bulk = self.make_bulk()
        self.run_bulk(bulk)
        self.assertEqual(self.in_use(partner).dfsp_id, self.operator)
        self.assertIn("mandate of the payee has ended", bulk.line_ids.message)

    def test_a_second_person_is_asked_where_the_policy_says_so(self):
        partners = self.make_registrants(2)
        self.set_policy(approve_admin=True)
        bulk = self.make_bulk()
        self.run_bulk(bulk)
        self.assertEqual((bulk.changed, bulk.waiting), (0, 2))
        self.assertEqual(self.in_use(partners).dfsp_id, self.operator)

    def test_all_who_designed_started_or_resumed_it_are_authors(self):
        partners = self.make_registrants(1)
        self.set_policy(approve_admin=True)
        roles = "g2p_spar_financial_address.group_"
        both = f"{roles}editor,{roles}approver"
        designer, changer, starter, resumer = (
            new_test_user(self.env, f"b_{name}", both)
            for name in ("designer", "changer", "starter", "resumer")
        )
        bulk = self.make_bulk().with_user(designer).copy()
        bulk.with_user(changer).reason = "Merged"
        bulk.with_user(starter).action_start()
        bulk.with_user(starter).action_cancel()
        bulk.with_user(resumer).action_resume()
        bulk.job_run()
        pending = partners.pending_address_id
        self.assertEqual(pending.entered_by_id, resumer)
        for author in (designer, changer, starter, resumer):
            with self.subTest(author.login), self.assertRefused("second person"):
                pending.with_user(author).action_approve()
        second = new_test_user(self.env, "b_second", f"{roles}approver")
        pending.with_user(second).action_approve()
        self.assertEqual(self.in_use(partners), pending)

    def test_its_authors_and_state_are_not_written_by_hand(self):
        self.make_registrants(1)
        bulk = self.make_bulk()
        other = new_test_user(
            self.env, "b_other", "g2p_spar_financial_address.group_editor"
        )
        for values in (
            {"author_ids": [(5,)]},
            {"requester_id": other.id},
            {"state": "cancelled"},
            {"total": 7},
        ):
            with self.subTest(values):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    bulk.write(values)
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    self.make_bulk(**values)
        forged = bulk.with_context(
            default_author_ids=[], default_requester_id=other.id, default_state="done"
        ).copy()
        self.assertEqual(forged.state, "draft")
        self.assertEqual(forged.sudo().author_ids, self.editor)
        self.assertFalse(forged.requester_id)

    def test_one_that_is_refused_does_not_stop_the_others(self):
        partners = self.make_registrants(5)
        bulk = self.make_bulk()
        bulk.action_start()
        partners[2].is_registrant = False
        bulk.job_run()
        self.assertEqual((bulk.changed, bulk.refused), (4, 1))
        refused = bulk.line_ids.filtered(lambda line: line.state == "refused")
        self.assertEqual(refused.partner_id, partners[2])
        self.assertIn("not a registrant", refused.message)

    def test_what_changed_since_is_left_alone(self):
        partners = self.make_registrants(2)
        bulk = self.make_bulk()
        bulk.action_start()
        newer = self.enter_address("0754 900 009", partner_id=partners[0].id)
        bulk.job_run()
        self.assertEqual((bulk.changed, bulk.refused), (1, 1))
        self.assertEqual(self.in_use(partners[0]), newer)

    def test_what_the_user_does_not_see_any_more_is_not_left_open(self):
        partners = self.make_registrants(3)
        bulk = self.make_bulk()
        bulk.action_start()
        partners[1].company_id = self.env["res.company"].create({"name": "Other"})
        self.env.flush_all()
        bulk.job_run()
        self.assertEqual(bulk.state, "done")
        lines = bulk.sudo().line_ids
        self.assertEqual(lines.mapped("state"), ["changed", "refused", "changed"])
        self.assertIn("may not see", lines[1].message)
        self.assertEqual(self.in_use(partners[1]).dfsp_id, self.operator)

    def test_what_waits_for_a_second_person_is_not_replaced(self):
        partners = self.make_registrants(2)
        self.set_policy("bank_account", approve_admin=True)
        waiting = self.enter_bank_account(partner_id=partners[0].id)
        self.assertEqual(waiting.state, "to_approve")
        bulk = self.make_bulk()
        self.run_bulk(bulk)
        self.assertEqual(waiting.state, "to_approve")
        self.assertEqual((bulk.changed, bulk.refused), (1, 1))
        self.assertIn("waits for a second person", bulk.line_ids[0].message)

    def test_of_an_archived_user_or_to_an_archived_provider_nothing_moves(self):
        partners = self.make_registrants(2)
        for leaves in (self.editor, self.other):
            with self.subTest(leaves._name), self.env.cr.savepoint() as savepoint:
                bulk = self.make_bulk()
                bulk.action_start()
                leaves.active = False
                bulk.job_run()
                self.assertEqual(bulk.sudo().changed, 0)
                self.assertEqual(self.in_use(partners).dfsp_id, self.operator)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_stopped_it_goes_on_from_there(self):
        self.make_registrants(5)
        self.patch(g2p_fa_bulk, "BATCH", 2)
        bulk = self.make_bulk()
        bulk.action_start()
        bulk._amend_next()
        self.assertEqual(bulk.changed, 2)
        bulk.action_cancel()
        bulk.job_run()
        self.assertEqual((bulk.state, bulk.changed), ("cancelled", 2))
        bulk.action_resume()
        bulk.job_run()
        self.assertEqual((bulk.state, bulk.changed), ("done", 5))

    def test_a_batch_is_committed_before_the_next(self):
        self.make_registrants(5)
        self.patch(g2p_fa_bulk, "BATCH", 2)
        commits = []
        self.patch(g2p_fa_bulk, "commit", lambda env: commits.append(env.flush_all()))
        self.run_bulk(self.make_bulk())
        self.assertEqual(len(commits), 4)

    def test_the_job_runs_as_the_system_and_enters_as_who_started_it(self):
        partners = self.make_registrants(2)
        bulk = self.make_bulk()
        bulk.action_start()
        run_job(self.env, "job_run")
        self.assertEqual((bulk.state, bulk.changed), ("done", 2))
        self.assertEqual(self.in_use(partners).entered_by_id, self.editor)

    def test_it_stops_once_the_right_is_gone(self):
        partners = self.make_registrants(2)
        bulk = self.make_bulk()
        bulk.action_start()
        editors = self.env.ref("g2p_spar_financial_address.group_editor")
        for name, lose in {
            "no editor": lambda: self.editor.write({"group_ids": [(3, editors.id)]}),
            "archived": lambda: self.editor.write(
                {"group_ids": [(4, editors.id)], "active": False}
            ),
            # As older versions allowed.
            "deleted": lambda: bulk.sudo().write({"requester_id": False}),
        }.items():
            with self.subTest(name):
                bulk.sudo().write({"state": "running"})
                lose()
                run_job(self.env, "job_run")
                stopped = bulk.with_user(SUPERUSER_ID)
                self.assertEqual(stopped.state, "cancelled")
                self.assertIn("may not", stopped.stop_reason)
                self.assertEqual(self.in_use(partners).dfsp_id, self.operator)
        second = new_test_user(
            self.env, "b_second", "g2p_spar_financial_address.group_editor"
        )
        bulk.with_user(second).action_resume()
        self.assertFalse(bulk.with_user(second).stop_reason)
        run_job(self.env, "job_run")
        self.assertEqual(bulk.with_user(second).state, "done")
        self.assertEqual(self.in_use(partners).entered_by_id, second)

    def test_the_upgrade_notes_who_started_it(self):
        partners = self.make_registrants(1)
        bulk = self.make_bulk()
        bulk.action_start()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_fa_bulk SET requester_id = NULL, write_uid = %s WHERE id = %s",
            [self.editor.id, bulk.id],
        )
        is_oca = queue_of(self.env) == "queue_job"
        if is_oca:
            self.env.cr.execute(
                """UPDATE queue_job SET user_id = %(uid)s, records = jsonb_set(
                          (records #>> '{}')::jsonb, '{uid}', to_jsonb(%(uid)s))
                    WHERE method_name = 'job_run'""",
                {"uid": self.editor.id},
            )
        self.env.invalidate_all()
        path = "g2p_spar_admin_ui/migrations/19.0.1.2.0/post-jobs.py"
        load_script(file_path(path), "bulk_jobs").migrate(self.env.cr, "19.0.1.1.0")
        self.env.invalidate_all()
        self.assertEqual(bulk.requester_id, self.editor)
        if is_oca:
            job = self.env["queue.job"].search([("method_name", "=", "job_run")])
            self.assertEqual(job.records.env.uid, SUPERUSER_ID)
        run_job(self.env, "job_run")
        self.assertEqual(self.in_use(partners).entered_by_id, self.editor)

    def test_branches_keep_their_code(self):
        old = self.enter_bank_account()
        merged = self.env["g2p.dfsp"].create(
            {
                "name": "Second Bank",
                "code": "SB",
                "fa_type": "bank_account",
                "branch_ids": [
                    (0, 0, {"name": "North of Second", "code": "NB01"}),
                    (0, 0, {"name": "South", "code": "NB02"}),
                ],
            }
        )
        bulk = self.make_bulk(
            fa_type="bank_account", from_dfsp_id=self.bank.id, to_dfsp_id=merged.id
        )
        self.run_bulk(bulk)
        self.assertEqual(bulk.changed, 1)
        now = self.in_use(self.registrant)
        self.assertNotEqual(now, old)
        self.assertEqual(now.branch_id, merged.branch_ids[0])

    def test_a_branch_that_the_new_bank_does_not_have_is_not_dropped(self):
        old = self.enter_bank_account()
        values = {"name": "Second Bank", "code": "SB", "fa_type": "bank_account"}
        merged = self.env["g2p.dfsp"].create(
            {**values, "branch_ids": [(0, 0, {"name": "South", "code": "NB02"})]}
        )
        way = {"fa_type": "bank_account", "from_dfsp_id": self.bank.id}
        bulk = self.make_bulk(**way, to_dfsp_id=merged.id)
        self.run_bulk(bulk)
        self.assertEqual((bulk.changed, bulk.refused), (0, 1))
        self.assertIn("no branch with the code NB01", bulk.line_ids.message)
        self.assertEqual(self.in_use(self.registrant), old)
        bulk = self.make_bulk(
            **way, to_dfsp_id=merged.id, to_branch_id=merged.branch_ids.id
        )
        self.run_bulk(bulk)
        self.assertEqual(self.in_use(self.registrant).branch_id, merged.branch_ids)

    def test_a_way_that_leads_nowhere_is_refused(self):
        for values, message in (
            ({"to_dfsp_id": self.operator.id}, "another provider or branch"),
            ({"to_dfsp_id": self.bank.id}, "does not offer"),
        ):
            with (
                self.subTest(message),
                self.assertRaisesRegex(ValidationError, message),
            ):
                self.make_bulk(**values)
        with self.assertRaisesRegex(UserError, "No registrant is paid there"):
            self.make_bulk().action_start()

    def test_what_has_begun_is_not_altered(self):
        self.make_registrants(1)
        bulk = self.make_bulk()
        bulk.reason = "Another reason"
        self.run_bulk(bulk)
        with self.assertRaisesRegex(UserError, "has been started"):
            bulk.reason = "Yet another"
        with self.assertRaisesRegex(UserError, "is kept"):
            bulk.unlink()
        bulk.action_start()
        self.assertEqual(bulk.total, 1)

    def test_only_editors_may(self):
        self.make_registrants(1)
        bulk = self.make_bulk()
        for user in (self.operator_user, self.manager_user):
            with self.subTest(user.login), self.assertRaises(AccessError):
                bulk.with_user(user).action_start()

    def test_an_editor_of_another_company_neither_stops_nor_resumes_it(self):
        partners = self.make_registrants(2)
        bulk = self.make_bulk()
        bulk.action_start()
        partners[0].company_id = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.flush_all()
        for stop in (bulk.action_cancel, bulk.action_resume):
            with self.assertRaisesRegex(AccessError, "not allowed"):
                stop()
        self.assertEqual(bulk.state, "running")
        partners[0].company_id = False
        self.env.flush_all()
        bulk.action_cancel()
        self.assertEqual(bulk.state, "cancelled")

    def test_the_result_is_a_masked_file(self):
        partners = self.make_registrants(2)
        partners[0].name = "=HYPERLINK(1)"
        bulk = self.make_bulk()
        self.run_bulk(bulk)
        text = base64.b64decode(bulk.result_file).decode("utf-8-sig")
        self.assertEqual(len(text.splitlines()), 3)
        self.assertIn("Amended", text)
        self.assertIn("'=HYPERLINK(1)", text)
        self.assertNotIn("7542001", text)
        self.assertIn("result_file", bulk.action_download()["url"])

    def test_the_form_opens(self):
        with Form(self.env["g2p.fa.bulk"].with_user(self.editor)) as form:
            form.fa_type = "mobile_wallet"
            form.from_dfsp_id = self.operator
            form.to_dfsp_id = self.other
            form.reason = "They merged"
        self.assertEqual(form.record.display_name, "M-Cash to N-Cash")


@tagged("post_install", "-at_install")
class TestComparison(MonitorCase):
    def test_it_is_resumed_where_it_was_stopped(self):
        mappings = self.make_registrants(3).spar_mapping_ids
        self.run_engine(mappings=mappings)
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.action_cancel()
        run.job_run()
        self.assertEqual((run.state, run.checked), ("cancelled", 0))
        run.with_user(self.operator_user).action_resume()
        run.job_run()
        self.assertEqual((run.state, run.checked), ("done", 3))

    def test_two_do_not_run_at_once(self):
        Run = self.env["g2p.spar.reconciliation"]
        stopped = Run._start(self.connection)
        stopped.action_cancel()
        Run._start(self.connection)
        with self.assertRaisesRegex(UserError, "running already"):
            stopped.action_resume()

    def test_the_differences_are_a_masked_file(self):
        self.enter_address()
        self.run_engine()
        self.mapper.rows["SR-1"] = (
            self.env["g2p.financial.address"]
            .search([("partner_id", "=", self.registrant.id)])
            ._spar_value()[0]
            .replace("754200001", "754999999")
        )
        run = self.env["g2p.spar.reconciliation"]._start(self.connection)
        run.job_run()
        text = base64.b64decode(run.with_user(self.operator_user).result_file).decode(
            "utf-8-sig"
        )
        self.assertEqual(len(text.splitlines()), 2)
        self.assertIn("Asha Juma", text)
        self.assertNotIn("754999999", text)
