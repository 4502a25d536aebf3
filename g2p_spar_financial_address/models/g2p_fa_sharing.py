from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..const import APPROVER, FA_TYPES, LIVE_STATES
from ..toolkit.context_flags import quiet
from ..toolkit.note_field import Note
from ..toolkit.value_checks import describe


class G2pFaSharing(models.Model):
    """One account or wallet at which several registrants are paid.

    An approver checks it: a household may share a phone, strangers should not. What is
    accepted applies to these registrants only; if another one is added, the number must
    be accepted again.
    """

    _name = "g2p.fa.sharing"
    _description = "Shared payment address"
    _inherit = ["g2p.fa.audited"]
    _order = "id desc"

    fingerprint = fields.Char(required=True, readonly=True, groups=fields.NO_ACCESS)
    fa_type = fields.Selection(FA_TYPES, string="Type", required=True, readonly=True)
    dfsp_id = fields.Many2one("g2p.dfsp", string="Provider", readonly=True)
    masked = fields.Char("Number", readonly=True)
    address_ids = fields.One2many(
        "g2p.financial.address",
        "sharing_id",
        string="Payment addresses",
        readonly=True,
    )
    registrant_count = fields.Integer(
        "Registrants", compute="_compute_registrant_count", help="Who is paid there."
    )
    partner_ids = fields.Many2many(
        "res.partner",
        string="Accepted for",
        readonly=True,
        help="The registrants for whom sharing it was accepted.",
    )
    state = fields.Selection(
        [("review", "To review"), ("accepted", "Accepted")],
        required=True,
        default="review",
        readonly=True,
        tracking=True,
    )
    reason = Note(readonly=True, tracking=True)
    _to_review = models.Index("(id) WHERE state = 'review'")
    reviewed_by_id = fields.Many2one("res.users", string="Reviewed by", readonly=True)
    reviewed_date = fields.Datetime("Reviewed on", readonly=True)
    reviewer_ids = fields.Many2many(
        "res.users",
        string="Accepted by",
        readonly=True,
        help="All who accepted registrants, also before the last review.",
    )

    _fingerprint_unique = models.Constraint(
        "UNIQUE(fingerprint)", "This shared address is listed already."
    )

    # === COMPUTE METHODS === #

    @api.depends("fa_type", "dfsp_id", "masked")
    def _compute_display_name(self):
        for sharing in self:
            sharing.display_name = describe(sharing)

    @api.depends_context("uid")
    @api.depends("address_ids.state")
    def _compute_registrant_count(self):
        live = [
            ("sharing_id", "in", self.ids),
            ("state", "in", LIVE_STATES),
        ]
        counts = dict(
            self.env["g2p.financial.address"]._read_group(
                live, ["sharing_id"], ["partner_id:count_distinct"]
            )
        )
        for sharing in self:
            sharing.registrant_count = counts.get(sharing, 0)

    # === BUSINESS METHODS === #

    @api.model
    def _for_numbers(self, addresses):
        """Return the rows of these addresses' numbers; missing ones are created."""
        one_each = {address.fingerprint: address for address in addresses}
        known = self.sudo().search([("fingerprint", "in", list(one_each))])
        for fingerprint in known.mapped("fingerprint"):
            del one_each[fingerprint]
        return known | quiet(self.sudo()).create(
            [
                {
                    "fingerprint": fingerprint,
                    "fa_type": address.fa_type,
                    "dfsp_id": address.dfsp_id.id,
                    "masked": address.masked,
                }
                for fingerprint, address in one_each.items()
            ]
        )

    def _covers(self, partners, address):
        """Return whether a second person accepted these registrants on this number.

        An acceptance by an author of the address does not count.
        """
        accepted = partners <= self.partner_ids
        return accepted and not self._reviewers() & address._authors()

    def _reviewers(self):
        # Who accepted which of them is not kept: it may have been any of these.
        return self.reviewer_ids | self.reviewed_by_id

    def _to_review(self):
        self.filtered(lambda sharing: sharing.state != "review").write(
            {"state": "review"}
        )

    def _live_addresses(self):
        return self.address_ids.filtered(lambda address: address.state in LIVE_STATES)

    def _accept_for(self, partners, reason):
        self.write(
            {
                "partner_ids": [Command.link(partner.id) for partner in partners],
                "reason": reason,
                "reviewer_ids": [Command.set((self._reviewers() | self.env.user).ids)],
                "reviewed_by_id": self.env.uid,
                "reviewed_date": fields.Datetime.now(),
            }
        )
        if self._live_addresses().partner_id <= self.partner_ids:
            self.state = "accepted"

    def _approved(self):
        """Accept the registrants paid there now: an approver has just seen them."""
        for sharing in self.filtered(lambda one: one.state == "review"):
            live = sharing._live_addresses()
            if not live.sudo(False).has_access("read"):
                # One of them is of another company, whose approvers look at it.
                continue
            users = live.partner_id
            sharing._accept_for(users, self.env._("Approved with the address."))

    def _forget(self, partners):
        """Remove these registrants from the rows on which they were accepted."""
        rows = self.search([("partner_ids", "in", partners.ids)])
        rows.partner_ids -= partners
        rows._drop_unused()

    def _drop_unused(self):
        """Delete the rows without addresses, and with them the numbers' hashes."""
        self.filtered(lambda sharing: not sharing.address_ids).unlink()

    # === ACTION METHODS === #

    def action_accept(self, reason, partner_ids=None):
        """Accept that these registrants share this account or wallet.

        :param str reason: kept with it; required
        :param list partner_ids: ids of registrants beyond those paid there now
        :raise AccessError: for users who are not approvers, or who may not see all
            registrants paid there
        :raise UserError: without a reason, or if the user entered one of the addresses
        """
        self._check_approver()
        self.check_access("read")
        more = self.env["res.partner"].browse(partner_ids or []).exists()
        more.check_access("read")
        for sharing in self.sudo():
            live = sharing._live_addresses()
            # Users of one company do not accept for another.
            live.with_env(self.env).check_access("read")
            note = live.with_env(self.env)._cleaned_text(reason, self._fields["reason"])
            if not note:
                raise UserError(
                    self.env._("Say why: the reason is kept in the history.")
                )
            if any(self.env.user in address._authors() for address in live):
                raise UserError(
                    self.env._(
                        "You entered one of these addresses yourself. A second person "
                        "must look at it."
                    )
                )
            sharing._accept_for(live.partner_id | more, note)

    @api.model
    def _check_approver(self):
        if not self.env.user.has_group(APPROVER):
            raise AccessError(
                self.env._("Only an approver may accept a shared payment address.")
            )

    def action_ask_reason(self):
        """Open the dialog that asks why this is accepted."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accept as shared"),
            "res_model": "g2p.fa.sharing.accept",
            "view_mode": "form",
            "target": "new",
            "context": {"default_sharing_ids": self.ids},
        }
