from odoo import api, fields, models


class G2pSparOfCompany(models.AbstractModel):
    """A row about a registrant that is appended and stays with the company of then.

    The engine's SQL sets the company, too. Mappings and differences have none: they
    follow the registrant, and a stored company would wait for the engine's locks.
    """

    _name = "g2p.spar.of.company"
    _description = "Row of a company"

    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        ondelete="restrict",
        help="The registrant's when this was written; empty for those of all.",
    )

    @api.depends("mapping_id")
    def _compute_company_id(self):
        for row in self:
            row.company_id = row.mapping_id.sudo().partner_id.company_id
