from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..const import BANK_ACCOUNT, PAYEE_OTHER, PAYEES, VALUE_FIELD
from ..values.checks import mask
from .g2p_financial_address import EDITOR_OR_APPROVER

#: What of an address is compared, in the order in which it is shown.
COMPARED = (
    "fa_type",
    "dfsp_id",
    "branch_id",
    "masked",
    "payee",
    "payee_id_number",
    "payee_until",
    "holder_name",
)


class G2pFinancialAddress(models.Model):
    """An address beside the one it replaces: what was, and what it becomes."""

    _inherit = "g2p.financial.address"

    comparison = fields.Json(
        "Old beside new",
        compute="_compute_comparison",
        help="The address in use and the new one, with the differences marked.",
    )
    changes = fields.Char("What changes", compute="_compute_comparison")
    has_proof = fields.Boolean(compute="_compute_has_proof", groups=EDITOR_OR_APPROVER)

    # === COMPUTE METHODS === #

    @api.depends_context("uid", "lang")
    @api.depends(
        "partner_id",
        "previous_id",
        "state",
        "sharing_id",
        *(name for name in COMPARED if name != "masked"),
        "payee_name",
        "payee_relation",
        "masked",
        *VALUE_FIELD.values(),
    )
    def _compute_comparison(self):
        for address in self:
            cells = address._comparison_cells()
            changed = [cell for cell in cells if cell["changed"]]
            address.comparison = {"cells": cells, "people": address._touched_people()}
            address.changes = ", ".join(
                cell["note"] or cell["label"] for cell in changed
            )

    def _compute_has_proof(self):
        attachments = self.env["ir.attachment"].sudo()
        found = attachments.search(
            [
                ("res_model", "=", self._name),
                ("res_field", "=", "proof"),
                ("res_id", "in", self.ids),
            ]
        )
        with_proof = set(found.mapped("res_id"))
        for address in self:
            address.has_proof = address.id in with_proof

    # === BUSINESS METHODS === #

    def _comparison_cells(self):
        """Return each part of this address beside the one it replaces.

        :return: dicts with the name and label, the texts ``was`` and ``becomes``,
            whether it ``changed``, a ``note`` on that, and the addresses whose number
            can be revealed there
        :rtype: list[dict]
        """
        is_stored = bool(self._origin) and self.state != "draft"
        before = self.previous_id
        if not is_stored:
            before = before or self.partner_id.financial_address_id - self._origin
        old, new = before._texts_to_compare(), self._texts_to_compare()
        cells = []
        for name in COMPARED:
            was, becomes = old.get(name, ""), new.get(name, "")
            if was or becomes:
                label = self._fields[name]._description_string(self.env)
                cell = {
                    "name": name,
                    "label": label,
                    "was": was,
                    "becomes": becomes,
                    "changed": was != becomes,
                    "note": "",
                }
                if name == "masked":
                    cell.update(self._compared_numbers(before, cell, is_stored))
                cells.append(cell)
        return cells

    def _compared_numbers(self, before, cell, is_stored):
        """Return what the cell of the numbers has besides their masks.

        Two numbers may look the same when they are masked. Whether they are the same
        is said of stored addresses only: a person could try numbers otherwise.
        """
        more = {
            "was_id": before.id or False,
            "becomes_id": is_stored and self._origin.id,
        }
        if before and cell["was"] == cell["becomes"]:
            if not is_stored:
                return {**more, "note": self.env._("looks the same")}
            numbers = before.whole_number(), self.whole_number()
            if all(numbers) and numbers[0] != numbers[1]:
                note = self.env._("number changed")
                return {**more, "changed": True, "note": note}
        return more

    def _texts_to_compare(self):
        """Return this address in words, by the names of :data:`COMPARED`."""
        if not self:
            return {}
        labels = dict(self._fields["fa_type"]._description_selection(self.env))
        texts = {
            "fa_type": labels.get(self.fa_type, ""),
            "dfsp_id": self.dfsp_id.display_name or "",
            "masked": self._masked_as_typed(),
            "payee": self._payee_in_words(),
            "holder_name": self.holder_name or "",
        }
        if self.fa_type == BANK_ACCOUNT:
            texts["branch_id"] = self.branch_id.display_name or ""
        if self.payee == PAYEE_OTHER:
            texts["payee_until"] = (
                format_date(self.env, self.payee_until) if self.payee_until else ""
            )
            # The user's own right: the person page computes this with all rights.
            if self.sudo(False)._may_read_field("payee_id_number"):
                texts["payee_id_number"] = self.payee_id_number or ""
        return texts

    def _payee_in_words(self):
        if self.payee != PAYEE_OTHER:
            return dict(self._fields["payee"]._description_selection(self.env)).get(
                self.payee or PAYEES[0][0]
            )
        relations = self._fields["payee_relation"]._description_selection(self.env)
        relation = dict(relations).get(self.payee_relation)
        return f"{self.payee_name} ({relation})" if relation else self.payee_name or ""

    def _masked_as_typed(self):
        """Return the masked number; of one being typed, as it would be stored."""
        address = self.sudo()
        if not address.fa_type or (self._origin and self.state != "draft"):
            return address.masked or ""
        typed = address[VALUE_FIELD[address.fa_type]]
        if not typed:
            return ""
        try:
            typed = self._cleaned_value(
                address.fa_type, typed, address.dfsp_id, address.partner_id.id
            )
        except UserError:
            return mask(typed)
        return mask(typed)

    def _touched_people(self):
        """Return how many people would be paid at this number."""
        fingerprint = self.sudo().fingerprint
        if not self._origin or not self.sharing_id or not fingerprint:
            return 1
        return len(self._users_of([fingerprint])[fingerprint] | self.partner_id)
