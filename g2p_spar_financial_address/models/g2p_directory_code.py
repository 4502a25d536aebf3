"""Codes of providers and branches: stored in one normal form, from every channel.

SPAR receives codes and compares them character by character. A code that is already
stored in another form stays until a user changes it, because SPAR may know that form.
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
    """Return whether other records have codes with the same normal form.

    The unique constraint of the database does not find these. Only stored records are
    compared.

    :param records: of one model
    :param str scope: the field within whose values a code is unique
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
