from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_second_person_redirects import SecondPersonCase


@tagged("post_install", "-at_install")
class TestOtherWaysRound(SecondPersonCase):
    """Ways of RPC that lead to what only two people may decide, or few may read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator = cls.new_user("w_administrator", "administrator")
        cls.viewer = cls.new_user("w_viewer", "viewer")

    def assertClosed(self, way):
        """This way is refused, and nothing of it is stored."""
        with (
            mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_rule"),
            self.assertRaises(Exception) as caught,
            self.env.cr.savepoint(),
        ):
            way()
        return caught.exception

    def test_rows_of_the_policy_do_not_change_places(self):
        rows = self.env["g2p.fa.policy"].with_user(self.administrator).search([])
        self.assertGreater(len(rows), 1)
        for row in rows:
            for other in rows - row:
                self.assertClosed(
                    lambda row=row, other=other: (
                        row.write({"fa_type": other.fa_type}) and row.flush_recordset()
                    )
                )
        policy = self.env["g2p.fa.policy"]
        self.assertTrue(policy.asks_approval("bank_account", "admin"))
        self.assertFalse(policy.asks_approval("email_wallet", "admin"))

    def test_an_address_does_not_change_hands_through_the_contact(self):
        accomplice = self.accomplice()
        wallet = accomplice.sudo().financial_address_id
        for commands in (
            [Command.set(wallet.ids)],
            [Command.link(wallet.id)],
            [Command.update(self.account.id, {"account_number": "0123456666"})],
            [Command.unlink(self.account.id)],
            [Command.delete(self.account.id)],
            [Command.clear()],
        ):
            with self.subTest(commands):
                error = self.assertClosed(
                    lambda c=commands: self.mine.write({"financial_address_ids": c})
                )
                self.assertIsInstance(error, UserError)
        self.env.invalidate_all()
        self.assertEqual(self.account.state, "effective")
        self.assertEqual(self.account.partner_id, self.registrant)
        self.assertEqual(wallet.partner_id, accomplice.sudo())
        # A new one is entered like any other.
        self.mine.write(
            {
                "financial_address_ids": [
                    Command.create(
                        {
                            "fa_type": "bank_account",
                            "dfsp_id": self.bank.id,
                            "account_number": "0123456666",
                            "reason": "Asked for",
                        }
                    )
                ]
            }
        )
        self.env.invalidate_all()
        newest = self.registrant.financial_address_ids[:1]
        self.assertEqual(newest.state, "to_approve")

    def test_a_branch_does_not_change_through_its_bank(self):
        bank, branch = self.bank.with_user(self.administrator), self.bank.branch_ids
        bank.write({"branch_ids": [Command.update(branch.id, {"code": "EVIL"})]})
        self.assertEqual(branch.code, "NB01")
        self.assertEqual(self.proposals()[:1].line_ids.mapped("new"), ["EVIL"])
        other = bank.create({"name": "Other Bank", "code": "OB"})
        for way in (
            lambda: other.write({"branch_ids": [Command.link(branch.id)]}),
            lambda: bank.write({"branch_ids": [Command.delete(branch.id)]}),
            lambda: bank.unlink(),
            lambda: bank.strategy_id.unlink(),
        ):
            self.assertClosed(lambda way=way: (way(), self.env.flush_all()))
        self.assertEqual(branch.dfsp_id, self.bank)

    def test_defaults_in_the_context_write_nothing_of_the_registrys(self):
        context = {
            "default_state": "effective",
            "default_channel": "portal",
            "default_approved_by_id": self.approver.id,
            "default_entered_by_id": self.approver.id,
            "default_author_ids": [Command.clear()],
            "default_create_uid": self.approver.id,
            "default_fingerprint": "x",
            "default_previous_id": False,
        }
        Address = self.env["g2p.financial.address"].with_user(self.both)
        address = Address.with_context(**context).create(
            {
                "partner_id": self.registrant.id,
                "fa_type": "bank_account",
                "dfsp_id": self.bank.id,
                "account_number": "0123456666",
                "reason": "Asked for",
            }
        )
        self.assertEqual(address.state, "to_approve")
        self.assertEqual(address.channel, "admin")
        self.assertEqual(address.entered_by_id, self.both)
        self.assertEqual(address.create_uid, self.both)
        self.assertFalse(address.approved_by_id)
        with self.assertRefused("entered this address yourself"):
            address.action_approve()

    def test_no_default_says_where_an_address_comes_from(self):
        """Whichever addon keeps it: each field that users do not write."""
        Address = self.env["g2p.financial.address"].with_user(self.editor)
        names = [
            name
            for name, field in Address._fields.items()
            if field.readonly and field.store and field.type == "char"
        ]
        self.assertIn("masked", names)
        ways = {
            "context": lambda name: Address.with_context(**{f"default_{name}": "Kim"}),
            "default": lambda name: (
                self.env["ir.default"]
                .with_user(self.editor)
                .set(Address._name, name, "Kim", user_id=True)
                and Address
            ),
        }
        entry = {
            "partner_id": self.registrant.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": "0754 200 009",
            "reason": "Asked for",
        }
        for way, forged in ways.items():
            for name in names:
                with self.subTest(way, name=name), self.env.cr.savepoint() as savepoint:
                    address = forged(name).create(entry)
                    self.assertNotEqual(address.sudo()[name], "Kim")
                    savepoint.rollback()
                self.env.invalidate_all()

    def test_what_the_registry_keeps_of_a_contact_is_not_written_by_hand(self):
        kept = {"payment_removal_date": "2026-01-01", "spar_id_likeness": "zzz"}
        self.viewer.group_ids += self.env.ref(self.manager)
        for user in (self.viewer, self.editor, self.administrator):
            Partner = self.env["res.partner"].with_user(user)
            mine = self.registrant.with_user(user)
            for name, value in kept.items():
                values = {name: value}
                forged = Partner.with_context(**{f"default_{name}": value})
                ways = {
                    "write": lambda m=mine, v=values: m.write(v),
                    "save": lambda m=mine, v=values: m.web_save(v, {}),
                    "create": lambda p=Partner, v=values: p.create({"name": "x", **v}),
                    "context": lambda f=forged: f.create({"name": "x"}),
                }
                for way, write in ways.items():
                    with self.subTest(user.login, name=name, way=way):
                        error = self.assertClosed(write)
                        self.assertIsInstance(error, AccessError)
        self.assertEqual(self.registrant.spar_id_likeness, "sr-1")
        self.assertFalse(self.registrant.payment_removal_date)

    def test_contacts_of_companies_keep_the_country_of_typed_numbers(self):
        clerk = self.new_user("w_clerk", "base.group_user", self.manager)
        kenya = self.env.ref("base.ke")
        elsewhere = self.env["res.partner"].create(
            {"name": "Elsewhere", "is_company": True, "country_id": kenya.id}
        )
        company = self.env.company
        company.country_id = self.env.ref("base.tz")
        mine = company.partner_id.with_user(clerk)
        mine.write({"comment": "Seen", "country_id": company.country_id.id})
        for values in (
            {"country_id": kenya.id},
            {"country_id": False},
            {"parent_id": elsewhere.id},
            {"type": "other"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                mine.write(values)
            self.env.invalidate_all()
        self.assertEqual(company.country_id.code, "TZ")
        elsewhere.with_user(clerk).country_id = company.country_id
        manager = self.new_user("w_companies", "base.group_erp_manager", self.manager)
        company.with_user(manager).country_id = kenya
        self.assertEqual(company.partner_id.country_id, kenya)

    def test_marks_do_not_come_by_rpc(self):
        for mark in ("g2p_fa_approved", "g2p_fa_trusted", "g2p_fa_inside"):
            for forged in (True, object(), "x"):
                mine = self.mine.with_context(**{mark: forged, "g2p_fa_channel": "odk"})
                mine.write({"spar_id": "SR-66"})
                self.assertEqual(self.registrant.spar_id, "SR-1")

    def test_a_template_of_a_viewer_shows_no_number(self):
        expressions = (
            "object.account_number",
            "object.sudo().account_number",
            "object.whole_number()",
            "object._spar_parts()",
            "object.reveal()",
            "object.env['g2p.financial.address'].sudo().browse(object.id).whole_number()",
        )
        self.account.flush_recordset()
        for expression in expressions:
            for body in (f'<t t-out="{expression}"/>', False):
                values = {
                    "name": "Peek",
                    "model_id": self.env["ir.model"]._get_id("g2p.financial.address"),
                    "subject": f"{{{{ {expression} }}}}" if not body else "x",
                    "body_html": body or "<p/>",
                }
                with self.subTest(expression, body=bool(body)):
                    Template = self.env["mail.template"].with_user(self.viewer)
                    try:
                        with self.env.cr.savepoint():
                            template = Template.create(values)
                            name = "body_html" if body else "subject"
                            found = template._render_field(name, self.account.ids)
                    except (AccessError, UserError) as error:
                        found = error
                    self.assertNotIn("0123456789", str(found))
