from odoo import api, models

from odoo.addons.g2p_spar_financial_address.toolkit.retention import DIALOG, Kept


class G2pFaRetention(models.AbstractModel):
    _inherit = "g2p.fa.retention"

    @api.model
    def _retention_rows(self):
        return super()._retention_rows() + [
            Kept(
                "g2p.spar.mapping",
                "the SPAR ID that is linked, a keyed hash of what SPAR holds",
                "SPAR has no row of the registrant any more",
                "res.partner._cron_remove_payment_data",
                ("partner_id",),
                ("held_digest",),
            ),
            Kept(
                "g2p.spar.change",
                "when which address was sent, the SPAR ID it was entered for",
                "the payment data of the registrant is removed",
                "res.partner._cron_remove_payment_data",
                ("mapping_id.partner_id",),
            ),
            Kept(
                "g2p.spar.attempt",
                "when sending failed, and why",
                "90 days",
                "g2p.spar.attempt._gc_attempts",
                ("mapping_id.partner_id",),
            ),
            Kept("g2p.spar.capture", "a counter", paths=("partner_id",)),
            Kept(
                "g2p.spar.job",
                "which records a job in the background is about",
                "it has run",
                "g2p.spar.job._cron_run",
            ),
            Kept(
                "g2p.spar.intervention",
                "what an operator did",
                paths=("mapping_id.partner_id",),
            ),
            Kept(
                "g2p.spar.reading",
                "the masked number at SPAR, a keyed hash of it",
                "the next query; until the payment data is removed",
                "res.partner._cron_remove_payment_data",
                ("partner_id",),
                ("seen", "asker"),
            ),
            Kept(
                "g2p.spar.reconciliation.line",
                "the SPAR ID and the masked number at SPAR, a keyed hash of it",
                "the payment data of the registrant is removed",
                "res.partner._cron_remove_payment_data",
                ("mapping_id.partner_id",),
                ("seen",),
            ),
            Kept(
                "g2p.spar.sending",
                "the SPAR IDs of a request whose answer is not known",
                "its outcome is known",
            ),
            Kept("g2p.spar.connection"),
            Kept("g2p.spar.directory.refresh", until=DIALOG),
            Kept("g2p.spar.intervene", until=DIALOG),
            Kept("g2p.spar.key"),
            Kept("g2p.spar.key.generate", until=DIALOG),
            Kept("g2p.spar.reconciliation"),
        ]
