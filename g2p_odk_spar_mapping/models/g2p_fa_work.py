from odoo import api, models

from odoo.addons.g2p_spar_financial_address.const import EDITOR

SET_ASIDE = [("state", "=", "set_aside")]


class G2pFaWork(models.AbstractModel):
    _inherit = "g2p.fa.work"

    @api.private
    @api.model
    def kinds(self):
        return [
            *super().kinds(),
            {
                "name": "odk_set_aside",
                "text": self.env._(
                    "Submissions from ODK are set aside: they could not be used."
                ),
                "button": self.env._("Correct"),
                "model": "g2p.odk.submission",
                "domain": SET_ASIDE,
                "action": "g2p_odk_spar_mapping.g2p_odk_submission_trouble_action",
                "role": EDITOR,
            },
        ]
