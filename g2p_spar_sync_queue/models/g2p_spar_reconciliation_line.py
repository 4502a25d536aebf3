from odoo import api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.g2p_spar_financial_address.const import EDITOR
from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note

from ..comparison import lines
from ..comparison.take_over import take_over
from ..jobs import later
from ..live.drift import IMPORTABLE


class G2pSparReconciliationLine(models.Model):
    """One registrant of whom SPAR holds something else than we do.

    There is one undecided difference per registrant, connection and SPAR ID: a row left
    over under a former ID stays beside a difference under the present one. It belongs
    to the comparison that found it last.
    """

    _name = "g2p.spar.reconciliation.line"
    _description = "Difference from SPAR"
    _order = "id desc"

    reconciliation_id = fields.Many2one(
        "g2p.spar.reconciliation",
        string="Comparison",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    mapping_id = fields.Many2one(
        "g2p.spar.mapping", required=True, readonly=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="mapping_id.partner_id", string="Registrant")
    kind = fields.Selection(
        [
            ("ours_newer", "Ours is newer"),
            ("spar_newer", "SPAR was changed by somebody else"),
            ("unknown", "SPAR does not know this ID"),
            ("left_over", "SPAR still holds an address"),
            ("unreadable", "What SPAR holds cannot be read here"),
            ("unclear", "SPAR gave no clear answer"),
            ("unresolved", "The answer to a request is unknown"),
        ],
        string="Difference",
        required=True,
        readonly=True,
    )
    spar_id = fields.Char("SPAR ID", readonly=True)
    ours = fields.Char(compute="_compute_ours", help="The address in use here, masked.")
    masked = fields.Char("At SPAR", readonly=True)
    likeness = fields.Char(
        compute="_compute_ours",
        help="That SPAR's address differs, where both look the same when masked.",
    )
    seen = fields.Char(
        readonly=True, groups=fields.NO_ACCESS, help="Keyed hash of what SPAR held."
    )
    state = fields.Selection(
        [
            ("open", "To decide"),
            ("resent", "Ours was sent"),
            ("taking", "Being taken over"),
            ("taken", "SPAR's was taken over"),
            ("ignored", "Left as it is"),
            ("gone", "No longer differs"),
        ],
        required=True,
        default="open",
        readonly=True,
    )
    reason = Note(masks=True, readonly=True)
    decided_by_id = fields.Many2one("res.users", string="Decided by", readonly=True)

    _once = models.Constraint(
        "UNIQUE(reconciliation_id, mapping_id, spar_id)",
        "This difference is listed already.",
    )
    _one_undecided = models.UniqueIndex(
        "(mapping_id, spar_id) WHERE state IN ('open', 'taking')",
        "This difference is listed already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id.financial_address_ids.state", "kind", "masked")
    def _compute_ours(self):
        for line in self:
            address = line.partner_id.financial_address_ids.filtered(
                lambda one: one.state == "effective"
            )
            parts = address.dfsp_id.name, address.masked
            line.ours = " · ".join(part for part in parts if part)
            # Which part differs is not known: only a hash of the whole is kept.
            alike = line.kind in IMPORTABLE and line.masked == line.ours
            line.likeness = alike and self.env._("differs, though it looks the same")

    # === ACTION METHODS === #

    def action_open_person(self):
        """Open the registrant."""
        return self.ensure_one().partner_id.get_formview_action()

    def action_resend(self):
        """Send ours; what should not be at SPAR is removed there.

        :raise AccessError: when the user is no operator
        """
        open_ones = self._open()
        open_ones.mapping_id.with_env(self.env)._intervene(
            "resend", self.env._("After a comparison with SPAR")
        )
        unknown = lines.have_removed(open_ones)
        unknown.reason = self.env._(
            "This address at SPAR could not be removed: the registrant is being sent "
            "right now, or is at SPAR under another ID. Try again later, or have "
            "SPAR's operators remove it."
        )
        (open_ones - unknown)._decide("resent")

    def action_ignore(self):
        """Ask why, then leave it as it is."""
        return self.env["g2p.spar.intervene"]._ask("ignore", "line_ids", self)

    def action_take(self):
        """Have SPAR's address entered here, as if somebody had typed it.

        :raise AccessError: when the user may not send, or may not enter addresses
        """
        open_ones = self._open()
        if not self.env.user.has_group(EDITOR):
            raise AccessError(
                self.env._("Only an editor of payment addresses may take one over.")
            )
        for line in open_ones:
            line._decide("taking")
            description = self.env._("Take an address over from SPAR")
            later(line, description=description).job_take()

    # === BUSINESS METHODS === #

    def _open(self):
        self.env["g2p.spar.mapping"]._check_operator()
        self.check_access("read")
        return self.sudo().filtered(lambda line: line.state in lines.UNDECIDED)

    def _decide(self, state, reason=False):
        self.sudo().write(
            {"state": state, "reason": reason, "decided_by_id": self.env.uid}
        )

    def _ignore(self, reason):
        """Leave it as it is.

        :param str reason: why
        :raise AccessError: when the user is no operator
        """
        self._open()._decide("ignored", reason)

    @api.private
    @api.model
    def renew(self, run, differences):
        """List differences, as :func:`~..comparison.lines.renew` does."""
        return lines.renew(run, differences)

    # === JOBS === #

    @api.private
    def job_take(self):
        """Job: enter what SPAR holds, in the name of the person who decided it."""
        take_over(self)
