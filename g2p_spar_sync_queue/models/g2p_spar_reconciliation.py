import time
import uuid
from collections import defaultdict
from contextlib import ExitStack, suppress
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

from ..engine import breaker, journal, rate_limit, restore_guard, store
from ..engine.claim import wanted_of
from ..engine.digest import digest
from ..engine.store import read_mappings
from ..jobs import later, on_behalf
from ..live.drift import (
    DRIFT_UNRESOLVED,
    comparable,
    drift_at_rest,
    drift_while_waiting,
    fingerprint,
    masked,
)
from ..spar.answers import Item, Outcome
from ..spar.keys import KeyProblem
from ..spar.words import RESOLVE
from ..transactions import RETRYABLE_ERRORS, Busy, commit, roll_back

#: IDs in one question. SPAR answers up to 32,767, proxies cap the size.
CHUNK = 500
#: Seconds after which a job hands what is left to the next one.
JOB_SECONDS = 45
#: Seconds without a step after which the job of a run counts as lost.
STALE_AFTER = 300
#: Seconds to wait after SPAR gave no answer.
REST = 60


class G2pSparReconciliation(models.Model):
    """One comparison of everything we hold with what SPAR holds.

    It only asks. It goes on after a kill from where it had come to, and leaves out
    whatever the engine is busy with.
    """

    _name = "g2p.spar.reconciliation"
    _description = "Comparison with SPAR"
    _order = "id desc"

    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="cascade"
    )
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("cancelled", "Cancelled")],
        required=True,
        default="running",
        readonly=True,
    )
    last_mapping_id = fields.Integer(
        readonly=True, default=0, help="Where it has come to."
    )
    total = fields.Integer("To compare", readonly=True)
    checked = fields.Integer("Compared", readonly=True, default=0)
    progress = fields.Float(compute="_compute_progress")
    finished_at = fields.Datetime("Finished", readonly=True)
    resume_for_id = fields.Many2one(
        "res.users",
        string="Resumes for",
        readonly=True,
        help="When nothing differs, sending goes on in this manager's name.",
    )
    line_ids = fields.One2many(
        "g2p.spar.reconciliation.line", "reconciliation_id", string="Differences"
    )
    line_count = fields.Integer("Differences found", compute="_compute_line_count")

    _one_at_a_time = models.UniqueIndex(
        "(connection_id) WHERE state = 'running'",
        "A comparison with this SPAR is running already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("create_date")
    def _compute_display_name(self):
        for run in self:
            run.display_name = f"{run.connection_id.name} {run.create_date:%Y-%m-%d}"

    @api.depends("checked", "total", "state")
    def _compute_progress(self):
        for run in self:
            part = run.checked / run.total if run.total else 1.0
            run.progress = 100.0 if run.state == "done" else min(99.0, 100 * part)

    @api.depends("line_ids")
    def _compute_line_count(self):
        counts = dict(
            self.env["g2p.spar.reconciliation.line"]._read_group(
                [("reconciliation_id", "in", self.ids)],
                ["reconciliation_id"],
                ["__count"],
            )
        )
        for run in self:
            run.line_count = counts.get(run, 0)

    # === ACTION METHODS === #

    def action_cancel(self):
        """Stop comparing; what was found stays, and nothing is resumed.

        :raise AccessError: when the user is no operator
        """
        self.env["g2p.spar.mapping"]._check_operator()
        running = self.sudo().filtered(lambda run: run.state == "running")
        running.write(
            {
                "state": "cancelled",
                "finished_at": fields.Datetime.now(),
                "resume_for_id": False,
            }
        )

    # === JOBS === #

    @api.model
    def _start(self, connections):
        """Begin to compare with each SPAR that is not being compared with already.

        :rtype: ``g2p.spar.reconciliation``
        """
        busy = self.search([("state", "=", "running")]).connection_id
        runs = self.create(
            [
                {
                    "connection_id": connection.id,
                    "total": self.env["g2p.spar.mapping"].search_count(
                        [("connection_id", "=", connection.id)]
                    ),
                }
                for connection in connections - busy
            ]
        )
        runs._wake_up()
        return runs

    @api.model
    def _cron_start(self):
        """Compare with every SPAR that is in use."""
        running = [("state", "=", "running")]
        for connection in self.env["g2p.spar.connection"].search(running):
            alone(self.env, self._start, connection)

    @api.model
    def _wake_up_stale(self):
        """Go on with runs whose job was lost."""
        before = fields.Datetime.now() - timedelta(seconds=STALE_AFTER)
        self.search([("state", "=", "running"), ("write_date", "<", before)])._wake_up()

    def _wake_up(self, eta=None):
        for run in self:
            later(
                run,
                eta=eta,
                priority=20,
                identity_key=f"spar-reconciliation-{run.id}",
                description=self.env._("Compare with SPAR"),
            )._job_run()

    def _job_run(self):
        """Job: go on comparing, for as long as a job may last."""
        for run in self.exists():
            run._run(time.monotonic() + JOB_SECONDS)

    def _run(self, deadline):
        connection = self.connection_id
        if restore_guard.is_neutralised(self.env) or connection.sudo().unconfirmed:
            self.action_cancel()
            return
        size, eta = CHUNK, None
        if connection.max_per_second:
            size = min(size, rate_limit.batch_limit(connection))
        try:
            with ExitStack() as opened:
                version = None
                while self.state == "running" and time.monotonic() < deadline:
                    if version != store.version(self.env, connection.id):
                        # Another key signs by now, say.
                        opened.close()
                        version = store.version(self.env, connection.id)
                        client = opened.enter_context(connection._client())
                    if not breaker.is_available(connection, lambda one=client: one):
                        eta = REST
                        break
                    try:
                        outcome = self._compare_next(client, version, size)
                        commit(self.env)
                    except RETRYABLE_ERRORS:
                        roll_back(self.env)
                        continue
                    if outcome == "refused":
                        # One ID may be to blame; find it, and leave it out.
                        size = max(1, size // 2)
                    elif outcome == "failed":
                        eta = REST
                        break
        except Busy:
            roll_back(self.env)
            eta = REST
        except KeyProblem as problem:
            # If it cannot be written down now, the next job meets the same problem.
            with suppress(Busy):
                connection._pause_for_key(problem)
            eta = REST
        if self.state == "running":
            self._wake_up(eta)
        commit(self.env)

    # === COMPARING === #

    def _compare_next(self, client, version, size):
        """Ask SPAR about the next registrants and store what differs.

        :param client: that asks
        :param tuple version: of what the client was made
        :param int size: how many, at most
        :return: ``"done"``, ``"failed"`` or ``"refused"``
        """
        entries = self._next_entries(size)
        if not entries:
            self.write({"state": "done", "finished_at": fields.Datetime.now()})
            self._resume_or_tell()
            return "done"
        compared, unresolved = self._comparable(entries)
        asked, answer = self._items(compared, unresolved), None
        commit(self.env)
        if asked:
            items = [item for mine in asked.values() for item in mine]
            if wait := rate_limit.reserve(self.connection_id, len(items)):
                time.sleep(wait)
            answer = client.send(RESOLVE, items, str(uuid.uuid4()))
            breaker.note_answer(self.connection_id, answer)
            if answer.refuses_partner and version == store.version(
                self.env, self.connection_id.id
            ):
                self.connection_id._pause_for_signature()
            if answer.failed or answer.refuses_partner:
                return "failed"
            outcomes = {result.outcome for result in answer.results.values()}
            if outcomes == {Outcome.BATCH_REFUSED} and size > 1:
                return "refused"
        self._write_lines(compared, asked, answer)
        self.write(
            {
                "last_mapping_id": entries[-1].id,
                "checked": self.checked + len(entries),
            }
        )
        return "done"

    def _next_entries(self, size):
        return read_mappings(
            self.env,
            SQL(
                "m.connection_id = %s AND m.id > %s ORDER BY m.id LIMIT %s",
                self.connection_id.id,
                self.last_mapping_id,
                size,
            ),
        )

    def _comparable(self, entries):
        """Return who is compared, and the lost answers the engine does not resolve.

        Before it resumes everybody is, else those at rest or with such an answer.

        :return: as :func:`~..live.drift.comparable`
        """
        ids = [entry.id for entry in entries]
        if self._is_before_resuming():
            chosen = SQL("m.id = ANY(%s) ORDER BY m.id", ids)
            unresolved = journal.unresolved_while_paused(self.env, ids)
            return read_mappings(self.env, chosen), unresolved
        return comparable(self.env, ids)

    def _at_rest(self, entries, unresolved):
        """Return the ids of those the engine has nothing to do with.

        :param entries: and ``unresolved``, as :meth:`_comparable` has returned them
        :rtype: set[int]
        """
        if unresolved or self._is_before_resuming():
            ids = [entry.id for entry in entries]
            entries = store.read_at_rest(self.env, ids)
        return {entry.id for entry in entries}

    def _is_before_resuming(self):
        """Whether what is found decides if sending goes on."""
        return bool(self.resume_for_id) and self.connection_id.state == "paused"

    def _resume_or_tell(self):
        """Resume the connection if that was asked for and nothing differs.

        Otherwise its reason to be paused says how many registrants differ.
        """
        connection, user = self.connection_id, self.resume_for_id
        if not user or connection.state != "paused":
            return
        reason = None
        if differing := len(self.line_ids.mapping_id):
            reason = self.env._(
                "Compared with SPAR: %(differ)s of %(all)s registrants differ. Decide "
                "about each, then resume.",
                differ=differing,
                all=self.checked,
            )
        elif own := on_behalf(connection, user):
            try:
                # The role is checked again: time has passed.
                own.action_resume()
            except UserError as error:
                reason = str(error)
        else:
            reason = self.env._(
                "Compared with SPAR: no registrant differs. The manager who asked for "
                "it may not resume sending any more; another one can."
            )
        if reason:
            connection.pause_reason = reason
            connection._message_log(body=reason)
            connection._alert(reason)

    def _items(self, compared, unresolved):
        """Return the questions about each mapping, by its id; no SPAR ID twice.

        What was found under an ID the registrant has given up is asked about again.

        :param compared: and ``unresolved``, as :meth:`_comparable` has returned them
        :rtype: dict[int, list[Item]]
        """
        # The holder of the row is asked about first, then those who have the ID now.
        compared = sorted(compared, key=lambda entry: not entry.id_at_spar)
        Partner = self.env["res.partner"].sudo()
        partners = Partner.browse(entry.partner_id for entry in compared)
        questions = [
            (
                entry.id,
                unresolved.get(entry.id) or entry.id_at_spar or partner._spar_get_id(),
            )
            for entry, partner in zip(compared, partners, strict=True)
        ]
        for id_, spar_ids in self._left_over(compared).items():
            questions += [(id_, spar_id) for spar_id in spar_ids]
        items, ids = defaultdict(list), {None, False, ""}
        for id_, spar_id in questions:
            if spar_id not in ids:
                ids.add(spar_id)
                items[id_].append(Item(uuid.uuid4().hex, spar_id))
        return items

    def _left_over(self, entries):
        lines = self.env["g2p.spar.reconciliation.line"]
        return lines._left_over([entry.id for entry in entries])

    def _write_lines(self, before, asked, answer):
        """Compare, without registrants that changed while SPAR was being asked.

        An undecided difference found earlier is renewed, or closed if there is none.
        """
        same = {entry.id: entry for entry in before}
        found, unresolved = self._comparable(before)
        now = [entry for entry in found if same.get(entry.id) == entry]
        resting = self._at_rest(now, unresolved)
        if self._is_before_resuming():
            unresolved = {}
        wanted = wanted_of(self.env, now, in_use=True)
        left_over = self._left_over(now)
        differing, kept = [], set()
        for entry in now:
            former = left_over.get(entry.id, ())
            items = asked.get(entry.id, ())
            # A row under an ID that was not asked about may still be there.
            kept |= {(entry.id, id_) for id_ in former}
            kept -= {(entry.id, item.spar_id) for item in items}
            for item in items:
                result = answer.results[item.reference_id]
                is_settled = entry.id in resting or (
                    item.spar_id in former and item.spar_id != entry.id_at_spar
                )
                compare = drift_at_rest if is_settled else drift_while_waiting
                kind = compare(self.env, entry, wanted[entry.id], item, result)
                if item.spar_id == unresolved.get(entry.id):
                    kind = DRIFT_UNRESOLVED
                if kind:
                    kept.add((entry.id, item.spar_id))
                    differing.append((entry, item, result, kind))
        Line = self.env["g2p.spar.reconciliation.line"]
        Line._close([entry.id for entry in now], kept)
        Line._renew(self, self._lines(differing))

    def _lines(self, differing):
        """Return the values of the lines that show what differs.

        :param list differing: of mapping, item, result and kind of the difference
        :rtype: list[dict]
        """
        newer = [entry for entry, *_which, kind in differing if kind == "spar_newer"]
        confirmed = self._confirmed(newer) if newer else {}
        # pylint: disable=no-search-all; there are a handful of them
        strategies = differing and self.env["g2p.fa.strategy"].sudo().search([])
        lines = []
        for entry, item, result, kind in differing:
            theirs = digest(self.env, result.fa, result.strategy_number)
            if kind == "spar_newer" and theirs in confirmed.get(entry.id, ()):
                kind = "ours_newer"
            lines.append(
                {
                    "mapping_id": entry.id,
                    "kind": kind,
                    "spar_id": item.spar_id,
                    "masked": masked(self.env, result, strategies),
                    "seen": fingerprint(self.env, result),
                }
            )
        return lines

    def _confirmed(self, entries):
        """Return which addresses SPAR confirmed of mappings that do not remember it.

        That tells who is newer where a change was taken up and not confirmed: from then
        on it is not remembered what SPAR held.

        :return: digests by mapping id
        :rtype: dict[int, set[str]]
        """
        ids = [entry.id for entry in entries if not entry.held_digest]
        changes = self.env["g2p.spar.change"].search(
            [("mapping_id", "in", ids), ("state", "=", "sent")]
        )
        texts = changes.address_id._spar_texts_for(
            self.connection_id.dialect, SQL("a.id = ANY(%s)", changes.address_id.ids)
        )
        digests = defaultdict(set)
        for change in changes:
            _partner, written = texts.get(change.address_id.id, (None, None))
            if written:
                known = digest(self.env, *written[:2])
                digests[change.mapping_id.id].add(known)
        return digests
