from odoo import api, models

from odoo.addons.g2p_spar_financial_address.toolkit.retention import DIALOG, Kept


class G2pFaRetention(models.AbstractModel):
    _inherit = "g2p.fa.retention"

    @api.model
    def _retention_rows(self):
        return super()._retention_rows() + [
            Kept(
                "g2p.odk.submission",
                "the answers, with the number",
                "the address that was made of them is erased, the payment data is "
                "removed, or the form's days after a deletion at Central are over",
                "g2p.odk.submission._erase_removed",
                ("partner_id", "address_id.partner_id"),
                ("content_hash", "payment_print"),
            ),
            Kept(
                "g2p.odk.correction",
                "what a user typed in place of an answer",
                "as the answers; with a newer correction",
                "g2p.odk.correction._forget",
                ("submission_id.partner_id", "submission_id.address_id.partner_id"),
            ),
            Kept(
                "g2p.odk.form",
                "a sample of answers, to try a mapping on",
                "24 hours",
                "g2p.odk.form._forget_samples",
                hidden=("sample_payload",),
            ),
            Kept("g2p.odk.correct", "what is typed in the dialog", DIALOG),
            Kept("g2p.odk.correct.line", "nothing after the button is pressed", DIALOG),
            Kept("g2p.odk.decision", until=DIALOG),
            Kept("g2p.odk.form.pick", until=DIALOG),
            Kept("g2p.odk.form.pick.line", until=DIALOG),
            Kept("g2p.odk.mapping.line"),
            Kept("g2p.odk.question"),
            Kept("g2p.odk.run", until="90 days", job="g2p.odk.run._forget_idle"),
            Kept("g2p.odk.server"),
        ]
