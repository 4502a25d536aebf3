from odoo import models
from odoo.exceptions import UserError


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Refuse to merge people who are paid.

        Merging moves rows by SQL, past every check and without a word to SPAR: an
        address would change hands and SPAR would go on paying under the old ID.
        """
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        if any(
            partner.spar_id or partner.financial_address_ids for partner in partners
        ):
            raise UserError(
                self.env._(
                    "Contacts with a SPAR ID or a payment address are not merged. End "
                    "the address and remove the ID of those that are to go, and "
                    "archive them."
                )
            )
        return super()._merge(partner_ids, dst_partner, extra_checks)
