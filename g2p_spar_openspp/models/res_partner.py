"""The registrant adapter of OpenSPP 2: persons and households of ``spp_registry``."""

from lxml import etree

from odoo import api, models
from odoo.fields import Domain

from odoo.addons.g2p_spar_financial_address.const import EDITOR
from odoo.addons.g2p_spar_financial_address.models.res_partner_adapter import (
    Anchor,
    IdRows,
)

#: The vocabulary of the types of IDs.
ID_TYPES = "urn:openspp:vocab:id-type"
#: How the payment settings name a source: this, and the code of the type.
SOURCE = "id:"


class ResPartner(models.Model):
    _inherit = "res.partner"

    # === WHO IS A REGISTRANT, AND PAID === #

    @api.model
    def _spar_left_fields(self):
        """Being disabled is how people leave."""
        return super()._spar_left_fields() | {"disabled"}

    # === PHONE === #

    def _spar_get_phone(self):
        """Return the first phone: OpenSPP joins all of a person's by commas."""
        phone = super()._spar_get_phone()
        return (phone or "").split(",")[0].strip() or False

    # === THE ID === #

    @api.model
    def _spar_id_sources(self):
        # Also those that are offered no more: people still have IDs of that type.
        types = self.env["spp.vocabulary.code"].sudo().with_context(active_test=False)
        types = types.search([("namespace_uri", "=", ID_TYPES)])
        return {
            **super()._spar_id_sources(),
            **{f"{SOURCE}{one.code}": one.display for one in types},
        }

    @api.model
    def _spar_id_rows(self, source):
        if not source.startswith(SOURCE):
            return super()._spar_id_rows(source)
        code = source.removeprefix(SOURCE)
        # A document that has expired still has the person's number. One that was
        # removed stays as an invalid row.
        valid = Domain(
            [
                ("namespace_uri", "=", ID_TYPES),
                ("id_type_id.code", "=", code),
                ("status", "!=", "invalid"),
            ]
        )
        offered = self.env["spp.vocabulary.code"].sudo().get_code(ID_TYPES, code)
        return IdRows("reg_ids", "value", valid, {"id_type_id": offered.id})

    # === FORMS === #

    @api.model
    def _spar_forms(self):
        """Return OpenSPP's one form: it replaces the sheet of the contact form.

        It has a notebook for persons and one for households, of which one is visible.
        """
        return {
            **super()._spar_forms(),
            "base.view_partner_form": [
                Anchor("//page[@name='identity']", "after"),
                Anchor("//page[@name='group_identity']", "after"),
            ],
        }

    def _spar_person_form(self):
        """Leave people on the form of the registry, which has the Payment page."""
        return None

    @api.model
    def _spar_adapt_form(self, arch):
        """Show the accounts of ``spp_banking`` for reading only, and say why.

        An account entered there is not paid, and no screen would say so.
        """
        result = super()._spar_adapt_form(arch)
        for field in arch.xpath("//sheet//field[@name='bank_ids']"):
            field.set("readonly", "1")
            note = etree.Element("div", {"class": "alert alert-info", "colspan": "2"})
            note.text = self.env._(
                "Payments do not go to these accounts. Payment addresses are kept on "
                "the Payment page."
            )
            etree.SubElement(
                note,
                "button",
                {
                    "name": "action_spar_accounts",
                    "type": "object",
                    "class": "btn-link",
                    "string": self.env._("Take an account over"),
                    "invisible": "not bank_ids",
                    "groups": EDITOR,
                },
            )
            field.addprevious(note)
        return result

    def action_spar_accounts(self):
        """Open this person's bank accounts, to take one over as payment address."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "g2p_spar_openspp.res_partner_bank_action"
        )
        return {**action, "domain": [("partner_id", "=", self.id)]}
