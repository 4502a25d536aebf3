from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import VIEWER
from ..toolkit.context_flags import APPROVED, is_marked


class ResPartner(models.Model):
    """Contacts that were merged into another one; see ``g2p.fa.merge``."""

    _inherit = "res.partner"

    merged_into_id = fields.Many2one(
        "res.partner",
        string="Merged into",
        compute="_compute_merges",
        groups=VIEWER,
        help="The registrant who stands for this duplicate.",
    )
    merge_count = fields.Integer("Merges", compute="_compute_merges", groups=VIEWER)
    merged_address_ids = fields.Many2many(
        "g2p.financial.address",
        string="Payment addresses of duplicates",
        compute="_compute_merges",
        groups=VIEWER,
    )

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_merges(self):
        Merge = self.env["g2p.fa.merge"]
        people = self._origin
        into = Merge._kept_of(people)
        duplicates = Merge._duplicates_of(people)
        for partner in self:
            one = partner._origin
            partner.merged_into_id = into.get(one)
            partner.merge_count = Merge.search_count(one._merges_domain())
            partner.merged_address_ids = self.env["g2p.financial.address"].search(
                [("partner_id", "in", duplicates.get(one, one.browse()).ids)]
            )

    def _merges_domain(self):
        return [
            ("state", "!=", "draft"),
            "|",
            ("kept_id", "in", self.ids),
            ("duplicate_id", "in", self.ids),
        ]

    # === CRUD METHODS === #

    def write(self, vals):
        if vals.get("active") and not is_marked(self, APPROVED):
            archived = self.sudo().filtered(lambda one: not one.active)
            if archived and self.env["g2p.fa.merge"]._kept_of(archived):
                raise UserError(
                    self.env._(
                        "This registrant was merged into another one. Undo the merge "
                        "instead."
                    )
                )
        return super().write(vals)

    # === ACTION METHODS === #

    def action_merge_duplicate(self):
        """Open the dialog that merges a duplicate into this registrant."""
        self.ensure_one()
        view = "g2p_spar_financial_address.g2p_fa_merge_view_dialog"
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge a duplicate"),
            "res_model": "g2p.fa.merge",
            "view_mode": "form",
            "views": [(self.env.ref(view).id, "form")],
            "target": "new",
            "context": {"default_kept_id": self.id},
        }

    def action_open_merges(self):
        """Open the merges of this registrant."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merges of %(name)s", name=self.display_name),
            "res_model": "g2p.fa.merge",
            "view_mode": "list,form",
            "domain": self._merges_domain(),
        }

    # === WHO IS THE SAME PERSON === #

    def _with_duplicates(self):
        """Return these contacts, and the duplicates that were merged into them."""
        merged = self.env["g2p.fa.merge"]._duplicates_of(self)
        return self.union(*merged.values())

    def _check_not_merged(self):
        """Refuse to enter an address for a duplicate.

        :raise UserError: with the name of the registrant who stands for it
        """
        archived = self.sudo().filtered(lambda one: not one.active)
        into = archived and self.env["g2p.fa.merge"]._kept_of(archived)
        for kept in set(into.values()) if into else ():
            raise UserError(
                self.env._(
                    "This registrant was merged into %(name)s. Enter the address "
                    "there.",
                    name=self.browse(kept.id)._spar_id_names(),
                )
            )

    def _spar_id_counts(self):
        """Return whether this person keeps an ID from others: whether they are paid.

        So does a duplicate: it has an ID of the registrant who stands for it.
        """
        if self._spar_is_paid():
            return True
        into = self.env["g2p.fa.merge"]._kept_of(self)
        return any(kept._spar_is_paid() for kept in into.values())

    @api.model
    def _spar_find(self, texts):
        found = super()._spar_find(texts)
        archived = self.browse().sudo().union(*found.values())
        archived = archived.filtered(lambda one: not one.active)
        into = archived and self.env["g2p.fa.merge"]._kept_of(archived)
        for text, people in found.items() if into else ():
            found[text] = people.browse().union(*(into.get(p, p) for p in people))
        return found

    def _spar_texts_of(self):
        texts = super()._spar_texts_of()
        for partner, merged in self.env["g2p.fa.merge"]._duplicates_of(self).items():
            for ids in super(ResPartner, merged)._spar_texts_of().values():
                texts[partner] |= ids
        return texts
