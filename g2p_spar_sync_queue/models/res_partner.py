from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .g2p_spar_mapping import DISPLAY_STATES

VIEWER = "g2p_spar_financial_address.group_viewer"


class ResPartner(models.Model):
    _inherit = "res.partner"

    spar_mapping_ids = fields.One2many(
        "g2p.spar.mapping", "partner_id", string="At SPAR", groups=VIEWER
    )
    spar_state = fields.Selection(
        DISPLAY_STATES, compute="_compute_spar_state", string="SPAR", groups=VIEWER
    )
    spar_sentence = fields.Char(
        compute="_compute_spar_state", string="What happens next", groups=VIEWER
    )

    @api.depends("spar_mapping_ids", "financial_address_ids.state")
    def _compute_spar_state(self):
        for partner in self:
            # The first connection speaks for the registrant.
            mapping = partner.spar_mapping_ids.sorted("id")[:1]
            if partner.financial_address_state == "draft":
                partner.spar_state = "incomplete"
                partner.spar_sentence = self.env._(
                    "Choose the provider to finish this address."
                )
            elif partner.financial_address_state == "to_approve":
                pending = partner.pending_address_id
                partner.spar_state = "to_approve"
                partner.spar_sentence = self.env._(
                    "Entered by %(name)s on %(day)s. Waiting for a second person.",
                    name=pending.entered_by_id.name,
                    day=format_date(self.env, pending.create_date),
                )
            elif mapping and (
                mapping.display_state != "ended" or mapping.confirmed_change_id
            ):
                partner.spar_state = mapping.display_state
                partner.spar_sentence = mapping.sentence
            elif partner.financial_address_id:
                partner.spar_state = "paused"
                partner.spar_sentence = self.env._(
                    "Saved. No connection to SPAR has been started."
                )
            else:
                partner.spar_state = "no_address"
                partner.spar_sentence = self.env._("No payment address yet. Add one.")

    def _financial_address_changed(self, channel):
        result = super()._financial_address_changed(channel)
        self.env["g2p.spar.mapping"]._capture(self, channel)
        return result

    # === ARCHIVED AND DELETED REGISTRANTS === #

    def _spar_is_paid(self):
        """Return whether SPAR should hold this registrant's address.

        Who is archived has left the registry, and is not to be paid any more.
        """
        self.ensure_one()
        return self.active and self._spar_is_registrant()

    def write(self, vals):
        turned = self.browse()
        if "active" in vals:
            turned = self.sudo().filtered(
                lambda partner: (
                    partner.active != bool(vals["active"])
                    and partner.financial_address_ids
                )
            )
            # It ends a payment, or starts one again, as surely as the address does.
            if turned:
                turned.with_env(self.env)._check_may_change_payment()
        result = super().write(vals)
        if turned:
            turned.with_env(self.env)._financial_address_changed("admin")
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_not_while_at_spar(self):
        """Refuse while SPAR has or may have a row, or has had one."""
        mappings = self.env["g2p.spar.mapping"].sudo()
        mappings = mappings.search([("partner_id", "in", self.ids)])
        for mapping in mappings:
            if mapping.linked_spar_id or mapping.sending_spar_id or mapping.change_ids:
                raise UserError(
                    self.env._(
                        "%(name)s has a payment address at SPAR, or had one, and its "
                        "history is kept. Archive this registrant instead: SPAR is "
                        "told to forget the address.",
                        name=mapping.partner_id.display_name,
                    )
                )
        # Nothing was ever sent for these.
        mappings.unlink()
