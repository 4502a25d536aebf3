from odoo import models
from odoo.exceptions import AccessError
from odoo.fields import Domain

ADDRESS, PROOF = "g2p.financial.address", "proof"


class IrAttachment(models.Model):
    """The file of a proof is reached through its address only, which logs it."""

    _inherit = "ir.attachment"

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if self.env.su or not self:
            return result
        forbidden, error = result or (self.browse(), None)
        proofs = self.sudo().filtered(
            lambda one: one.res_field == PROOF and one.res_model == ADDRESS
        )
        proofs = proofs.with_env(self.env) - forbidden
        if not proofs:
            return result
        return forbidden + proofs, error or self._refuse_proof

    def _refuse_proof(self):
        return AccessError(
            self.env._(
                "A proof is opened at its payment address, where that is logged."
            )
        )

    def _search(self, domain, *args, bypass_access=False, **options):
        if not self.env.su and not bypass_access:
            domain = Domain(domain)
            names = {condition.field_expr for condition in domain.iter_conditions()}
            # Otherwise Odoo itself leaves out the files of fields.
            named = {"id", "res_field"} & names
            if named or self.env.context.get("skip_res_field_check"):
                domain &= Domain("res_field", "!=", PROOF) | Domain(
                    "res_model", "!=", ADDRESS
                )
        return super()._search(domain, *args, bypass_access=bypass_access, **options)
