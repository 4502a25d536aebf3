"""What users of one company see of the work and the registrants of another."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.g2p_spar_sync_queue.engine import outbox

from .test_overview import MonitorCase


@tagged("post_install", "-at_install")
class TestAttackFifthCompanies(MonitorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home, cls.far = cls.env["res.company"].create(
            [{"name": "Home"}, {"name": "Far"}]
        )
        cls.registrant.company_id = cls.home

    def of(self, company, login, role, *roles):
        user = self.new_user(login, role, *roles)
        user.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        return user

    def wait(self):
        """Have a change of a registrant of the first company on its way."""
        self.enter_address()
        self.run_engine()
        outbox.capture(self.registrant, "admin")
        self.env.flush_all()
        self.env.invalidate_all()

    def test_the_oldest_change_is_of_the_own_company(self):
        self.wait()
        for company in (self.home, self.far):
            self.operator_user.write(
                {"company_ids": [Command.set(company.ids)], "company_id": company.id}
            )
            since = self.overview()["light"]["oldest"]["since"]
            self.assertEqual(bool(since), company == self.home)

    def test_a_list_that_may_not_be_opened_counts_the_own_company_only(self):
        merges = {
            "kept_id": self.registrant.id,
            "duplicate_id": self.new_registrant(
                "Twin", "SR-99", company_id=self.home.id
            ).id,
        }
        self.env["g2p.fa.merge"].create(merges)
        for company, expected in ((self.home, 1), (self.far, None)):
            user = self.of(
                company, f"plain_{company.id}", "base.group_user"
            ).with_context(allowed_company_ids=company.ids)
            entry = (
                self.env["g2p.fa.work"]
                .with_user(user)
                .with_context(allowed_company_ids=company.ids)
                .entry("x", "x", "x", "g2p.fa.merge", [("state", "=", "draft")], "x")
            )
            self.assertEqual(entry and entry["count"], expected)

    def test_a_daily_summary_counts_the_recipient_s_companies(self):
        self.wait()
        recipients = self.env["res.users"]
        for company in (self.home, self.far):
            user = self.of(
                company,
                f"digest_{company.id}",
                "g2p_spar_sync_queue.group_manager",
            )
            user.email = f"{company.name}@example.com"
            recipients |= user
        settings = self.env["g2p.fa.settings"].current()
        settings.write(
            {"send_digest": True, "alert_user_ids": [Command.set(recipients.ids)]}
        )
        settings._cron_digest()
        mails = (
            self.env["mail.mail"]
            .search([])
            .filtered(lambda mail: "On their way" in (mail.body_html or ""))
        )
        told = {
            mail.email_to: "On their way: <strong>1</strong>" in mail.body_html
            for mail in mails
        }
        self.assertEqual(len(told), 2)
        for address, is_told in told.items():
            self.assertEqual(is_told, "home@" in address)

    def test_an_editor_of_another_company_has_no_part_in_a_bulk_amendment(self):
        target = self.env["g2p.dfsp"].create(
            {"name": "N-Cash", "code": "NC", "fa_type": "mobile_wallet"}
        )
        designer = self.of(self.home, "designer", "editor")
        stranger = self.of(self.far, "stranger", "editor")
        colleague = self.of(self.home, "colleague", "editor")
        bulk = (
            self.env["g2p.fa.bulk"]
            .with_user(designer)
            .create(
                {
                    "fa_type": "mobile_wallet",
                    "from_dfsp_id": self.operator.id,
                    "to_dfsp_id": target.id,
                    "reason": "Merged",
                }
            )
        )
        theirs = bulk.with_user(stranger)
        self.assertFalse(theirs.search([("id", "=", bulk.id)]))
        for act in (
            lambda: theirs.read(["reason"]),
            lambda: theirs.write({"reason": "Other"}),
            theirs.copy,
            theirs.action_start,
            theirs.unlink,
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()
            self.env.invalidate_all()
        bulk.with_user(colleague).reason = "Merged last week"
