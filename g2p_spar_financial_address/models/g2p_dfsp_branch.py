from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..toolkit.value_checks import check_parts


class G2pDfspBranch(models.Model):
    """A branch of a bank."""

    _name = "g2p.dfsp.branch"
    _description = "Bank branch"
    _inherit = ["g2p.fa.decisive.directory"]
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
        check_parts(self, ("name", "code"))

    def write(self, vals):
        if "dfsp_id" in vals:
            self._check_bank_unused(vals["dfsp_id"])
        for branches, values in self._held_back(vals):
            super(G2pDfspBranch, branches).write(values)
            branches._resync_rewritten(values)
        return True

    @api.model
    def _decisive_names(self):
        return {"name", "code"}

    def _decisive_addresses(self):
        return Domain("branch_id", "in", self.ids)

    @api.model
    def _decisive_by_place(self, dfsp, branch):
        return branch

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
