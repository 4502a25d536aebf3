from odoo import models

from ..const import PROOFS


class IrBinary(models.AbstractModel):
    _inherit = "ir.binary"

    def _record_to_stream(self, record, field_name):
        """Download the proof of an address through the method that logs it.

        :raise AccessError: for the file of a proof itself, also with a token
        """
        if record._name == "ir.attachment" and record._spar_proofs():
            raise record._refuse_proof()
        if record._name == "g2p.financial.address" and field_name in PROOFS:
            record = record._open_proof(field_name)
        return super()._record_to_stream(record, field_name)
