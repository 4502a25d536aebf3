"""Codes of providers and branches: in the one normal form, however they come in.

SPAR is sent codes, and reads them letter by letter. A code that is stored already in
other characters stays until a person changes it: it may be what SPAR knows.
"""

from odoo import api, models

from .. import spar_ids


def _cleaned(records, vals):
    code = vals.get("code")
    if not code or (records and all(record.code == code for record in records)):
        return vals
    return {**vals, "code": spar_ids.normal(code)}


class G2pDfsp(models.Model):
    _inherit = "g2p.dfsp"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([_cleaned(self, vals) for vals in vals_list])

    def write(self, vals):
        return super().write(_cleaned(self, vals))


class G2pDfspBranch(models.Model):
    _inherit = "g2p.dfsp.branch"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([_cleaned(self, vals) for vals in vals_list])

    def write(self, vals):
        return super().write(_cleaned(self, vals))
