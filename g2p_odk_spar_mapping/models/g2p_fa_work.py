from odoo import api, models

SET_ASIDE = [("state", "=", "set_aside")]


class G2pFaWork(models.AbstractModel):
    _inherit = "g2p.fa.work"

    @api.private
    @api.model
    def entries(self):
        set_aside = self.entry(
            "odk_set_aside",
            self.env._("Submissions from ODK are set aside: they could not be used."),
            self.env._("Correct"),
            "g2p.odk.submission",
            SET_ASIDE,
            "g2p_odk_spar_mapping.g2p_odk_submission_trouble_action",
        )
        return [*super().entries(), *([set_aside] if set_aside else [])]
