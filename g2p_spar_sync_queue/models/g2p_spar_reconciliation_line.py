from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import EDITOR
from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note

from ..jobs import later, on_behalf
from ..live.drift import fingerprint
from ..spar.answers import Item, Outcome
from ..spar.keys import KeyProblem
from ..spar.words import RESOLVE

#: States of a difference about which a person has not decided, or whose decision is
#: still being carried out: the job that takes one over may have been lost.
UNDECIDED = ("open", "taking")


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
    masked = fields.Char("At SPAR", readonly=True)
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

    # === ACTION METHODS === #

    def action_resend(self):
        """Send ours; what should not be at SPAR is removed there.

        :raise AccessError: when the user is no operator
        """
        open_ones = self._open()
        unknown = open_ones._remember_rows()
        unknown.reason = self.env._(
            "This address at SPAR could not be removed: the registrant is being sent "
            "right now, or is at SPAR under another ID. Try again later, or have "
            "SPAR's operators remove it."
        )
        open_ones -= unknown
        open_ones.mapping_id.with_env(self.env)._intervene(
            "resend", self.env._("After a comparison with SPAR")
        )
        open_ones._decide("resent")

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
            later(line, description=description)._job_take()

    # === BUSINESS METHODS === #

    def _open(self):
        self.env["g2p.spar.mapping"]._check_operator()
        return self.sudo().filtered(lambda line: line.state in UNDECIDED)

    @api.model
    def _close(self, mapping_ids, kept):
        """Close the undecided differences of mappings that are none any more.

        :param list mapping_ids: of mappings that have just been compared
        :param set kept: pairs of a mapping's id and a SPAR ID, of those that still are
        """
        undecided = self.search(
            [("mapping_id", "in", mapping_ids), ("state", "in", UNDECIDED)]
        )
        undecided.filtered(
            lambda line: (line.mapping_id.id, line.spar_id) not in kept
        ).write({"state": "gone"})

    @api.model
    def _renew(self, run, differences):
        """List what differs in a comparison, one undecided line per mapping and ID.

        In one statement. An undecided line of an earlier comparison becomes one of this
        one; if it is being taken over, it goes on being so, unless SPAR was changed
        again: the decision was about what was seen.

        :param run: the comparison
        :param list differences: values of ``mapping_id``, ``kind``, ``spar_id``,
            ``masked`` and ``seen``
        :return: the lines
        """
        if not differences:
            return self.browse()
        self.env.flush_all()
        names = ("mapping_id", "kind", "spar_id", "masked", "seen")
        rows = SQL(", ").join(
            SQL("(%s)", SQL(", ").join(SQL("%s", row[n] or None) for n in names))
            for row in differences
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO g2p_spar_reconciliation_line AS line
                          (reconciliation_id, mapping_id, kind, spar_id, masked, seen,
                           state, create_uid, create_date, write_uid, write_date)
                   SELECT %(run)s, v.mapping_id, v.kind, v.spar_id, v.masked, v.seen,
                          'open',
                          %(uid)s, now() AT TIME ZONE 'UTC',
                          %(uid)s, now() AT TIME ZONE 'UTC'
                     FROM (VALUES %(rows)s)
                          AS v(mapping_id, kind, spar_id, masked, seen)
                    ORDER BY v.mapping_id
                       ON CONFLICT (mapping_id, spar_id)
                             WHERE state IN ('open', 'taking')
                       DO UPDATE SET reconciliation_id = EXCLUDED.reconciliation_id,
                              kind = EXCLUDED.kind, spar_id = EXCLUDED.spar_id,
                              masked = EXCLUDED.masked, seen = EXCLUDED.seen,
                              state = CASE WHEN %(goes_on)s THEN 'taking'
                                           ELSE 'open' END,
                              reason = CASE WHEN %(goes_on)s THEN line.reason END,
                              decided_by_id = CASE WHEN %(goes_on)s
                                              THEN line.decided_by_id END,
                              write_uid = EXCLUDED.write_uid,
                              write_date = EXCLUDED.write_date
                RETURNING id""",
                run=run.id,
                uid=self.env.uid,
                rows=rows,
                goes_on=SQL(
                    """line.state = 'taking'
                       AND (line.spar_id, line.seen)
                           IS NOT DISTINCT FROM (EXCLUDED.spar_id, EXCLUDED.seen)"""
                ),
            ),
            log_exceptions=False,
        )
        ids = [id_ for (id_,) in self.env.cr.fetchall()]
        self.invalidate_model(flush=False)
        self.env["g2p.spar.reconciliation"].invalidate_model(
            ["line_ids", "line_count"], flush=False
        )
        return self.browse(ids)

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

    def _remember_rows(self):
        """Have the engine ask about rows it did not know of before it acts.

        :return: the lines of which it cannot be told now
        """
        unknown = self.browse()
        left_over = self._left_over(self.mapping_id.ids)
        for line in self.filtered(
            lambda line: line.spar_id in left_over.get(line.mapping_id.id, ())
        ):
            mapping = line.mapping_id.try_lock_for_update(allow_referencing=True)
            mapping.invalidate_recordset()
            known = mapping.linked_spar_id or mapping.sending_spar_id
            if mapping and not known:
                mapping.sending_spar_id = line.spar_id
            elif known != line.spar_id:
                unknown |= line
        self.env.flush_all()
        return unknown

    @api.model
    def _left_over(self, mapping_ids):
        """Return the IDs under which SPAR was found to hold an unwanted row.

        An ID that is another registrant's by now is theirs to deal with.

        :param list mapping_ids: of mappings
        :return: by mapping id the SPAR IDs of its undecided differences
        :rtype: dict[int, list[str]]
        """
        self.flush_model(["mapping_id", "kind", "state", "spar_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT l.mapping_id, array_agg(l.spar_id ORDER BY l.id)
                     FROM g2p_spar_reconciliation_line l
                     JOIN g2p_spar_mapping m ON m.id = l.mapping_id
                    WHERE l.mapping_id = ANY(%s) AND l.kind = 'left_over'
                      AND l.state IN %s AND NOT EXISTS (
                          SELECT FROM g2p_spar_mapping other
                           WHERE other.connection_id = m.connection_id
                             AND COALESCE(other.linked_spar_id, other.sending_spar_id)
                                 = l.spar_id
                             AND other.id != m.id)
                    GROUP BY l.mapping_id""",
                list(mapping_ids),
                UNDECIDED,
            )
        )
        return dict(rows)

    # === JOBS === #

    def _may_take(self):
        """Return whether the user may do what :meth:`action_take` asks for."""
        can_operate = self.env["g2p.spar.connection"].has_access("read")
        return can_operate and self.env.user.has_group(EDITOR)

    def _job_take(self):
        """Job: ask SPAR once more, and enter what it holds through the normal model.

        The address is entered by the person who decided it, with whatever approval that
        takes, and only if they may still do so.
        """
        self.ensure_one()
        line = self.sudo()
        if line.state != "taking":
            return
        own = on_behalf(self, line.decided_by_id)
        if not own or not own._may_take():
            reason = self.env._(
                "The person who decided this may not enter payment addresses any more."
            )
            line.write({"state": "open", "reason": reason})
            return
        connection = line.mapping_id.connection_id
        item = Item("take", line.spar_id)
        try:
            with connection._client() as client:
                result = client.send(RESOLVE, [item]).results[item.reference_id]
        except (KeyProblem, UserError) as problem:
            reason = str(problem)
            if isinstance(problem, KeyProblem):
                reason = connection._key_problem_text(problem)
            line.write({"state": "open", "reason": reason})
            return
        if line.mapping_id._open_changes():
            problem = self.env._("The registrant's address has changed since.")
        elif result.outcome != Outcome.DONE:
            problem = self.env._("SPAR could not be asked (%s).", result.code)
        elif not result.linked:
            problem = self.env._("SPAR does not hold an address any more.")
        else:
            problem = own._enter(result)
        if problem:
            line.write({"state": "open", "reason": problem})
        else:
            line.write({"state": "taken", "reason": False})

    def _enter(self, result):
        """Enter an address as SPAR holds it.

        :param ~..spar.answers.Result result: what SPAR holds
        :return: what stands against it, or None
        """
        values = (
            self.env["g2p.fa.strategy"]
            .sudo()
            ._spar_address_values(result.fa, result.strategy_number)
        )
        if not values:
            return self.env._(
                "What SPAR holds cannot be read with a strategy and provider known "
                "here."
            )
        if fingerprint(self.env, result) != self.sudo().seen:
            return self.env._("SPAR holds something else by now. Look at it again.")
        try:
            with self.env.cr.savepoint():
                entry = {
                    **values,
                    "partner_id": self.sudo().partner_id.id,
                    "reason": self.env._("Taken over from SPAR"),
                }
                self.env["g2p.financial.address"].submit([entry], "admin")
        except UserError as error:
            return str(error)
        return None
