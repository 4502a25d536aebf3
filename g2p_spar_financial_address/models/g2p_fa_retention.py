from odoo import api, models

from ..toolkit.retention import DIALOG, Kept

AS_SET = "as many days after its end as the payment settings say"
REMOVED = "the payment data of the registrant is removed"


class G2pFaRetention(models.AbstractModel):
    """What the suite keeps of a registrant, how long, and which job erases it.

    One row for every stored model of the suite; each addon adds its own. Erasing it
    leaves the evidence: who did what and when, with masked numbers.
    """

    _name = "g2p.fa.retention"
    _description = "Retention of payment data"

    @api.model
    def _retention_rows(self):
        """Return the rows of the models that are installed.

        :rtype: list[~..toolkit.retention.Kept]
        """
        return [
            Kept(
                "g2p.financial.address",
                "the number, the holder's name, the payee's name, relation and ID "
                "number, the mandate and its end, the proof",
                f"in use: until it ends; ended or refused: {AS_SET}; incomplete: as "
                "many days without an edit",
                "g2p.financial.address._cron_erase",
                ("partner_id",),
                ("fingerprint",),
            ),
            Kept(
                "res.partner",
                "the SPAR ID, also one kept from before",
                REMOVED,
                "res.partner._cron_remove_payment_data",
                ("id",),
                ("spar_id_likeness",),
            ),
            Kept(
                "g2p.fa.proposal.line",
                "values before and after a change that decides who is paid",
                REMOVED,
                "g2p.fa.proposal.line._forget",
                ("res_id",),
                ("old_id_print",),
            ),
            Kept(
                "g2p.fa.proposal",
                "the registrant's name",
                REMOVED,
                "g2p.fa.proposal.line._forget",
            ),
            Kept(
                "g2p.fa.sharing",
                "the masked number and a keyed hash of a shared account",
                "the last address with this number is erased",
                "g2p.fa.sharing._drop_unused",
                ("address_ids.partner_id", "partner_ids"),
                ("fingerprint",),
            ),
            Kept(
                "g2p.fa.merge",
                "the SPAR IDs of two registrants who are one person",
                REMOVED,
                "g2p.fa.merge._forget",
                ("kept_id", "duplicate_id"),
                ("people_print",),
            ),
            Kept(
                "g2p.fa.number.lock",
                "a keyed hash of a number that was entered",
                "a day",
                "g2p.fa.number.lock._gc_fingerprint_locks",
            ),
            Kept(
                "g2p.fa.confirmation",
                "when an address was to be confirmed, and why",
                paths=("address_id.partner_id",),
            ),
            Kept(
                "g2p.fa.reveal",
                "which masked number was shown to whom",
                paths=("partner_id",),
            ),
            Kept(
                "base_import.import",
                "a file of addresses or contacts",
                "all of it is imported, or an hour",
                "base_import.import._cron_forget_files",
            ),
            Kept("g2p.dfsp"),
            Kept("g2p.dfsp.branch"),
            Kept("g2p.dfsp.import", until=DIALOG),
            Kept("g2p.dfsp.import.line", until=DIALOG),
            Kept("g2p.fa.decision", until=DIALOG),
            Kept(
                "g2p.fa.import.row",
                "what a row of a checked file would change, masked",
                DIALOG,
            ),
            Kept("g2p.fa.policy"),
            Kept("g2p.fa.settings"),
            Kept("g2p.fa.sharing.accept", until=DIALOG),
            Kept("g2p.fa.strategy"),
            Kept("g2p.fa.subject", "which registrant's data was asked for", DIALOG),
        ]

    @api.model
    def _domain_of(self, row, partners):
        """Return which records of a row's model are about these, as a domain."""
        if row.paths == ("res_id",):
            return [("res_model", "=", partners._name), ("res_id", "in", partners.ids)]
        return ["|"] * (len(row.paths) - 1) + [
            (path, "in", partners.ids) for path in row.paths
        ]
