from odoo import fields, models
from odoo.exceptions import UserError

from ..csv_file import csv_content


class G2pSparReconciliation(models.Model):
    _inherit = "g2p.spar.reconciliation"

    result_file = fields.Binary("Result", compute="_compute_result_file")

    def _compute_result_file(self):
        """Store each difference and its decision in a file; numbers are masked."""
        header = [
            self.env._("Registrant"),
            self.env._("Difference"),
            self.env._("At SPAR"),
            self.env._("Decision"),
            self.env._("Reason"),
            self.env._("Decided by"),
        ]
        fields_ = self.env["g2p.spar.reconciliation.line"]._fields
        kinds = dict(fields_["kind"]._description_selection(self.env))
        states = dict(fields_["state"]._description_selection(self.env))
        for run in self:
            run.result_file = csv_content(
                header,
                (
                    [
                        line.partner_id.display_name,
                        kinds[line.kind],
                        line.masked,
                        states[line.state],
                        line.reason,
                        line.decided_by_id.name,
                    ]
                    for line in run.line_ids
                ),
            )

    def action_resume(self):
        """Continue the comparison where it was stopped; for operators.

        :raise AccessError: for other users
        :raise UserError: when another comparison with this SPAR is running
        """
        self._check_may_stop()
        for run in self.sudo().filtered(lambda run: run.state == "cancelled"):
            if self.sudo().search_count(
                [
                    ("connection_id", "=", run.connection_id.id),
                    ("state", "=", "running"),
                ],
                limit=1,
            ):
                raise UserError(
                    self.env._("A comparison with this SPAR is running already.")
                )
            run.write({"state": "running", "finished_at": False})
            run._wake_up()

    def action_download(self):
        """Download the differences."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/result_file"
            "?download=true&filename=comparison.csv",
            "target": "self",
        }
