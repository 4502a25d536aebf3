from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from .common import FinancialAddressCase

ADDON = "g2p_spar_financial_address"


@tagged("post_install", "-at_install")
class TestSparId(FinancialAddressCase):
    """The SPAR ID, made from the contact's reference and another field."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_ids_from("ref, function", "token:{id}@nationalId")
        cls.Partner = cls.env["res.partner"]

    def setUp(self):
        super().setUp()
        self.told = []
        patcher = patch.object(
            type(self.registrant),
            "_financial_address_changed",
            lambda partners, channel: self.told.append((partners, channel)),
        )
        patcher.start()
        self.addCleanup(patcher.stop)

    def make(self, **values):
        return self.Partner.create({"name": "R", "is_registrant": True, **values})

    # === SOURCES AND TEMPLATE === #

    def test_the_first_source_that_is_not_empty_counts(self):
        for values, spar_id in [
            ({"ref": "R1", "function": "V1"}, "token:R1@nationalId"),
            ({"ref": False, "function": "V2"}, "token:V2@nationalId"),
            ({"ref": "  ", "function": "V3"}, "token:V3@nationalId"),
            ({"ref": "\tR4 ", "function": "V4"}, "token:R4@nationalId"),
            ({"ref": "e\u0301", "function": False}, "token:\xe9@nationalId"),
            ({"ref": "{id}", "function": False}, "token:{id}@nationalId"),
            ({"ref": False, "function": False}, False),
        ]:
            with self.subTest(values):
                self.assertEqual(self.make(**values).spar_id, spar_id)
                self.registrant.write({"ref": False, "function": False})
                with self.env.cr.savepoint() as savepoint:
                    self.Partner.search([("spar_id", "=", spar_id or "none")]).ref = "x"
                    self.registrant.write(values)
                    self.assertEqual(self.registrant.spar_id, spar_id)
                    savepoint.rollback()

    def test_the_id_may_appear_change_and_go(self):
        for ref, spar_id in [
            ("1", "token:1@nationalId"),
            ("2", "token:2@nationalId"),
            (False, False),
        ]:
            self.registrant.ref = ref
            self.assertEqual(self.registrant.spar_id, spar_id)
            self.assertEqual(self.registrant._spar_get_id(), spar_id)
            self.assertEqual(self.told.pop(), (self.registrant, "admin"))
        self.assertFalse(self.told)

    def test_fields_that_do_not_change_the_id_call_no_hook(self):
        self.registrant.ref = "1"
        self.told.clear()
        self.registrant.write({"ref": "1", "comment": "x"})
        self.registrant.function = "only a fallback"
        self.registrant.spar_id = "token:1@nationalId"
        self.assertFalse(self.told)

    def test_who_is_no_registrant_has_no_id(self):
        contact = self.Partner.create({"name": "Supplier", "ref": "S1"})
        contact.ref = "S2"
        self.assertFalse(contact.spar_id)
        self.assertFalse(self.told)
        contact.is_registrant = True
        self.assertEqual(contact.spar_id, "token:S2@nationalId")
        contact.is_registrant = False
        self.assertFalse(contact.spar_id)
        self.assertEqual(self.told, [(contact, "admin")] * 2)

    def test_it_is_not_typed_by_hand(self):
        message = "made from Reference, Job Position. Change that instead"
        with self.assertRefused(message):
            self.registrant.spar_id = "SR-9"
        with self.assertRefused(message):
            self.make(spar_id="SR-9")
        with self.assertRefused(message):
            self.Partner.with_context(default_spar_id="SR-9").create({"name": "X"})
        self.assertFalse(self.registrant.spar_id_typed)
        self.make_ids_from("spar_id")
        self.env.invalidate_all()
        self.assertTrue(self.registrant.spar_id_typed)
        self.registrant.spar_id = "SR-9"
        self.assertEqual(self.registrant.spar_id, "SR-9")

    def test_control_characters_are_refused_by_name(self):
        with self.assertRefused("^Asha Juma: The ID contains an invisible control"):
            self.registrant.ref = "1\n2"

    def test_a_copy_is_another_person(self):
        self.registrant.write({"ref": "1", "function": "2"})
        twin = self.registrant.copy()
        self.assertFalse(twin.ref or twin.function or twin.spar_id)
        self.assertEqual(self.registrant.copy({"ref": "3"}).ref, "3")
        contact = self.Partner.create({"name": "Supplier", "ref": "S1"})
        self.assertEqual(contact.copy().ref, "S1")

    def test_a_registry_may_keep_ids_elsewhere(self):
        def from_elsewhere(partner, sources):
            self.assertEqual(sources, ("ref", "function"))
            return elsewhere.get(partner.id)

        elsewhere = {self.registrant.id: " E1"}
        with patch.object(type(self.registrant), "_spar_id_value", from_elsewhere):
            self.assertEqual(self.registrant._spar_id_refresh(), self.registrant)
            self.assertEqual(self.registrant.spar_id, "token:E1@nationalId")
            self.assertFalse(self.registrant._spar_id_refresh())
        self.assertEqual(self.told, [(self.registrant, "admin")])
        self.make_ids_from("spar_id")
        self.assertFalse(self.registrant._spar_id_refresh())

    def test_the_registrants_form_shows_it_readonly(self):
        self.registrant.ref = "1"
        form = Form(self.registrant, view="base.view_partner_form")
        with self.assertRaisesRegex(AssertionError, "readonly"):
            form.spar_id = "SR-9"

    def test_phone_and_agent_are_those_of_the_contact(self):
        self.registrant.user_id = self.env.user
        self.assertEqual(self.registrant._spar_get_phone(), "+255 754 100 001")
        self.assertEqual(self.registrant._spar_get_agent(), self.env.user)

    # === UNIQUENESS === #

    def test_an_id_in_use_is_refused_with_the_owners_name(self):
        self.registrant.ref = "1"
        for values in ({}, {"active": False}):
            self.registrant.write(values)
            with self.subTest(values), self.assertRefused("Asha Juma, Twin: token:1@"):
                self.make(name="Twin", function="1")
        twin = self.make(name="Twin")
        with self.assertRefused("these would share one. Nothing was changed"):
            twin.ref = "1"
        self.assertFalse(twin.ref or twin.spar_id)

    def test_the_same_id_twice_in_one_batch_is_refused(self):
        with self.assertRefused("share"):
            self.Partner.create(
                [{"name": n, "is_registrant": True, "ref": "1"} for n in "AB"]
            )
        pair = self.make() | self.make()
        with self.assertRefused("share"):
            pair.ref = "1"
        self.assertEqual(pair.mapped("spar_id"), [False, False])

    def test_an_import_names_the_row(self):
        self.registrant.ref = "1"
        result = self.Partner.load(
            ["name", "is_registrant", "ref"],
            [["Good", "True", "2"], ["Twin", "True", "1"]],
        )
        # Before the rows, Odoo repeats why they did not go in all at once.
        *_summary, message = result["messages"]
        self.assertEqual(message["rows"], {"from": 1, "to": 1})
        self.assertIn("Asha Juma, Twin", message["message"])

    def test_names_the_user_may_not_see_stay_hidden(self):
        self.registrant.ref = "1"
        editor = new_test_user(
            self.env, "i_editor", f"{ADDON}.group_editor,base.group_partner_manager"
        )
        self.env["ir.rule"].create(
            {
                "name": "only their own",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.registrant.id})]",
            }
        )
        with self.assertRefused("Twin, 1 more: token:1@nationalId"):
            self.Partner.with_user(editor).create(
                {"name": "Twin", "is_registrant": True, "ref": "1"}
            )

    # === CHANGE OF THE SETTINGS === #

    def test_a_change_of_the_rule_relinks_everybody(self):
        plain = self.Partner.create({"name": "Supplier", "ref": "S1"})
        people = self.Partner.create(
            [
                {
                    "name": f"R{n}",
                    "is_registrant": True,
                    "ref": f"{n + 1}",
                    "function": f"{n + 2}",
                }
                for n in range(5)
            ]
        )
        people[4].active = False
        self.told.clear()
        # Most IDs pass from one registrant to the next.
        self.make_ids_from("function, ref", "token:{id}@nationalId")
        self.assertEqual(
            people.mapped("spar_id"), [f"token:{n}@nationalId" for n in range(2, 7)]
        )
        self.assertEqual(self.told, [(people, "admin")])
        self.assertFalse(plain.spar_id)
        self.make_ids_from("function, ref", "{id}")
        self.assertEqual(people.mapped("spar_id"), ["2", "3", "4", "5", "6"])
        self.make_ids_from("spar_id")
        self.assertEqual(people.mapped("spar_id"), ["2", "3", "4", "5", "6"])
        # Others had one typed by hand before, and get it back.
        self.assertEqual(len(self.told), 3)
        self.assertFalse(self.told[2][0] & people)

    def test_a_change_with_conflicts_changes_nothing(self):
        people = self.Partner.create(
            [
                {
                    "name": f"P{n}",
                    "is_registrant": True,
                    "ref": f"{n + 1}",
                    "function": "same",
                }
                for n in range(2)
            ]
        )
        before = self.env["g2p.fa.settings"].cached_values()
        with self.assertRefused("P0, P1: same"):
            self.make_ids_from("function")
        self.assertEqual(
            people.mapped("spar_id"), ["token:1@nationalId", "token:2@nationalId"]
        )
        self.assertEqual(self.env["g2p.fa.settings"].cached_values(), before)

    def test_without_confirmation_nothing_changes(self):
        self.registrant.ref = "1"
        self.told.clear()
        with self.assertRefused("1 registrants would get another SPAR ID"):
            self.env["g2p.fa.settings"].current().id_template = "{id}"
        self.assertEqual(self.registrant.spar_id, "token:1@nationalId")
        self.assertFalse(self.told)

    def test_a_change_costs_no_query_per_registrant(self):
        def queries(number, template):
            self.Partner.create(
                [
                    {"name": "R", "is_registrant": True, "ref": f"{template}{n}"}
                    for n in range(number)
                ]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.make_ids_from("ref", template)
            return self.env.cr.sql_log_count - before

        self.assertEqual(queries(1, "a{id}"), queries(200, "b{id}"))

    # === RIGHTS AND COST === #

    def test_the_systems_mode_is_no_pass(self):
        """Odoo's page of a portal user writes their contact as the system."""
        self.registrant.ref = "1"
        citizen = new_test_user(self.env, "i_citizen", groups="base.group_portal")
        citizen.partner_id.write({"is_registrant": True, "ref": "2"})
        page = citizen.partner_id.with_user(citizen).sudo()
        for values in ({"ref": "3"}, {"ref": False}, {"is_registrant": False}):
            with self.subTest(values), self.assertRaises(AccessError):
                page.write(values)
        for values in ({"is_registrant": True, "ref": "4"},):
            with self.subTest(values), self.assertRaises(AccessError):
                page.create({"name": "Eve", **values})
        page.write({"street": "Own street", "ref": "2"})
        self.assertEqual(citizen.partner_id.spar_id, "token:2@nationalId")

    def test_only_editors_change_what_decides_the_id(self):
        self.registrant.write({"ref": "1", "function": "2"})
        supplier = self.Partner.create({"name": "Supplier", "ref": "S1"})
        manager = "base.group_partner_manager"
        for role in ("base.group_user", f"{ADDON}.group_viewer"):
            user = new_test_user(self.env, f"i_{role}", groups=f"{role},{manager}")
            partner = self.registrant.with_user(user)
            partner.write({"comment": "may be written", "ref": "1"})
            for values in ({"ref": "9"}, {"ref": False}, {"function": "9"}):
                with self.subTest(role, v=values), self.assertRaises(AccessError):
                    partner.write(values)
            with self.subTest(role, way="create"), self.assertRaises(AccessError):
                partner.create({"name": "Eve", "is_registrant": True, "ref": "9"})
            with self.subTest(role, way="default"), self.assertRaises(AccessError):
                partner.with_context(default_ref="9").create(
                    {"name": "Eve", "is_registrant": True}
                )
            supplier.with_user(user).ref = f"S-{role}"
            partner.create({"name": "Supplier", "ref": "S2"})
            self.assertTrue(partner.create({"name": "New", "is_registrant": True}))
        editor = new_test_user(
            self.env, "i_editor", groups=f"{ADDON}.group_editor,{manager}"
        )
        self.registrant.with_user(editor).ref = "9"
        self.assertEqual(self.registrant.spar_id, "token:9@nationalId")

    def test_unrelated_edits_cost_no_query(self):
        self.registrant.ref = "1"
        self.env.flush_all()
        self.registrant.comment = "warm up"
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.registrant.comment = "something"
            self.env.flush_all()

    def test_contacts_cost_no_query_more_than_with_typed_ids(self):
        counts = []
        for source in ("ref", "spar_id"):
            self.make_ids_from(source)
            self.Partner.create({"name": "warm up"})
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.Partner.create({"name": "Supplier", "ref": "S1"})
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
