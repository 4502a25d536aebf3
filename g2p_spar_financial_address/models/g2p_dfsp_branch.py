from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import address_values
from ..marks import TOLD_BY_CALLER, is_marked


class G2pDfspBranch(models.Model):
    """A branch of a bank."""

    _name = "g2p.dfsp.branch"
    _description = "Bank branch"
    _rec_names_search = ["name", "code"]
    _order = "dfsp_id, name"

    name = fields.Char(required=True)
    code = fields.Char(required=True, help="The branch's code at SPAR.")
    dfsp_id = fields.Many2one(
        "g2p.dfsp", string="Bank", required=True, index=True, ondelete="cascade"
    )
    active = fields.Boolean(default=True)

    _code_unique = models.Constraint(
        "UNIQUE(dfsp_id, code)", "This bank already has a branch with this code."
    )

    @api.constrains("name", "code")
    def _check_parts(self):
        address_values.check_parts(self, ("name", "code"))

    def write(self, vals):
        if "dfsp_id" in vals:
            self._check_bank_unused(vals["dfsp_id"])
        result = super().write(vals)
        told = is_marked(self, TOLD_BY_CALLER)
        if {"name", "code"} & vals.keys() and not told:
            self.env["g2p.financial.address"]._rewritten(
                [("branch_id", "in", self.ids)]
            )
        return result

    def _check_bank_unused(self, bank):
        """Refuse another bank once addresses were entered at this branch."""
        others = self.filtered(lambda branch: branch.dfsp_id.id != bank)
        if (
            self.env["g2p.financial.address"]
            .sudo()
            .search_count([("branch_id", "in", others.ids)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "There are payment addresses at this branch. Archive it, and "
                    "enter it anew at the other bank."
                )
            )
