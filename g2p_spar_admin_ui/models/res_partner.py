from odoo import models
from odoo.tools.misc import format_date

from odoo.addons.g2p_spar_financial_address.const import APPROVER, EDITOR

from ..look import Look


class ResPartner(models.Model):
    """What SPAR holds for a registrant beside what was requested."""

    _inherit = "res.partner"

    # === ACTION METHODS === #

    def action_spar_changes(self):
        """Open what was captured for this registrant, and what became of it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "g2p_spar_sync_queue.g2p_spar_change_action"
        )
        domain = [("mapping_id.partner_id", "=", self.id)]
        return {**action, "domain": domain, "context": {}}

    def spar_look(self, ask=False):
        """Return what SPAR holds and what was requested, as a screen shows it: masked.

        :param bool ask: whether SPAR is asked now, for a few seconds at most. Then what
            this transaction did before is committed
        :return: ``requested``, and a row for each connection in ``rows``; empty for
            whoever is no registrant
        :rtype: dict
        :raise AccessError: for whoever may not see the registrant or payment data
        """
        self.ensure_one()
        self.check_access("read")
        Reading = self.env["g2p.spar.reading"]
        Reading.check_access("read")
        if not self._spar_is_registrant():
            return {}
        codes = Reading._ask(self) if ask else {}
        readings, entries = Reading._readings(self), Reading._entries(self)
        connections = Reading._connections()
        rows = []
        for connection in connections:
            look = Look(
                self,
                connection,
                readings.get(connection.id),
                entries.get(connection.id),
                codes.get(connection.id),
            )
            rows.append(look.row(named=len(connections) > 1))
        return {"requested": self._spar_requested(), "rows": rows}

    # === BUSINESS METHODS === #

    def _spar_requested(self):
        """Return the address in use, or else the one on its way there."""
        address = self.financial_address_id
        if not address:
            return {}
        labels = dict(address._fields["channel"]._description_selection(self.env))
        may_reveal = any(self.env.user.has_group(name) for name in (EDITOR, APPROVER))
        return {
            "address": may_reveal and not address.sudo().erased_date and address.id,
            "text": _joined(address.dfsp_id.name, address.masked),
            "by": self.env._(
                "by %(name)s (%(channel)s), %(day)s",
                name=address.sudo().entered_by_id.name,
                channel=labels[address.channel],
                day=format_date(self.env, address.create_date),
            ),
        }

    def _remove_payment_data(self):
        result = super()._remove_payment_data()
        readings = self.env["g2p.spar.reading"].sudo()
        readings.search([("partner_id", "in", self.ids)]).unlink()
        return result


def _joined(*parts):
    return " · ".join(part for part in parts if part)
