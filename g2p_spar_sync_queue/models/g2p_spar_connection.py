from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.g2p_spar_financial_address.toolkit.http_client import HttpClient
from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note
from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

from ..engine import breaker, outbox, restore_guard
from ..engine.sync_run import JOB_SECONDS, LATE_SECONDS, SyncRun
from ..jobs import later
from ..spar.client import SparClient
from ..spar.place import place
from ..spar.tls import TlsProblem
from ..spar.transport import MAX_ANSWER_BYTES
from ..spar.words import LINK
from ..transactions import commit_with_retry

#: The activity that alerts a person.
ALERT = "g2p_spar_sync_queue.activity_alert"


class G2pSparConnection(models.Model):
    """A SPAR mapper, and how this registry speaks to it as a registered partner."""

    _name = "g2p.spar.connection"
    _description = "SPAR connection"
    _inherit = ["mail.thread", "mail.activity.mixin", "g2p.spar.engine.fields"]
    _watch_managers = "g2p_spar_sync_queue.group_manager"
    _order = "sequence, id"

    name = fields.Char(required=True, default="SPAR")
    sequence = fields.Integer(default=10)
    state = fields.Selection(
        [("draft", "Not started"), ("running", "Running"), ("paused", "Paused")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    pause_reason = Note(masks=True, readonly=True, copy=False)
    paused_at = fields.Datetime(readonly=True, copy=False)

    responsible_id = fields.Many2one(
        "res.users",
        string="Looked after by",
        help="Who is called when sending has stopped; otherwise a SPAR manager.",
    )

    base_url = fields.Char(
        string="Address",
        required=True,
        help="Where SPAR's mapper answers, such as "
        "https://spar.example.org/api/mapper. What follows it is added.",
    )
    place = fields.Char(compute="_compute_place", store=True, precompute=True)
    link_place = fields.Char(compute="_compute_place", store=True, precompute=True)
    other_running = fields.Char("Also running", compute="_compute_other_running")
    sender_id = fields.Char(
        required=True,
        default="social-registry",
        help="This registry's partner name at SPAR: small letters, digits, hyphens.",
    )
    send_kid = fields.Boolean(
        string="Name the key",
        default=True,
        help="Send the certificate's thumbprint as key ID. All versions accept it.",
    )

    batch_size = fields.Integer(
        "Batch size", default=250, required=True, help="Registrants in one request."
    )
    workers = fields.Integer(
        "Requests at a time",
        default=2,
        required=True,
        help="How many requests a backlog is sent with side by side. The job channel "
        "“spar” must have room for them.",
    )
    send_every_value = fields.Boolean(
        help="Send each address a registrant ever had, in order, although a newer one "
        "is waiting already. Otherwise only the newest is sent.",
    )
    connect_timeout = fields.Integer(
        "Time to connect", default=5, required=True, help="Seconds to reach SPAR."
    )
    answer_timeout = fields.Integer(
        "Time to answer",
        default=40,
        required=True,
        help="Seconds to wait for an answer. SPAR 1.1 may work for 30 on a request.",
    )
    cool_down = fields.Integer(
        "Cool-down",
        default=60,
        required=True,
        help="Seconds after a lost answer before SPAR is asked what it holds: longer "
        "than SPAR can still be working on the lost request.",
    )
    retry_base = fields.Integer(
        "First retry", default=5, required=True, help="Seconds, doubled each time."
    )
    retry_cap = fields.Integer(
        "Longest wait", default=1800, required=True, help="Seconds between attempts."
    )
    mapping_ids = fields.One2many("g2p.spar.mapping", "connection_id")

    # The circuit breaker and the speed limit; the engine writes them by SQL.
    breaker_state = fields.Selection(
        [
            ("closed", "SPAR answers"),
            ("open", "SPAR is left alone"),
            ("half_open", "SPAR is being asked"),
        ],
        string="Availability",
        required=True,
        default="closed",
        readonly=True,
        copy=False,
    )
    breaker_failures = fields.Integer(
        "Failures in a row", default=0, readonly=True, copy=False
    )
    breaker_trips = fields.Integer(
        "Unanswered since", default=0, readonly=True, copy=False
    )
    breaker_until = fields.Datetime("Asked again at", readonly=True, copy=False)
    breaker_threshold = fields.Integer(
        "Failures before a rest",
        default=5,
        required=True,
        help="After so many failed requests in a row SPAR is left alone, but for one "
        "harmless question now and then.",
    )
    probe_base = fields.Integer(
        "First question after",
        default=30,
        required=True,
        help="Seconds, doubled each time.",
    )
    probe_cap = fields.Integer(
        "Longest time between questions", default=600, required=True, help="Seconds."
    )
    max_per_second = fields.Integer(
        "Registrants per second",
        default=0,
        help="Never send more than this. 0 is as fast as SPAR answers.",
    )
    rate_free_at = fields.Datetime(readonly=True, copy=False)

    # The restore guard.
    guard_identity = fields.Char(readonly=True, copy=False)
    guard_run = fields.Integer(default=0, readonly=True, copy=False)
    guard_at = fields.Datetime(readonly=True, copy=False)
    is_other_database = fields.Boolean(
        "Restored or copied",
        readonly=True,
        copy=False,
        help="This database is not the one that last spoke to SPAR.",
    )

    _batch_size_positive = models.Constraint(
        "CHECK(batch_size BETWEEN 1 AND 1000)",
        "A request holds between 1 and 1,000 registrants.",
    )
    _workers_positive = models.Constraint(
        "CHECK(workers BETWEEN 1 AND 16)", "Between 1 and 16 requests at a time."
    )
    _times_positive = models.Constraint(
        "CHECK(connect_timeout > 0 AND answer_timeout > 0"
        " AND retry_base > 0 AND retry_cap >= retry_base)",
        "Waiting times are positive, and the longest wait is not the shorter one.",
    )
    # As long as a request may take to leave after its last check.
    _cool_down_covers_leaving = models.Constraint(
        f"CHECK(cool_down >= {LATE_SECONDS})",
        "The cool-down is 2 seconds or longer: a request may leave as late as that.",
    )

    _breaker_positive = models.Constraint(
        "CHECK(breaker_threshold > 0 AND probe_base > 0 AND probe_cap >= probe_base"
        " AND max_per_second >= 0)",
        "Numbers and waiting times are positive, and the longest wait is not the "
        "shorter one.",
    )

    # Each keeps its own order. Of two, nothing tells whose address comes last.
    _one_at_a_place = models.UniqueIndex(
        "(place) WHERE state = 'running'",
        "Another running connection sends to the same SPAR already. Pause it first, or "
        "correct the address of this one.",
    )
    _one_links_at_a_place = models.UniqueIndex(
        "(link_place) WHERE state = 'running'",
        "Another running connection sends to the same SPAR already. Pause it first, or "
        "correct the address of this one.",
    )

    # === COMPUTE METHODS === #

    @api.depends("base_url", "link_path", "dialect")
    def _compute_place(self):
        for connection in self:
            base_url = connection.base_url or ""
            path = connection.link_path or connection._dialect().path(LINK)
            connection.place = place(base_url)
            connection.link_place = place(base_url.rstrip("/") + path)

    @api.depends("state")
    def _compute_other_running(self):
        running = self.sudo().search([("state", "=", "running")])
        for connection in self:
            others = running - connection._origin
            started = connection.state == "running"
            connection.other_running = not started and ", ".join(others.mapped("name"))

    # === BUSINESS METHODS === #

    def _client(self, limits=None, trial=False):
        """Return a client that signs as this partner.

        :param tuple limits: seconds to connect and to answer, if not the connection's
        :param bool trial: whether changed settings need not be confirmed yet
        :rtype: ..spar.client.SparClient
        :raise KeyProblem: when the key or certificate cannot be used
        :raise UserError: when this is a neutralised copy, or changed settings are not
            confirmed
        """
        connection = self.sudo()
        connection.ensure_one()
        connection._refuse_copies()
        if not trial:
            connection._refuse_unconfirmed()
        return SparClient(
            connection._http(connection.base_url, limits),
            connection._signer(),
            connection.sender_id,
            connection.canonical_form,
            connection._dialect(),
            connection._paths(),
        )

    def _http(self, url, limits=None):
        """Return a client for one of the servers of this SPAR.

        :param str url: what the paths are appended to
        :param tuple limits: seconds to connect and to answer, if not the connection's
        :rtype: HttpClient
        :raise KeyProblem: when a certificate of the connection cannot be used
        """
        seconds = limits or (self.connect_timeout, self.answer_timeout)
        return HttpClient(url, *seconds, MAX_ANSWER_BYTES, self._tls())

    def _refuse_copies(self):
        """Raise in a neutralised copy.

        :raise UserError: which says so
        """
        if restore_guard.is_neutralised(self.env):
            raise UserError(self._neutralised_text())

    def _neutralised_text(self):
        return self.env._("This is a neutralised copy. It never speaks to SPAR.")

    def _pause(self, reason, alert=False):
        """Stop sending through this connection until a manager resumes it.

        :param str reason: one sentence for operators and managers
        :param bool alert: whether to alert a person
        """
        running = self.filtered(lambda connection: connection.state == "running")
        running._stop(reason, alert)

    def _stop(self, reason, alert):
        """Have these be paused, whatever they were before; as :meth:`_pause`."""
        self.sudo().write(
            {
                "state": "paused",
                "pause_reason": reason,
                "paused_at": fields.Datetime.now(),
            }
        )
        for connection in self:
            connection._message_log(body=reason)
            if alert:
                connection._alert(reason)

    def _key_problem_text(self, problem):
        """Return which key or certificate is meant, and what is wrong with it."""
        if isinstance(problem, TlsProblem):
            text = self._tls_problem_text(problem)
            return self.env._("The certificates of the connection: %s", text)
        problem = self.env["g2p.spar.key"]._worded(problem)
        return self.env._("The signing key: %s", problem)

    def _pause_for_key(self, problem):
        self._pause_apart(self._key_problem_text(problem))

    def _pause_for_signature(self):
        reason = self.env._(
            "SPAR refused the signature. Check that the certificate is registered with "
            "SPAR and that SPAR's key service is up; then resume."
        )
        self._pause_apart(reason)

    def _pause_apart(self, reason):
        """Stop sending and alert a person, whatever others do with this connection.

        :param str reason: as for :meth:`_pause`
        :raise ~..transactions.Busy: when it cannot be stored
        """

        def pause():
            breaker.lock(self)
            self._pause(reason, alert=True)

        commit_with_retry(self.env, pause)

    def _alert(self, reason):
        """Alert one person, once: the one responsible for the connection.

        :param str reason: what has happened
        """
        self.ensure_one()
        if not self.activity_search([ALERT]):
            self.activity_schedule(ALERT, note=reason, user_id=self._whom_to_call().id)

    def _whom_to_call(self):
        """Return the user responsible for the connection; otherwise a SPAR manager."""
        managers = self.env.ref("g2p_spar_sync_queue.group_manager").all_user_ids
        people = self.responsible_id or managers.filtered("active").sorted(
            # Odoo's own robot reads no activities.
            lambda user: (user == self.env.ref("base.user_root"), user.id)
        )
        return people[:1]

    def _refuse_twins(self):
        """Let one connection only write a registrant's row at SPAR.

        The database refuses it, too; this says which one it is.

        :raise UserError: when another one that is running leads to the same place
        """
        others = self.sudo().search([("state", "=", "running")]) - self
        for connection in self:
            twins = others.filtered(
                lambda other, one=connection: (
                    other.place == one.place or other.link_place == one.link_place
                )
            )
            if twins:
                raise UserError(
                    self.env._(
                        "“%(other)s” sends to the same SPAR already. Pause it first, "
                        "or correct the address of this one.",
                        other=twins[0].name,
                    )
                )
            others |= connection

    # === ACTION METHODS === #

    def action_start(self):
        """Begin to send, with every registrant who has a payment address already.

        :raise UserError: when SPAR cannot be reached or refuses the signature
        """
        self.check_access("write")
        for connection in self:
            connection._test()
        self.action_resume()

    def action_resume(self):
        """Send again, with all that has been waiting.

        A further connection waits for another manager first. In a database that was
        restored or copied while sending was paused, nothing is resumed the first time:
        the connection says so.

        :raise UserError: when this is a neutralised copy, another connection sends to
            the same SPAR, or changed settings are not confirmed
        """
        self.check_access("write")
        self._refuse_unconfirmed()
        # The server may have stopped allowing plain HTTP to its host.
        self._check_base_url()
        resumed = self - self._propose_further()
        resumed -= restore_guard.notice_other_database(resumed)
        resumed._refuse_twins()
        resumed._refuse_copies()
        restore_guard.adopt_database(resumed)
        resumed.sudo().write(
            {"state": "running", "pause_reason": False, "paused_at": False}
        )
        breaker.reset(resumed)
        resumed.activity_unlink([ALERT])
        # It is done: a later pause is not theirs to end.
        Reconciliation = self.env["g2p.spar.reconciliation"].sudo()
        running = [("connection_id", "in", resumed.ids), ("state", "=", "running")]
        Reconciliation.search(running).resume_for_id = False
        for connection in resumed:
            description = self.env._("Take up registrants")
            later(connection, description=description)._job_enlist()

    def action_pause(self):
        """Stop sending; what is changed meanwhile waits."""
        self.check_access("write")
        self._pause(self.env._("Paused by %(name)s.", name=self.env.user.name))

    def action_reconcile(self):
        """Compare everything with what SPAR holds; open what is found.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: in a neutralised copy, or when changed settings are not
            confirmed
        """
        self._check_may_compare()
        self.env["g2p.spar.reconciliation"].sudo()._start(self)
        return self._open_comparison()

    def action_compare_then_resume(self):
        """Compare; resume when nothing differs, otherwise say how many people do.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: in a neutralised copy, or when changed settings are not
            confirmed
        """
        self._check_may_compare()
        Reconciliation = self.env["g2p.spar.reconciliation"].sudo()
        running = [("connection_id", "in", self.ids), ("state", "=", "running")]
        # One that began before the pause has left out who was on the way.
        Reconciliation.search(running).action_cancel()
        runs = Reconciliation._start(self)
        # What runs now and is paused later is paused for another reason.
        runs.filtered(
            lambda run: run.connection_id.state == "paused"
        ).resume_for_id = self.env.user
        return self._open_comparison()

    def _check_may_compare(self):
        self.check_access("write")
        self._refuse_copies()
        self._refuse_unconfirmed()

    def _open_comparison(self):
        running = self.env["g2p.spar.reconciliation"].search(
            [("connection_id", "in", self.ids), ("state", "=", "running")], limit=1
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": running._name,
            "res_id": running.id,
            "view_mode": "form",
        }

    def _notify_progress(self, last=False):
        """Hook: the outcome of a request was recorded; for live screens.

        Called once for each request and never for each registrant, in the transaction
        that is about to be committed.

        :param bool last: whether this worker is done for now
        """

    # === JOBS === #

    def _job_work_off(self):
        """Job: bring to SPAR whatever is due through this connection."""
        for connection in self.exists():
            SyncRun(connection, JOB_SECONDS).work()

    def _job_enlist(self, since=None):
        """Job: take up registrants whose address was not captured, and wake the rest.

        :param datetime since: when the first of these jobs began; None for that one
        """
        outbox.capture_missed_until(self, since)

    @api.model
    def _cron_enlist(self):
        """Take up registrants who were left out, whatever kept them from it."""
        for connection in self.search([("state", "=", "running")]):
            alone(self.env, outbox.capture_missed, connection)
