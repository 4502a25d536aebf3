from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FinancialAddressCase
from .registrant_adapter_case import RegistrantAdapterCase


@tagged("post_install", "-at_install")
class TestPlainContacts(RegistrantAdapterCase, FinancialAddressCase):
    """Contacts are the registry, and the ID is their reference."""


@tagged("post_install", "-at_install")
class TestTypedIds(RegistrantAdapterCase, FinancialAddressCase):
    """Contacts are the registry, and the SPAR ID is typed by hand."""

    id_source = "spar_id"

    def set_id(self, person, card):
        person.spar_id = card

    def invalidate_id(self, person):
        person.spar_id = False


class Rows:
    """IDs in another model, which the contact has no column for: here in memory."""

    source = "rows"

    def __init__(self):
        self.valid = {}

    def patch(self, case):
        Partner = case.env.registry["res.partner"]
        rows = self.valid

        def owners(partners, source, texts):
            found = {}
            for id_, text in rows.items():
                if text in texts:
                    found[text] = found.get(text, partners.browse()) | partners.browse(
                        id_
                    )
            return found

        case.patch(Partner, "_spar_id_sources", lambda _self: {"rows": "Cards"})
        case.patch(
            Partner,
            "_spar_id_read",
            lambda one, source: (
                # Of a draft, too, as with rows in the database.
                rows.get(one._origin.id) if source == self.source else one[source]
            ),
        )
        case.patch(Partner, "_spar_id_owners", owners)
        case.patch(Partner, "_spar_id_new", lambda _self, _source, _text: {})


@tagged("post_install", "-at_install")
class TestIdsInRows(RegistrantAdapterCase, FinancialAddressCase):
    """The registry keeps IDs in rows of another model."""

    id_source = "ref"

    def setUp(self):
        super().setUp()
        self.rows = Rows()
        self.rows.patch(self)
        self.choose_source("rows")

    def make_registrant(self, name, card=""):
        person = super().make_registrant(name, "")
        if card:
            self.set_id(person, card)
        return person

    def set_id(self, person, card):
        self.rows.valid[person.id] = card
        person._spar_changed()

    def invalidate_id(self, person):
        del self.rows.valid[person.id]
        person._spar_changed()

    def test_the_source_is_called_as_the_registry_calls_it(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        with self.assertRaisesRegex(Exception, "it is made from Cards"):
            person.spar_id = "C-9"
        example = self.env["g2p.fa.settings"].current().id_example
        self.assertIn("C-7001", example)

    def test_an_id_in_a_row_that_another_registrant_gave_up_waits(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.enter_address(partner_id=person.id)
        self.invalidate_id(person)
        self.set_policy(approve_admin=True)
        made = self.rows.valid

        def new(_self, _source, text):
            made[self.Partner.search([], order="id desc", limit=1).id + 1] = text
            return {}

        self.patch(self.env.registry["res.partner"], "_spar_id_new", new)
        other = RegistrantAdapterCase.make_registrant(self, "Another Person", "C-7001")
        self.assertEqual(self.rows.valid[other.id], "C-7001")
        self.assertFalse(other._spar_get_id())
        waiting = self.env["g2p.fa.proposal"].search([("state", "=", "to_approve")])
        self.assertEqual(waiting.line_ids.mapped("res_id"), other.ids)

    def test_duplicates_are_merged_and_keep_the_ids_of_their_rows(self):
        kept = self.make_registrant("Amina Juma", "C-7001")
        duplicate = self.make_registrant("Amina Juma", "C-7002")
        merge = self.env["g2p.fa.merge"].with_user(self.clerk)
        values = {"kept_id": kept.id, "duplicate_id": duplicate.id}
        values["reason"] = "The same birth certificate"
        other_id = merge.create({**values, "keep_spar_id": "duplicate"})
        with self.assertRaisesRegex(UserError, "makes these SPAR IDs of other records"):
            other_id.action_ask()
        merge.create({**values, "keep_spar_id": "kept"}).action_ask()
        self.assertFalse(duplicate.active)
        self.assertEqual(kept._spar_get_id(), "C-7001")

    def test_an_unknown_source_is_refused_with_its_name(self):
        with self.assertRaisesRegex(Exception, "Contacts have no field “rowz”"):
            self.env["g2p.fa.settings"].current().id_source = "rowz"

    def test_a_user_who_may_not_change_payments_gives_no_id_by_a_row(self):
        person = self.make_registrant("Amina Juma", "C-7001")
        self.rows.valid[person.id] = "C-7002"
        with self.assertRaisesRegex(Exception, "Only an editor"):
            person.with_user(self.viewer)._spar_changed()
        self.assertEqual(person._spar_get_id(), "C-7001")
