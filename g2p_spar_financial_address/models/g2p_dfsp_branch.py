from odoo import fields, models


class G2pDfspBranch(models.Model):
    """A branch of a bank."""

    _name = "g2p.dfsp.branch"
    _description = "Bank branch"
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
