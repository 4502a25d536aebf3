from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ..const import VALUE_FIELD
from ..transactions import in_chunks

#: Addresses erased in one transaction.
CHUNK = 1000


class G2pFinancialAddress(models.Model):
    """How long numbers are kept: the masked trace stays, the value goes."""

    _inherit = "g2p.financial.address"

    erased_date = fields.Datetime("Number erased on", readonly=True, copy=False)

    _to_erase = models.Index(
        "(end_date) WHERE state IN ('ended', 'refused') AND erased_date IS NULL"
    )

    def _erase(self):
        """Forget the numbers, the holders' names and the proofs of these.

        Only of what is over: an address in use without its number pays nobody.
        """
        over = self.sudo().filtered(lambda a: a.state in ("ended", "refused"))
        sharings = over.sharing_id
        over._inside().write(
            {
                **dict.fromkeys(VALUE_FIELD.values(), False),
                "erased_date": fields.Datetime.now(),
                "fingerprint": False,
                "holder_name": False,
                "proof": False,
                "proof_name": False,
                "sharing_id": False,
            }
        )
        sharings._drop_unused()

    @api.model
    def _cron_erase(self):
        """Erase what ended longer ago than the registry keeps numbers.

        A draft nobody touched for as long is deleted: it was never in use.
        """
        days = self.env["g2p.fa.settings"]._values()["retention_days"]
        if not days:
            return
        before = fields.Datetime.now() - relativedelta(days=days)
        ended = [
            ("state", "in", ("ended", "refused")),
            ("erased_date", "=", False),
            ("end_date", "<", before),
        ]
        drafts = [("state", "=", "draft"), ("write_date", "<", before)]
        commit = self.env["ir.cron"]._commit_progress
        Address = self.sudo()
        commit(remaining=Address.search_count(ended) + Address.search_count(drafts))
        for found, work in (
            (Address.search(ended, order="end_date"), type(self)._erase),
            (Address.search(drafts, order="id"), type(self).unlink),
        ):
            for count in in_chunks(found, CHUNK, work):
                if not commit(count):
                    return
