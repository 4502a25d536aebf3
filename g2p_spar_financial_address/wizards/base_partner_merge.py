from odoo import models
from odoo.exceptions import UserError


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Refuse to merge contacts with payment data.

        Merging moves rows by SQL, without any check and without a change at SPAR: an
        address would get another owner, and SPAR would keep it under the old ID.
        """
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        if any(
            partner.spar_id or partner.financial_address_ids for partner in partners
        ):
            raise UserError(
                self.env._(
                    "Contacts with a SPAR ID or a payment address are not merged here. "
                    "Open the registrant who stays, page Payment, and press Merge a "
                    "duplicate."
                )
            )
        partners._spar_check_merge()
        return super()._merge(partner_ids, dst_partner, extra_checks)
