"""Names and codes of providers and branches: stored and found in one normal form.

SPAR receives them and compares codes character by character. One that is already stored
in another form stays until a user changes it, because SPAR may know that form.
"""

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..toolkit.normal_char import NormalChar
from ..values import identifiers


def _cleaned(records, vals):
    changed = [
        name
        for name in ("name", "code")
        if vals.get(name)
        and not (records and all(one[name] == vals[name] for one in records))
    ]
    return {**vals, **{name: identifiers.normal(vals[name]) for name in changed}}


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

    name = NormalChar()
    code = NormalChar()

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

    name = NormalChar()
    code = NormalChar()

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
