import re
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

#: The steps people fill in, in order; the last one only shows what was typed.
FORM_STEPS = ("identity", "contact", "payment")
STEPS = (*FORM_STEPS, "review")

#: Registrations one agent may have open at once.
MAX_OPEN = 50

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{32}")

#: Rows the daily clean-up deals with in one transaction.
GC_CHUNK = 1000


class G2pPortalRegistration(models.Model):
    """One person an agent is registering, and everything typed so far.

    What was typed is kept as it was typed, also when it is wrong: an agent may go back,
    or lose the network, at any moment. Nobody reads it but the agent, through the
    portal, and it is erased as soon as the registration is over.

    This file holds how a registration begins, is kept and ends without a registrant.
    Next to it: ``_check`` (what is right at which step) and ``_finish`` (how it becomes
    a registrant with a payment address).
    """

    _name = "g2p.portal.registration"
    _description = "Registration on the portal"
    _order = "last_activity desc, id desc"

    reference = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        default=lambda self: secrets.token_urlsafe(24),
        help="Names it in addresses of pages; it tells nothing and cannot be guessed.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Field agent",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        ondelete="cascade",
    )
    state = fields.Selection(
        [
            ("open", "Unfinished"),
            ("finished", "Finished"),
            ("discarded", "Discarded"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="open",
    )
    step = fields.Selection(
        [
            ("identity", "Identity"),
            ("contact", "Contact"),
            ("payment", "Payment"),
            ("review", "Review"),
        ],
        string="Step reached",
        required=True,
        readonly=True,
        copy=False,
        default="identity",
    )
    typed = fields.Json(
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="What was typed, by step and field.",
    )
    problems = fields.Json(
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="What was wrong when the agent wanted to go on, by step and field.",
    )
    revision = fields.Integer(
        readonly=True,
        copy=False,
        help="Counts what was saved, so that only what was looked at is submitted.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    last_activity = fields.Datetime(
        required=True, readonly=True, copy=False, default=fields.Datetime.now
    )

    _reference_unique = models.UniqueIndex("(reference)")
    _to_clean_up = models.Index("(last_activity)")

    # === BEGINNING AND FINDING === #

    @api.model
    def _begin(self):
        """Begin to register somebody, as the current user.

        :rtype: G2pPortalRegistration
        :raise UserError: when this agent has too many unfinished ones
        """
        if self._count_open() >= MAX_OPEN:
            raise UserError(
                self.env._(
                    "You have %(limit)s unfinished registrations. Finish or discard "
                    "one before you begin another.",
                    limit=MAX_OPEN,
                )
            )
        return self.sudo().create({"user_id": self.env.uid})

    @api.model
    def _find_own(self, reference):
        """Return the current user's registration with this reference, or none.

        The owner is part of the question: whoever else knows a reference finds nothing.

        :param str reference: as it stands in the address of the page
        """
        if not _REFERENCE.fullmatch(reference):
            return self.sudo().browse()
        own = [("user_id", "=", self.env.uid), ("reference", "=", reference)]
        return self.sudo().search(own, limit=1)

    @api.model
    def _find_open(self):
        """Return what the current user has not finished, the newest first."""
        return self.sudo().search(self._own_open_domain())

    @api.model
    def _count_open(self):
        """Return how many the current user has not finished."""
        return self.sudo().search_count(self._own_open_domain())

    @api.model
    def _own_open_domain(self):
        return [("user_id", "=", self.env.uid), ("state", "=", "open")]

    # === WHAT WAS TYPED === #

    def _values(self, step):
        """Return what was typed at a step, by field.

        :param str step: one of :data:`FORM_STEPS`
        :rtype: dict
        """
        self.ensure_one()
        return dict((self.typed or {}).get(step) or {})

    def _is_filled(self, step):
        """Return whether somebody has saved this step, whatever was typed."""
        self.ensure_one()
        return step in (self.typed or {})

    def _save(self, step, values):
        """Keep what was typed at a step, right or wrong.

        :param str step: one of :data:`FORM_STEPS`
        :param dict values: texts by field
        """
        self.ensure_one()
        self._write_open(
            typed={**(self.typed or {}), step: values},
            problems=False,
            revision=self.revision + 1,
        )

    def _go_to(self, step):
        """Remember where the agent is, for when they come back.

        :param str step: one of :data:`STEPS`
        """
        self._write_open(step=step)

    def _set_problems(self, step, problems):
        """Lead the agent to what is wrong.

        :param str step: where it was typed
        :param dict problems: a message by field
        """
        self._write_open(step=step, problems={step: problems})

    def _shown_problems(self, step):
        """Return what was wrong when the agent last wanted to leave this step.

        :rtype: dict
        """
        self.ensure_one()
        return dict((self.problems or {}).get(step) or {})

    def _write_open(self, **values):
        """Write on these while they are unfinished; what is over stays as it is."""
        open_ones = self.filtered(lambda one: one.state == "open")
        open_ones.write({**values, "last_activity": fields.Datetime.now()})

    # === HOW IT IS SHOWN === #

    def _path(self, page=None):
        """Return the address of a page of this registration.

        :param str page: a step or ``discard``; without it, where the agent was
        """
        self.ensure_one()
        return f"/my/register/{self.reference}/{page or self.step}"

    def _step_label(self, step=None):
        """Return what a step is called; without one, where the agent was."""
        labels = dict(self._fields["step"]._description_selection(self.env))
        return labels[step or self.step]

    def _step_number(self, step=None):
        """Return which step this is, from one; without one, where the agent was."""
        return STEPS.index(step or self.step) + 1

    def _typed_name(self):
        """Return the name as far as it was typed."""
        typed = self._values("identity")
        names = self.env["res.partner"]._portal_name_fields()
        return " ".join(typed[name] for name in names if typed.get(name))

    # === ENDING === #

    def _close(self, state, partner=None):
        """End these and forget what was typed.

        :param str state: ``finished`` or ``discarded``
        :param partner: the registrant that was made, if any
        """
        self._write_open(
            state=state,
            partner_id=partner.id if partner else False,
            typed=False,
            problems=False,
        )

    @api.autovacuum
    def _gc_expired(self):
        """Discard what nobody went on with, and forget what ended as long ago.

        A finished one is kept for a while, because an agent with a poor network may
        send it once more and has to be led to the person then.

        :return: how many were dealt with, and whether there may be more
        :rtype: tuple
        """
        days = self.env["g2p.fa.settings"]._values()["registration_days"]
        before = fields.Datetime.now() - timedelta(days=days)
        idle = self.sudo().search(
            [("last_activity", "<", before)], order="last_activity", limit=GC_CHUNK
        )
        unfinished = idle.filtered(lambda one: one.state == "open")
        unfinished._close("discarded")
        (idle - unfinished).unlink()
        return len(idle), len(idle) == GC_CHUNK
