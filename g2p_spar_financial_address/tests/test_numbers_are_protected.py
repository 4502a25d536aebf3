import base64
import logging

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import FinancialAddressCase

NUMBERS = {
    "account_number": "0123456789",
    "mobile_number": "+255754200001",
    "email_address": "asha@paymail.example",
}
ROLES = {
    "none": ["base.group_user", "base.group_allow_export"],
    "contacts": ["base.group_partner_manager", "base.group_allow_export"],
    "portal": ["base.group_portal"],
    "public": ["base.group_public"],
    "viewer": ["viewer", "base.group_allow_export"],
    "approver": ["approver", "base.group_allow_export"],
    "editor": ["editor", "base.group_allow_export"],
    "administrator": ["administrator", "base.group_allow_export"],
}
NO_ROLE = ("none", "contacts", "portal", "public")
MASKED_ONLY = ("viewer", "approver")
SEES_NUMBERS = ("editor", "administrator")


@tagged("post_install", "-at_install")
class TestNumbersAreProtected(FinancialAddressCase):
    """What each role may read, search, group, sort, export and write, by RPC.

    The one table of ways to a number is :meth:`ways_to_get_at`; each way is tried by
    each role. Whatever protects numbers in another series of Odoo has to pass it.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: cls.new_user(f"p_{role}", *groups) for role, groups in ROLES.items()
        }
        people = [cls.registrant, cls.new_registrant("B"), cls.new_registrant("C")]
        # The photo of a bank card shows its number.
        proofs = [
            {"proof": base64.b64encode(number.encode()), "proof_name": "card.png"}
            for number in NUMBERS.values()
        ]
        cls.addresses = (
            cls.enter_bank_account(partner_id=people[0].id, **proofs[0])
            | cls.enter_address(partner_id=people[1].id, **proofs[1])
            | cls.enter_address(
                False,
                partner_id=people[2].id,
                fa_type="email_wallet",
                dfsp_id=cls.mail_operator.id,
                email_address=NUMBERS["email_address"],
                **proofs[2],
            )
        )
        cls.files = cls.env["ir.attachment"].search(
            [("res_model", "=", cls.addresses._name), ("res_field", "=", "proof")]
        )

    def setUp(self):
        super().setUp()
        self.env.invalidate_all()

    def by_field(self, role):
        user = self.users[role]
        for address, (field, number) in zip(
            self.addresses, NUMBERS.items(), strict=True
        ):
            yield address.with_user(user), field, number

    def shown(self, user=None):
        domain = [("user_id", "=", user.id)] if user else []
        return self.env["g2p.fa.reveal"].search(domain)

    def ways_to_get_at(self, address, field):
        """Every way a client has of learning a number it does not know."""
        Address = address.browse()
        partner = address.sudo().partner_id.with_user(address.env.user)
        found = [(field, "!=", False)]
        spec = {field: {}}
        nested = {"financial_address_ids": {"fields": spec}}
        path = f"financial_address_ids.{field}"
        sorted_by = {"financial_address_ids": {"fields": {}, "order": field}}
        file = self.files.filtered(lambda one: one.res_id == address.id)
        file = file.with_user(address.env.user)
        files = [("res_model", "=", address._name), ("res_field", "=", "proof")]
        return {
            "read": lambda: address.read([field]),
            "search_read": lambda: Address.search_read([], [field]),
            "web_read": lambda: address.web_read(spec),
            "web_search_read": lambda: Address.web_search_read([], spec),
            "web_read on the contact": lambda: partner.web_read(nested),
            "search": lambda: Address.search(found),
            "count": lambda: Address.search_count(found),
            "search on the contact": lambda: partner.search([(path, "!=", False)]),
            "search below the contact": lambda: partner.search(
                [("financial_address_ids", "any", found)]
            ),
            "search on the user": lambda: address.env["res.users"].search(
                [(f"partner_id.{path}", "!=", False)]
            ),
            # Odoo evaluates this one with all rights.
            "search by followers": lambda: partner.search(
                [(f"message_partner_ids.{path}", "!=", False)]
            ),
            "order below the contact": lambda: partner.web_read(sorted_by),
            "name": lambda: Address.name_search("", domain=found),
            "group": lambda: Address.formatted_read_group([], [field], ["__count"]),
            "old group": lambda: Address.read_group([], [field], [field]),
            "group and unfold": lambda: Address.web_read_group([], [field]),
            "order": lambda: Address.search([], order=field),
            "export": lambda: address.export_data([field]),
            "export of the contact": lambda: partner.export_data(
                [f"financial_address_ids/{field}"]
            ),
            "onchange of the contact": lambda: partner.onchange({}, [], nested),
            "filter": lambda: address.filtered_domain(found),
            "mapped": lambda: address.mapped(field),
            "reveal": lambda: address.reveal(),
            "proof": lambda: base64.b64decode(address.read(["proof"])[0]["proof"]),
            "attachment": lambda: file.read(["datas"]),
            "attachments": lambda: self.some(file.search_read(files, ["datas"])),
            "download": lambda: address.env["ir.binary"]._record_to_stream(file, "raw"),
        }

    def some(self, rows):
        """Return rows; none at all count as a refusal."""
        if not rows:
            raise AccessError(str(rows))
        return rows

    #: Doors that show whole numbers to whoever may see them.
    DOORS = {
        "read",
        "search_read",
        "web_read",
        "web_search_read",
        "web_read on the contact",
        "export",
        "export of the contact",
        "reveal",
        "proof",
    }
    #: Of these, those an approver has, who decides by the proof.
    DOORS_OF_APPROVERS = {"reveal", "proof"}

    def test_without_the_right_no_way_leads_to_a_number(self):
        tried = 0
        for role in (*NO_ROLE, *MASKED_ONLY):
            for address, field, number in self.by_field(role):
                for way, act in self.ways_to_get_at(address, field).items():
                    if role == "approver" and way in self.DOORS_OF_APPROVERS:
                        continue
                    with self.subTest(role, field=field, way=way):
                        # Portal and public users may not export at all.
                        with self.assertRaises(UserError) as refused:
                            act()
                        self.assertNotIn(number, str(refused.exception))
                        tried += 1
        self.assertEqual(tried, 6 * 3 * 27 - 3 * 2)

    def test_users_with_the_right_read_numbers_by_audited_methods_only(self):
        for role in SEES_NUMBERS:
            user = self.users[role]
            for address, field, number in self.by_field(role):
                for way, act in self.ways_to_get_at(address, field).items():
                    with self.subTest(role, field=field, way=way):
                        self.env.invalidate_all()
                        before = len(self.shown(user))
                        if way in self.DOORS:
                            self.assertIn(number, str(act()))
                            self.assertGreater(len(self.shown(user)), before)
                        else:
                            with self.assertRaises(AccessError):
                                act()

    def test_a_forms_onchange_gives_nothing_away(self):
        answered = 0
        for role in (*MASKED_ONLY, *SEES_NUMBERS):
            for address, field, number in self.by_field(role):
                for values in ({}, {"holder_name": "x"}, {field: False}):
                    with self.subTest(role, field=field, values=values):
                        try:
                            answer = str(address.onchange(values, [], {field: {}}))
                            answered += 1
                        except AccessError as error:
                            answer = str(error)
                        self.assertNotIn(number, answer)
        self.assertTrue(answered)

    def test_an_approver_reveals_and_it_is_written_down(self):
        for address, _field, number in self.by_field("approver"):
            self.assertEqual(address.reveal(), number)
        rows = self.shown(self.users["approver"])
        self.assertEqual(rows.address_id, self.addresses)
        self.assertEqual(set(rows.mapped("way")), {"reveal"})

    def test_what_one_entered_oneself_is_not_a_revelation(self):
        mine = self.enter_address("0754 200 005", user=self.users["editor"])
        self.assertEqual(
            mine.read(["mobile_number"])[0]["mobile_number"], "+255754200005"
        )
        mine.onchange({}, [], {"mobile_number": {}, "holder_name": {}})
        mine.browse().onchange(
            {"mobile_number": "0754 200 006"},
            ["mobile_number"],
            {"mobile_number": {}, "dfsp_id": {"fields": {}}},
        )
        self.assertFalse(self.shown(self.users["editor"]))

    def test_reading_everything_without_naming_it(self):
        for role in MASKED_ONLY:
            address = self.addresses[1].with_user(self.users[role])
            row = str(address.read() + address.search_read([]))
            self.assertIn("+2557••••001", row)
            self.assertNotIn(NUMBERS["mobile_number"], row)
        editor = self.users["editor"]
        row = str(self.addresses[1].with_user(editor).read())
        self.assertIn(NUMBERS["mobile_number"], row)
        self.assertTrue(self.shown(editor))

    def test_names_and_lists_are_masked_for_everybody(self):
        for role in (*MASKED_ONLY, *SEES_NUMBERS):
            for address, _field, number in self.by_field(role):
                shown = str(
                    [
                        address.display_name,
                        address.read(["masked", "display_name"]),
                        address.name_search(""),
                        address.web_search_read([], {"masked": {}, "partner_id": {}}),
                        address.export_data(["masked", "display_name"]),
                    ]
                )
                with self.subTest(role):
                    self.assertIn("••••", shown)
                    self.assertNotIn(number, shown)
        self.assertFalse(self.shown())

    def test_who_sees_numbers_finds_whole_ones_in_any_spelling(self):
        for role in SEES_NUMBERS:
            Address = self.env["g2p.financial.address"].with_user(self.users[role])
            for typed, found in [
                ("0754 200 001", self.addresses[1]),
                ("+255754200001", self.addresses[1]),
                ("0123 456 789", self.addresses[0]),
                ("Asha@PayMail.Example", self.addresses[2]),
                ("0754", self.addresses.browse()),
                ("75420", self.addresses.browse()),
                ("%", self.addresses.browse()),
            ]:
                with self.subTest(role, typed=typed):
                    self.assertEqual(
                        Address.search([("number", "ilike", typed)]), found
                    )

    def test_who_does_not_cannot_even_ask(self):
        for role in (*NO_ROLE, *MASKED_ONLY):
            Address = self.env["g2p.financial.address"].with_user(self.users[role])
            with self.subTest(role), self.assertRaises(AccessError):
                Address.search([("number", "=", "0754 200 001")])

    def test_a_clients_context_does_not_allow_audited_reads(self):
        for forged in (True, 1, "door", {}, object()):
            address = self.addresses[1].with_user(self.users["editor"])
            address = address.with_context(g2p_fa_door=forged)
            with self.subTest(str(forged)), self.assertRaises(AccessError):
                address.search([("mobile_number", "like", "754")])
            viewer = address.with_user(self.users["viewer"])
            with self.assertRaises(AccessError):
                viewer.read(["mobile_number"])

    def test_what_each_role_may_write(self):
        values = {
            "partner_id": self.new_registrant("D").id,
            "dfsp_id": self.operator.id,
            "mobile_number": "0754 200 004",
        }
        Address = self.env["g2p.financial.address"]
        for role in (*NO_ROLE, *MASKED_ONLY):
            address = self.addresses[1].with_user(self.users[role])
            for way, act in {
                "create": lambda a=address: a.create(values),
                "write": lambda a=address: a.write({"reason": "x"}),
                "end": lambda a=address: a.action_end("x"),
                "unlink": lambda a=address: a.unlink(),
                "copy": lambda a=address: a.copy(),
                "policy": lambda a=address: (
                    a.env["g2p.fa.policy"]
                    .browse(self.env["g2p.fa.policy"].search([]).ids)
                    .write({"shared": "allow"})
                ),
            }.items():
                with (
                    self.subTest(role, way=way),
                    self.assertRaises(AccessError),
                    self.env.cr.savepoint(),
                ):
                    act()
        self.assertTrue(Address.with_user(self.users["editor"]).create(values))

    def test_without_the_right_nothing_is_imported(self):
        # Whether somebody is registered or not: the answer is the same.
        for role in (*NO_ROLE, *MASKED_ONLY):
            Address = self.env["g2p.financial.address"].with_user(self.users[role])
            for spar_id in ("SR-1", "SR-UNKNOWN"):
                row = [spar_id, str(self.operator.id), "0754 200 004"]
                with (
                    self.subTest(role, spar_id=spar_id),
                    self.assertRaises(AccessError),
                    self.env.cr.savepoint(),
                ):
                    Address.with_context(import_file=True).load(
                        ["spar_id", "dfsp_id/.id", "mobile_number"], [row]
                    )

    def test_without_the_right_nothing_is_learnt_by_entering(self):
        missing = max(self.env["res.partner"].search([]).ids) + 999
        for role in (*NO_ROLE, *MASKED_ONLY):
            Address = self.env["g2p.financial.address"].with_user(self.users[role])
            for partner_id in (self.registrant.id, missing, False):
                vals = {"partner_id": partner_id, "mobile_number": "0754 200 004"}
                with (
                    self.subTest(role, partner=partner_id),
                    self.assertRaises(AccessError),
                    self.env.cr.savepoint(),
                ):
                    Address.create(vals)

    def test_only_administrators_read_the_log_and_no_role_changes_it(self):
        self.addresses[1].with_user(self.users["editor"]).reveal()
        for role in ROLES:
            log = self.shown().with_user(self.users[role])
            if role == "administrator":
                self.assertTrue(log.read(["user_id", "address_id", "way"]))
            else:
                with self.subTest(role), self.assertRaises(AccessError):
                    log.read(["way"])
            for act in (
                lambda log=log: log.write({"way": "read"}),
                lambda log=log: log.unlink(),
                lambda log=log: log.create({"way": "read"}),
            ):
                with self.subTest(role), self.assertRaises(AccessError):
                    act()

    def test_companies_do_not_see_each_others(self):
        mine = self.env["res.company"].create({"name": "North"})
        theirs = self.env["res.company"].create({"name": "South"})
        registrant = self.new_registrant("N", company_id=theirs.id)
        address = self.enter_address("0754 200 006", partner_id=registrant.id)
        self.assertEqual(address.company_id, theirs)
        for role in ("viewer", "editor", "approver", "administrator"):
            user = self.users[role]
            user.write({"company_ids": [(6, 0, mine.ids)], "company_id": mine.id})
            theirs_seen = address.with_user(user)
            with self.subTest(role):
                self.assertFalse(theirs_seen.search([("id", "=", address.id)]))
                for act in (
                    lambda a=theirs_seen: a.read(["masked"]),
                    lambda a=theirs_seen: a.reveal(),
                    lambda a=theirs_seen: a.action_end(),
                ):
                    with self.assertRaises(AccessError):
                        act()

    def test_no_number_in_any_log_line(self):
        with self.assertLogs("odoo", level="WARNING") as logs:
            logging.getLogger("odoo").warning("one line at least")
            self.enter_address("0754 200 123")
            for wrong in (
                {"mobile_number": "0754 200 12"},
                {"partner_id": False},
                {"partner_id": 99999999},
                {"dfsp_id": 99999999},
                {"branch_id": 99999999},
            ):
                with self.assertRefused(""):
                    self.enter_address(**{"mobile_number": "0754 200 123", **wrong})
        text = "\n".join(logs.output).replace(" ", "")
        self.assertNotIn("75420012", text)

    def test_working_on_a_draft_does_not_hide_that_one_read_it(self):
        other = self.new_user("p_other", "editor")
        draft = self.enter_address("+255754200077", user=other, dfsp_id=False)
        editor = self.users["editor"]
        draft.with_user(editor).holder_name = "Somebody"
        self.assertEqual(draft.with_user(editor).reveal(), "+255754200077")
        row = self.shown(editor)
        self.assertEqual(row.address_id, draft)
        draft.with_user(editor).unlink()
        self.assertEqual(row.partner_id, self.registrant)
        self.assertEqual(row.masked, "+2557••••077")

    def test_an_address_cannot_be_moved_out_of_sight(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        for role in SEES_NUMBERS:
            address = self.addresses[1].with_user(self.users[role])
            for values in ({"company_id": company.id}, {"write_date": "2020-01-01"}):
                with self.subTest(role, values=values), self.assertRaises(AccessError):
                    address.write(values)
            with self.subTest(role), self.assertRaises(AccessError):
                self.enter_address(
                    "0754 200 055", user=self.users[role], company_id=company.id
                )

    def test_a_wrong_number_is_not_repeated_in_the_error(self):
        for typed in ("0754 200 12", "+999 123456789", "07542000017777"):
            with self.assertRaises(Exception) as caught:
                self.enter_address(typed)
            self.assertNotIn(typed[-6:], str(caught.exception))
