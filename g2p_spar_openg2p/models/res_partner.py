"""The registrant adapter of OpenG2P's registry: individuals and groups."""

from odoo import api, models
from odoo.fields import Domain

from odoo.addons.g2p_spar_financial_address.models.res_partner_adapter import (
    Anchor,
    IdRows,
)

#: How the payment settings name a source: this, and the name of the type of IDs.
SOURCE = "id:"


class ResPartner(models.Model):
    _inherit = "res.partner"

    # === WHO IS PAID === #

    @api.model
    def _spar_left_fields(self):
        """Being disabled is how people leave."""
        return super()._spar_left_fields() | {"disabled"}

    # === THE ID === #

    # ``unique_id``, or ``ref_id`` in earlier versions, is a column: named as it is.

    @api.model
    def _spar_id_sources(self):
        # The settings name several sources with commas between.
        types = self.env["g2p.id.type"].sudo().search([("name", "not like", ",")])
        return {
            **super()._spar_id_sources(),
            **{f"{SOURCE}{name}": name for name in types.mapped("name")},
        }

    @api.model
    def _spar_id_rows(self, source):
        if not source.startswith(SOURCE):
            return super()._spar_id_rows(source)
        name = source.removeprefix(SOURCE)
        of_type = self.env["g2p.id.type"].sudo().search([("name", "=", name)]).ids[:1]
        valid = Domain("id_type", "in", of_type) & Domain("status", "!=", "invalid")
        return IdRows("reg_ids", "value", valid, {"id_type": (of_type or [False])[0]})

    # === FORMS === #

    @api.model
    def _spar_forms(self):
        """Return OpenG2P's two forms, which inherit no other, and that of contacts."""
        tab = Anchor("//page[@name='basic_info']", "after")
        return {
            **super()._spar_forms(),
            "g2p_registry_individual.view_individuals_form": [tab],
            "g2p_registry_group.view_groups_form": [tab],
        }

    def _spar_person_form(self):
        """Leave people on the forms of the registry, which have the Payment page."""
        return None
