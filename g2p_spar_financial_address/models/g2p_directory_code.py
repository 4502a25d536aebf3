"""Codes of providers and branches: in the one normal form, however they come in.

SPAR is sent codes, and reads them letter by letter. A code that is stored already in
other characters stays until a person changes it: it may be what SPAR knows.
"""

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..values import identifiers


def _cleaned(records, vals):
    code = vals.get("code")
    if not code or (records and all(record.code == code for record in records)):
        return vals
    return {**vals, "code": identifiers.normal(code)}


def _have_twins(records, scope):
    """Return whether others have these codes in other characters.

    The database takes the two for different codes. What is not stored is not looked at.

    :param str scope: the field among whose records a code is unique
    """
    ids = records._origin.ids
    if not ids:
        return False
    values = [one._convert_to_write({scope: one[scope]})[scope] for one in records]
    domain = Domain(scope, "in", values) & Domain("id", "not in", ids)
    others = records.browse().sudo().with_context(active_test=False)
    others = others.search_fetch(domain, ["code", scope])
    taken = {(one[scope], identifiers.normal(one.code)) for one in others}
    return any((one[scope], identifiers.normal(one.code)) in taken for one in records)


class G2pDfsp(models.Model):
    _inherit = "g2p.dfsp"

    @api.constrains("fa_type", "code")
    def _check_code_alone(self):
        if _have_twins(self, "fa_type"):
            raise ValidationError(
                self.env._("There is already a provider of this type with this code.")
            )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([_cleaned(self, vals) for vals in vals_list])

    def write(self, vals):
        return super().write(_cleaned(self, vals))


class G2pDfspBranch(models.Model):
    _inherit = "g2p.dfsp.branch"

    @api.constrains("dfsp_id", "code")
    def _check_code_alone(self):
        if _have_twins(self, "dfsp_id"):
            raise ValidationError(
                self.env._("This bank already has a branch with this code.")
            )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([_cleaned(self, vals) for vals in vals_list])

    def write(self, vals):
        return super().write(_cleaned(self, vals))
