from odoo import api, fields, models

from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note


class G2pSparIntervene(models.TransientModel):
    """Asks an operator for the reason of an action, then applies it."""

    _name = "g2p.spar.intervene"
    _description = "Intervene, with a reason"

    mapping_ids = fields.Many2many("g2p.spar.mapping", string="Registrants")
    line_ids = fields.Many2many("g2p.spar.reconciliation.line", string="Differences")
    action = fields.Selection(
        [
            ("skip", "Skip what is in trouble"),
            ("cancel", "Cancel what has not been sent yet"),
            ("pause", "Send nothing for now"),
            ("ignore", "Leave a difference as it is"),
        ],
        required=True,
        readonly=True,
    )
    reason = Note(required=True)

    @api.model
    def _ask(self, action, field, records):
        """Open the dialog that asks why.

        :param str action: what is to be done
        :param str field: of this model, for what it is done to
        :param records: what it is done to
        :raise AccessError: when the user is no operator
        """
        self.env["g2p.spar.mapping"]._check_operator()
        records.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Why?"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                f"default_{field}": [fields.Command.set(records.ids)],
                "default_action": action,
            },
        }

    def action_apply(self):
        """Do it, with the reason.

        :raise AccessError: when the user is no operator
        """
        self.ensure_one()
        if self.action == "ignore":
            self.line_ids._ignore(self.reason)
            return {"type": "ir.actions.act_window_close"}
        done = self.mapping_ids._intervene(self.action, self.reason)
        report = self.mapping_ids._report(done)
        report["params"]["next"] = {"type": "ir.actions.act_window_close"}
        return report
