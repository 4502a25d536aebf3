from odoo import fields, models


class G2pDfspImport(models.TransientModel):
    _inherit = "g2p.dfsp.import"

    #: What there is to say of a directory that came from SPAR.
    spar_notice = fields.Text(readonly=True)

    def action_back(self):
        self.spar_notice = False
        return super().action_back()
