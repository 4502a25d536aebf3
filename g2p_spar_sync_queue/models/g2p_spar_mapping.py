from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.toolkit.moments import moment_text
from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

from ..comparison import lines
from ..engine import journal, store
from ..engine.decide import ID_SHARED, ID_TAKEN, UNWRITABLE
from ..engine.store import NEWER_CHANGE
from ..engine.sync_run import JOB_SECONDS, SyncRun
from ..live.status import DISPLAY_STATES, OPERATOR, shown_state
from ..transactions import commit_with_retry

#: Seconds after which a wake-up counts as lost, and the sweeper's time for one run.
LOST_AFTER = 30
SWEEP_SECONDS = 45
#: Shown states that a person has to end.
WAITING_FOR_PEOPLE = ("differs", "held", "paused")


class Unchecked(fields.Many2one):
    """A many2one without a foreign key in the database, which slows down each write.

    Only for records that are deleted together with those that refer to them.
    """

    def update_db_foreign_key(self, model, column):
        """Create none."""


class G2pSparMapping(models.Model):
    """Our record of one registrant's row at SPAR.

    It has the wanted state, the state last seen at SPAR, and the progress between them.
    Only the engine writes it, because it locks the row while SPAR processes a request,
    and a user who writes it would wait for that. Users append changes instead.
    """

    _name = "g2p.spar.mapping"
    _description = "Registrant at SPAR"
    _order = "id desc"

    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    change_ids = fields.One2many("g2p.spar.change", "mapping_id", string="Changes")
    state = fields.Selection(
        [
            ("due", "To send"),
            ("retrying", "Retrying"),
            ("checking", "Checking"),
            ("waiting_id", "Waiting for ID"),
            ("held", "Needs attention"),
            ("skipped", "Skipped"),
            ("in_sync", "In sync"),
            ("ended", "Ended"),
        ],
        required=True,
        default="due",
        readonly=True,
    )

    # The wanted state, and the engine's progress.
    wanted_change_id = Unchecked(
        "g2p.spar.change", readonly=True, help="The newest change taken up."
    )
    attempts = fields.Integer(
        readonly=True, help="Failed attempts since the last success or change."
    )
    next_attempt_at = fields.Datetime("Next attempt", readonly=True)
    send_group = fields.Char(
        readonly=True,
        help="A request failed as a whole. Registrants with the same label here are "
        "sent together, without others, to find the one that makes it fail.",
    )
    outcome = fields.Char("Failure class", readonly=True)
    reason_code = fields.Char("SPAR's code", readonly=True)
    request_id = fields.Char(
        "Last request", readonly=True, help="The message ID to tell SPAR's support."
    )

    recorded_sending = fields.Integer(
        readonly=True, help="The last request here of which is known what came of it."
    )
    # The unresolved request: while there is an ID here, it is resolved before anything
    # else is sent.
    sending_operation = fields.Char(readonly=True)
    sending_spar_id = fields.Char(readonly=True)

    # The state last seen at SPAR.
    linked_spar_id = fields.Char(
        "SPAR ID linked", readonly=True, help="The ID under which SPAR has a row."
    )
    # After a colon follows that of the name and phone that were sent, if any.
    held_digest = fields.Char(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="Keyed hash of what SPAR holds; empty while unknown.",
    )
    seen_at = fields.Datetime("Seen at SPAR", readonly=True)

    display_state = fields.Selection(
        DISPLAY_STATES, string="Status", compute="_compute_display_state"
    )
    sentence = fields.Char("What happens next", compute="_compute_display_state")
    next_step_at = fields.Datetime("Next attempt at", compute="_compute_display_state")
    difference_ids = fields.One2many(
        "g2p.spar.reconciliation.line", "mapping_id", string="Differences"
    )

    _one_per_registrant = models.Constraint(
        "UNIQUE(partner_id, connection_id)",
        "This registrant already has a mapping for this connection.",
    )
    # The database allows one mapping with a row or a request at SPAR for each ID. If
    # both are set, they are the same ID.
    _one_holder_per_id = models.UniqueIndex(
        "(connection_id, COALESCE(linked_spar_id, sending_spar_id))"
        " WHERE COALESCE(linked_spar_id, sending_spar_id) IS NOT NULL"
    )
    # Mappings that the engine has not finished, by the moment they are due.
    _moving = models.Index(
        "(connection_id, (COALESCE(next_attempt_at, '-infinity')))"
        " WHERE state IN ('due', 'retrying', 'checking')"
        " AND paused IS NOT TRUE"
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id")
    def _compute_display_name(self):
        for mapping in self:
            mapping.display_name = mapping.partner_id.display_name

    @api.depends_context("uid")
    @api.depends(
        "state",
        "paused",
        "next_attempt_at",
        "attempts",
        "reason_code",
        "connection_id.state",
        "connection_id.breaker_state",
        "difference_ids.state",
    )
    def _compute_display_state(self):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT m.id, %s FROM g2p_spar_mapping m
                     JOIN g2p_spar_connection k ON k.id = m.connection_id
                    WHERE m.id = ANY(%s)""",
                shown_state("m", "k"),
                list(self.ids),
            )
        )
        shown = dict(rows)
        unresolved = {}
        if "paused" in shown.values():
            unresolved = journal.unresolved_while_paused(self.env, self.ids)
        for mapping in self:
            mapping.display_state = shown.get(mapping.id, False)
            mapping.next_step_at = mapping._next_step_at()
            sentence = mapping._sentence(mapping.display_state)
            if mapping.id in unresolved:
                sentence = self.env._(
                    "%s The answer to the last request is unknown: SPAR is asked once "
                    "sending goes on.",
                    sentence,
                )
            mapping.sentence = sentence

    def _is_spar_away(self):
        return self.sudo().connection_id.breaker_state != "closed"

    def _next_step_at(self):
        """Return when the next attempt is made, for whatever shows it; or False."""
        if self.display_state != "retrying":
            return False
        if self._is_spar_away():
            return self.sudo().connection_id.breaker_until
        return self.next_attempt_at

    def _sentence(self, state):
        """Return a sentence about the state and the next step.

        :param str state: the state that is shown
        """
        self.ensure_one()
        if state == "retrying":
            return self._retrying_sentence()
        if state == "paused" and self.paused:
            return self._intervened_sentence(
                ("pause",), self.env._("Resume to send what waits.")
            )
        if state == "differs" and self.state != "skipped":
            return self.env._(
                "A comparison found something else at SPAR. Compare, and decide."
            )
        if state == "differs":
            return self._intervened_sentence(
                ("skip", "cancel"),
                self.env._("SPAR keeps what it has until the next change."),
            )
        if state == "paused":
            return self.sudo().connection_id.pause_reason or self.env._(
                "Sending has not been started."
            )
        if state == "in_sync":
            return self.env._("SPAR confirmed this on %s.", self._local(self.seen_at))
        if state == "ended":
            return self.env._("No longer paid here. Nothing is left at SPAR.")
        if state == "waiting_id":
            return self.env._("Will go to SPAR as soon as this registrant has an ID.")
        if state == "checking":
            return self.env._(
                "The last answer was lost. Checking what SPAR holds before anything "
                "is sent again."
            )
        if state == "held":
            return self._held_sentence()
        return self.env._("Saved. Being sent to SPAR.")

    def _retrying_sentence(self):
        """Return why it is tried again, and when."""
        if self._is_spar_away():
            return self.env._(
                "SPAR cannot be reached. It is asked again at %s, and then this is "
                "sent.",
                self._local(self.next_step_at),
            )
        if self.reason_code == ID_TAKEN:
            return self._taken_sentence()
        return self.env._(
            "SPAR could not take it yet. Next attempt at %(time)s "
            "(attempt %(number)s).",
            time=self._local(self.next_step_at),
            number=self.attempts + 1,
        )

    def _taken_sentence(self, for_operators=True):
        """Return for what a mapping waits whose ID another registrant still has.

        Where an operator has to act before that row goes, it names what to do.

        :param bool for_operators: whether they may be among the readers
        """
        sentence = self.env._(
            "Another registrant's address is still at SPAR under this ID. "
            "This one follows as soon as it is gone."
        )
        is_operator = for_operators and self.env.user.has_group(OPERATOR)
        former = self._former_owner() if is_operator else self.browse()
        if former.display_state not in WAITING_FOR_PEOPLE:
            return sentence
        sentence = self.env._(
            "%(sentence)s Until then, payments under this ID go to %(name)s: "
            "%(because)s",
            sentence=sentence,
            name=former.partner_id.display_name,
            because=former.sentence,
        )
        if former.display_state != "differs":
            return sentence
        return self.env._("%s “Send again” there removes it.", sentence)

    def _former_owner(self):
        """Return whose row is at SPAR under this ID, if the user may see them."""
        spar_id = self.sudo().partner_id._spar_get_id()
        holders = store.holders_of(
            self.env, self.sudo().connection_id.id, [spar_id or ""]
        )
        found = self.with_env(self.env(su=False)).browse(id_ for _id, id_ in holders)
        may_see = found.has_access("read") and found.partner_id.has_access("read")
        return found - self if may_see else self.browse()

    def _held_sentence(self):
        if self.reason_code == UNWRITABLE:
            return self.env._(
                "This address cannot be written for SPAR. Check the names and codes of "
                "its provider and branch, or amend it."
            )
        if self.reason_code == ID_SHARED:
            return self.partner_id.spar_id_shared_note or self.env._(
                "Another registrant had the same ID. Being sent to SPAR."
            )
        if self.reason_code == "rjct.id.invalid":
            cause = self.env._("SPAR does not accept this registrant's ID.")
        elif self.reason_code == "rjct.fa.invalid":
            cause = self.env._("SPAR does not accept this address.")
        else:
            cause = self.env._("SPAR refused it.")
        return self.env._("%s Correct the registrant, and it is sent again.", cause)

    def _local(self, moment):
        return moment_text(self.env, moment) if moment else ""

    # === BUSINESS METHODS === #

    def _with_newer_change(self):
        """Return the mappings with a change that the engine has not taken up yet."""
        if not self.ids:
            return self.browse()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT m.id FROM g2p_spar_mapping m WHERE m.id = ANY(%s) AND %s",
                list(self.ids),
                NEWER_CHANGE,
            )
        )
        return self.browse(id_ for (id_,) in rows)

    @api.model
    def _known_at_spar(self, partners):
        """Return the mappings of these under which SPAR has, or may have, a row."""
        mappings = self.search([("partner_id", "in", partners.ids)])
        held = mappings.filtered(lambda m: m.linked_spar_id or m.sending_spar_id)
        return held | journal.with_unresolved(mappings)

    @api.model
    def _forget(self, partners):
        """Delete mappings and history of registrants whose payment data was erased.

        By SQL, because the models refuse to delete them. Mappings that SPAR may know
        stay.
        """
        mappings = self.search([("partner_id", "in", partners.ids)])
        mappings -= self._known_at_spar(partners)
        if mappings:
            self.env.flush_all()
            for table in ("attempt", "intervention", "reconciliation_line", "change"):
                self.env.cr.execute(
                    SQL(
                        "DELETE FROM %s WHERE mapping_id = ANY(%s)",
                        SQL.identifier(f"g2p_spar_{table}"),
                        mappings.ids,
                    )
                )
            self.env.invalidate_all(flush=False)
            mappings.unlink()

    # === JOBS === #

    @api.private
    def job_sync(self):
        """Job: send these mappings, and then all others that are due."""
        for connection, mappings in self.exists().grouped("connection_id").items():
            SyncRun(connection, JOB_SECONDS).work(mappings)

    @api.model
    def _cron_sweep(self):
        """Send mappings that are due although their wake-up was lost."""
        alone(self.env, self.env["g2p.spar.reconciliation"]._wake_up_stale)
        forget = partial(store.delete_recorded_requests, self.env)
        alone(self.env, commit_with_retry, self.env, forget)
        settle = partial(lines.close_settled, self.env)
        alone(self.env, commit_with_retry, self.env, settle)
        connections = self.env["g2p.spar.connection"].search(
            [("state", "=", "running")]
        )
        for connection in connections:
            # Each connection has its share of the time, so that a slow SPAR delays no
            # other.
            share = SWEEP_SECONDS / len(connections)
            alone(self.env, SyncRun(connection, share, LOST_AFTER).work)
