"""Attacks across companies: forms that name what is hidden, and branches.

Odoo shows a contact of a company to users of its branches, and contacts who are users
to all. Payment data is of those companies only in which a user is allowed.
"""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import FinancialAddressCase

SECRETS = ("SR-700", "Zawadi", "2668", "266666", "••••666", "Payee Zuberi", "Guardian")


@tagged("post_install", "-at_install")
class TestAttackThirdCompanies(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Company = cls.env["res.company"]
        cls.home = Company.create({"name": "Head office"})
        cls.branch = Company.create({"name": "Branch", "parent_id": cls.home.id})
        cls.far = Company.create({"name": "Far"})
        cls.staff = {}
        for where in (cls.branch, cls.far):
            for role in ("editor", "approver", "administrator", "viewer"):
                user = cls.new_user(
                    f"c_{role}_{where.id}", role, "base.group_partner_manager"
                )
                user.write(
                    {
                        "company_ids": [Command.set(where.ids)],
                        "company_id": where.id,
                    }
                )
                cls.staff[where.name, role] = user
        cls.victim = cls.new_registrant("Victim", "SR-700", company_id=cls.home.id)
        cls.address = cls.enter_address(
            "0754 266 666",
            partner_id=cls.victim.id,
            holder_name="Zawadi",
            payee_name="Payee Zuberi",
            payee_relation="guardian",
            payee_until="2030-12-31",
        )
        cls.free = cls.new_registrant("Free", "SR-701")

    def user(self, role, where=None):
        return self.staff[(where or self.branch).name, role]

    def refused(self, act):
        """Return whether a call is refused; what it did is undone."""
        try:
            with self.env.cr.savepoint() as savepoint:
                act()
                self.env.flush_all()
                savepoint.rollback()
        except UserError:
            return True
        finally:
            self.env.invalidate_all(flush=False)
        return False

    # === FORMS THAT NAME WHAT IS HIDDEN === #

    def test_a_form_tells_nothing_of_records_that_are_hidden(self):
        plain = {"fields": {"display_name": {}}}
        forms = {
            "merge": (
                "g2p.fa.merge",
                {"kept_id": self.victim.id, "duplicate_id": self.free.id},
                {
                    "kept_spar_id": {},
                    "kept_address_id": plain,
                    "effect": {},
                    "display_name": {},
                },
            ),
            "duplicate": (
                "g2p.fa.merge",
                {"kept_id": self.free.id, "duplicate_id": self.victim.id},
                {
                    "duplicate_spar_id": {},
                    "duplicate_address_id": plain,
                    "effect": {},
                },
            ),
            "address before": (
                "g2p.financial.address",
                {"previous_id": self.address.id},
                {
                    "previous_masked": {},
                    "previous_holder_name": {},
                    "comparison": {},
                },
            ),
            "address": (
                "g2p.financial.address",
                {"partner_id": self.victim.id, "holder_name": "x"},
                {"spar_id": {}, "holder_match": {}, "display_name": {}},
            ),
            "address before, as a parent": (
                "g2p.financial.address",
                {"previous_id": {"id": self.address.id}},
                {"previous_masked": {}, "previous_holder_name": {}},
            ),
            "a line of the contact": (
                "res.partner",
                {
                    "financial_address_ids": [
                        (0, "virtual_1", {"previous_id": self.address.id})
                    ]
                },
                {
                    "financial_address_ids": {
                        "fields": {"previous_masked": {}, "previous_holder_name": {}}
                    }
                },
            ),
            "decision": (
                "g2p.fa.decision",
                {"address_ids": [Command.set(self.address.ids)]},
                {"address_ids": {"fields": {"masked": {}, "holder_name": {}}}},
            ),
            "decision by a link": (
                "g2p.fa.decision",
                {"address_ids": [Command.link(self.address.id)]},
                {"address_ids": {"fields": {"masked": {}, "holder_name": {}}}},
            ),
        }
        for where in (self.branch, self.far):
            for role in ("editor", "administrator"):
                for form, (model, values, spec) in forms.items():
                    for first in (True, False):
                        with self.subTest(form, where=where.name, role=role):
                            records = self.env[model].with_user(self.user(role, where))
                            spec = {**{name: {} for name in values}, **spec}
                            names = [] if first else list(values)
                            try:
                                said = str(records.onchange(dict(values), names, spec))
                            except AccessError as error:
                                said = str(error)
                            # Who reads a contact reads the ID that is on it.
                            known = {"SR-700"} if where == self.branch else set()
                            for secret in set(SECRETS) - known:
                                self.assertNotIn(secret, said)
                            self.env.invalidate_all()

    def test_a_form_is_not_filled_by_defaults_with_what_is_hidden(self):
        Merge = self.env["g2p.fa.merge"].with_user(self.user("editor", self.far))
        said = ""
        try:
            said = str(
                Merge.with_context(
                    default_kept_id=self.victim.id, default_duplicate_id=self.free.id
                ).onchange(
                    {},
                    [],
                    {
                        "kept_id": {"fields": {"display_name": {}}},
                        "kept_spar_id": {},
                        "kept_address_id": {"fields": {"display_name": {}}},
                        "effect": {},
                    },
                )
            )
        except AccessError as error:
            said = str(error)
        for secret in SECRETS:
            self.assertNotIn(secret, said)

    # === BRANCHES === #

    def acts(self, victim, where):
        """Yield what another company's staff may not do to a registrant."""
        editor = victim.with_user(self.user("editor", where))
        administrator = victim.with_user(self.user("administrator", where))
        yield "another ID", lambda: editor.write({"spar_id": "SR-799"})
        yield "no ID", lambda: editor.write({"spar_id": False})
        yield "move", lambda: editor.write({"company_id": where.id})
        yield "to all", lambda: editor.write({"company_id": False})
        yield "archive", lambda: editor.write({"active": False})
        yield "archive by the button", editor.action_archive
        yield "no registrant", lambda: editor.write({"is_registrant": False})
        yield "remove", administrator.action_remove_payment_data
        yield "all data", administrator.action_subject_access
        yield "merge", lambda: self.merged(victim, where)
        yield (
            "end",
            lambda: (
                self.env["g2p.financial.address"]
                .with_user(editor.env.user)
                .end(victim, "x", "admin")
            ),
        )
        yield (
            "enter",
            lambda: self.enter_address(
                "0754 299 999", partner_id=victim.id, user=editor.env.user
            ),
        )
        yield (
            "reveal",
            lambda: self.address_of(victim).with_user(administrator.env.user).reveal(),
        )
        yield (
            "confirm",
            lambda: self.address_of(victim).with_user(editor.env.user).action_confirm(),
        )
        yield (
            "mark",
            lambda: (
                self.address_of(victim)
                .with_user(editor.env.user)
                .mark_to_confirm("Payment came back")
            ),
        )

    def address_of(self, victim):
        return victim.sudo().financial_address_ids[:1]

    def merged(self, victim, where):
        user = self.user("editor", where)
        twin = self.new_registrant("Twin", "SR-702", company_id=where.id)
        merge = (
            self.env["g2p.fa.merge"]
            .with_user(user)
            .create(
                {
                    "kept_id": twin.id,
                    "duplicate_id": victim.id,
                    "keep_spar_id": "duplicate",
                    "reason": "Twice",
                }
            )
        )
        merge.action_ask()

    def test_staff_of_a_branch_do_nothing_to_registrants_of_its_parent(self):
        for way, act in self.acts(self.victim, self.branch):
            with self.subTest(way):
                self.assertTrue(self.refused(act))

    def test_staff_of_others_do_nothing_to_registrants_who_are_users(self):
        """Odoo shows contacts of internal users to everybody."""
        clerk = self.new_user("c_clerk", "base.group_user")
        clerk.write(
            {"company_ids": [Command.set(self.home.ids)], "company_id": self.home.id}
        )
        person = clerk.partner_id
        person.write(
            {
                "is_registrant": True,
                "spar_id": "SR-703",
                "company_id": self.home.id,
            }
        )
        self.enter_address("0754 277 777", partner_id=person.id)
        self.env.flush_all()
        self.assertFalse(person.partner_share)
        for where in (self.branch, self.far):
            for way, act in self.acts(person, where):
                with self.subTest(way, where=where.name):
                    self.assertTrue(self.refused(act))

    def test_before_they_have_an_address_or_ended(self):
        """What decides who is paid is theirs before there is an address, too."""
        newcomer = self.new_registrant("New", "SR-704", company_id=self.home.id)
        editor = newcomer.with_user(self.user("editor"))
        for values in ({"spar_id": "SR-799"}, {"company_id": self.branch.id}):
            with self.subTest(str(values)):
                self.assertTrue(self.refused(lambda v=values: editor.write(v)))

    def test_a_company_that_is_switched_off_hides_as_one_not_allowed(self):
        user = self.new_user("c_two", "administrator", "base.group_partner_manager")
        user.write(
            {
                "company_ids": [Command.set((self.home | self.far).ids)],
                "company_id": self.far.id,
            }
        )
        env = self.env(
            user=user, context={"allowed_company_ids": self.far.ids}, su=False
        )
        address = self.address.with_env(env)
        merge = self.env["g2p.fa.merge"]
        for way, act in {
            "read": lambda: address.read(["masked"]),
            "reveal": address.reveal,
            "count": lambda: (
                env["g2p.financial.address"].search_count([("id", "=", address.id)])
                or address.read(["masked"])
            ),
            "mark": lambda: address.mark_to_confirm("Came back"),
            "confirmations": lambda: (
                address.confirmation_ids.read(["note"]) or address.read(["masked"])
            ),
            "merge": lambda: merge.with_env(env).create(
                {"kept_id": self.free.id, "duplicate_id": self.victim.id}
            ),
        }.items():
            with self.subTest(way):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    act()
                self.env.invalidate_all()
        # Companies that the user is not allowed in are refused, not switched on.
        forged = self.env(
            user=self.user("editor", self.far),
            context={"allowed_company_ids": (self.far | self.home).ids},
            su=False,
        )
        with self.assertRaises(AccessError):
            self.address.with_env(forged).read(["masked"])
