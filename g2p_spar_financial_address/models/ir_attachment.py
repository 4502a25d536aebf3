from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..const import PROOFS

ADDRESS = "g2p.financial.address"


class IrAttachment(models.Model):
    """The file of a proof is reached through its address only, which logs it.

    A file of a message in a trail stays as it is, like the message.
    """

    _inherit = "ir.attachment"

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if self.env.su or not self:
            return result
        forbidden, error = result or (self.browse(), None)
        if proofs := self._spar_proofs() - forbidden:
            forbidden, error = forbidden + proofs, error or self._refuse_proof
        if operation in ("write", "unlink"):
            messages, kept = self._spar_of_trails()
            if kept := kept - forbidden:
                forbidden, error = forbidden + kept, error or messages._trail_is_kept
        return (forbidden, error) if forbidden else None

    def _spar_of_trails(self):
        """Return the messages of trails that these files are a part of, and those."""
        messages = self.env["mail.message"].sudo()
        found = messages.search([("attachment_ids", "in", self.ids)])
        said = found.filtered(lambda one: one._spar_is_audited(one.model))
        return messages, (said.attachment_ids & self.sudo()).with_env(self.env)

    def _spar_proofs(self):
        """Return those of these files that are proofs of addresses."""
        proofs = self.sudo().filtered(
            lambda one: one.res_field in PROOFS and one.res_model == ADDRESS
        )
        return proofs.with_env(self.env)

    # The registry writes a proof with its address, in superuser mode.

    @api.model_create_multi
    def create(self, vals_list):
        files = super().create(vals_list)
        files._spar_after_write()
        return files

    def write(self, vals):
        result = super().write(vals)
        if {"datas", "index_content", "raw", "res_field", "res_model"} & vals.keys():
            self._spar_after_write()
        return result

    def _spar_after_write(self):
        """Keep the text of a proof out of the index, and refuse proofs users make.

        :raise AccessError: outside superuser mode
        """
        proofs = self._spar_proofs()
        if proofs and not self.env.su:
            raise self._refuse_proof()
        indexed = proofs.filtered("index_content")
        if indexed:
            indexed.index_content = False

    def _refuse_proof(self):
        return AccessError(
            self.env._(
                "A proof is opened at its payment address, where that is logged."
            )
        )

    def _search(self, domain, *args, bypass_access=False, **options):
        if not self.env.su and not bypass_access:
            domain = Domain(domain)
            # Odoo searches with all rights, and then leaves out files.
            self._check_named_fields(domain)
            names = {condition.field_expr for condition in domain.iter_conditions()}
            # Otherwise Odoo itself leaves out the files of fields.
            named = {"id", "res_field"} & names
            if named or self.env.context.get("skip_res_field_check"):
                domain &= Domain("res_field", "not in", PROOFS) | Domain(
                    "res_model", "!=", ADDRESS
                )
        return super()._search(domain, *args, bypass_access=bypass_access, **options)
