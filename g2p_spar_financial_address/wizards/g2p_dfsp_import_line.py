from odoo import fields, models

from ..imports import directory_plan


class G2pDfspImportLine(models.TransientModel):
    """One row of a directory file: the effect of its import, or its error."""

    _name = "g2p.dfsp.import.line"
    _description = "Row of a directory file"
    _order = "is_error desc, line, id"

    import_id = fields.Many2one(
        "g2p.dfsp.import", required=True, index=True, ondelete="cascade"
    )
    line = fields.Integer()
    is_error = fields.Boolean()
    provider = fields.Char()
    branch = fields.Char()
    outcome = fields.Selection(
        [
            (directory_plan.NEW_PROVIDER, "New provider"),
            (directory_plan.CHANGED_PROVIDER, "Changed provider"),
            (directory_plan.NEW_BRANCH, "New branch"),
            (directory_plan.CHANGED_BRANCH, "Changed branch"),
            (directory_plan.UNCHANGED, "Nothing to do"),
            (directory_plan.ERROR, "Error"),
        ],
        string="What happens",
        required=True,
    )
    note = fields.Char(string="Details")
