from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.const import (
    PAYEE_FIELDS,
    TO_CONFIRM,
    VALUE_FIELD,
)
from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note


class G2pFaBulkLine(models.Model):
    """One address of a bulk amendment, and its result."""

    _name = "g2p.fa.bulk.line"
    _description = "Address of a bulk amendment"
    _order = "id"

    bulk_id = fields.Many2one(
        "g2p.fa.bulk", required=True, readonly=True, ondelete="cascade"
    )
    address_id = fields.Many2one(
        "g2p.financial.address",
        string="Payment address",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    new_address_id = fields.Many2one(
        "g2p.financial.address",
        string="New address",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    state = fields.Selection(
        [
            ("open", "To do"),
            ("changed", "Amended"),
            ("waiting", "Waiting for approval"),
            ("refused", "Not amended"),
        ],
        required=True,
        default="open",
        readonly=True,
    )
    message = Note("Why not", masks=True, readonly=True)

    _once = models.Constraint(
        "UNIQUE(bulk_id, address_id)", "This address is in the list already."
    )
    _of_bulk = models.Index("(bulk_id, state, id)")

    def _amend(self):
        """Amend these addresses, except those that were changed since the start."""
        current = self.filtered(
            lambda line: line.sudo().address_id.state == "effective"
        )
        gone = self - current
        gone._note("refused", self.env._("The address has changed since."))
        seen = current._filtered_access("read")
        (current - seen)._note(
            "refused",
            self.env._(
                "The user who started this may not see the registrant any more."
            ),
        )
        # What waits was asked for on its own: it would be replaced without a decision.
        waiting = self.env["g2p.financial.address"].pending_of(seen.partner_id)
        asked = seen.filtered(lambda line: line.partner_id in waiting.partner_id)
        asked._note(
            "refused",
            self.env._(
                "Another address of this registrant waits for a second person. Have "
                "that decided first."
            ),
        )
        (seen - asked)._enter()

    def _enter(self):
        """Enter the new addresses together; halve the batch when one is refused."""
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                addresses = self.env["g2p.financial.address"].submit(
                    [line._entry() for line in self],
                    "admin",
                    self._origins(),
                )
                addresses.flush_recordset()
        except UserError as problem:
            if len(self) == 1:
                self._note("refused", str(problem))
                return
            half = len(self) // 2
            self[:half]._enter()
            self[half:]._enter()
            return
        for line, address in zip(self, addresses, strict=True):
            waits = address.sudo().state == "to_approve"
            line.sudo().new_address_id = address
            line._note("waiting" if waits else "changed", False)

    def _entry(self):
        """Return the new address as an entry: the old one's, at the new provider."""
        old, bulk = self.sudo().address_id, self.sudo().bulk_id
        return {
            "partner_id": old.partner_id.id,
            "fa_type": old.fa_type,
            "dfsp_id": bulk.to_dfsp_id.id,
            "branch_id": self._branch(old, bulk).id,
            VALUE_FIELD[old.fa_type]: old.whole_number(),
            "holder_name": old.holder_name,
            **{name: old[name] for name in PAYEE_FIELDS},
            "reason": bulk.reason,
        }

    def _origins(self):
        """Return the origin of each: who is no second person for these addresses.

        Only the provider changes: the registrant has confirmed nothing.
        """
        bulk = self.sudo().bulk_id
        # Those made before the authors were noted.
        authors = bulk.author_ids | bulk.create_uid | bulk.requester_id
        names = ("confirmed_on", *TO_CONFIRM)
        return [
            {
                "author_ids": [fields.Command.set(authors.ids)],
                **{name: line.sudo().address_id[name] for name in names},
            }
            for line in self
        ]

    def _branch(self, old, bulk):
        """Return the chosen branch, or the new provider's with the same code.

        :raise UserError: when the address would lose its branch
        """
        if bulk.to_branch_id or not old.branch_id:
            return bulk.to_branch_id
        branches = bulk.to_dfsp_id.branch_ids
        same = branches.filtered(lambda branch: branch.code == old.branch_id.code)
        if branches and not same:
            raise UserError(
                self.env._(
                    "%(bank)s has no branch with the code %(code)s. Choose the branch.",
                    bank=bulk.to_dfsp_id.name,
                    code=old.branch_id.code,
                )
            )
        return same

    def _note(self, state, message):
        self.sudo().write({"state": state, "message": message})
