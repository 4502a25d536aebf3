from functools import partial

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.g2p_spar_financial_address.toolkit.http_client import HttpClient
from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note
from odoo.addons.g2p_spar_financial_address.toolkit.transactions import alone

from ..engine import breaker, new_key, outbox, restore_guard
from ..engine.sync_run import JOB_SECONDS, LATE_SECONDS, SyncRun
from ..jobs import as_moment, later
from ..spar.client import SparClient
from ..spar.codes import LINK
from ..spar.place import place
from ..spar.tls import TlsProblem
from ..spar.transport import MAX_ANSWER_BYTES
from ..transactions import commit_with_retry
from .g2p_spar_key import MANAGER

#: The activity that alerts a person.
ALERT = "g2p_spar_sync_queue.activity_alert"


class G2pSparConnection(models.Model):
    """A SPAR mapper, and how this registry speaks to it as a registered partner."""

    _name = "g2p.spar.connection"
    _description = "SPAR connection"
    _inherit = ["g2p.fa.audited", "g2p.fa.todo", "g2p.spar.engine.fields"]
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
    pause_cause = fields.Selection(
        [
            ("key", "The signing key cannot be used"),
            ("signature", "SPAR refused the signature"),
        ],
        string="Paused because",
        readonly=True,
        copy=False,
        help="Set when the registry paused itself because of its key.",
    )

    responsible_id = fields.Many2one(
        "res.users",
        help="Who is called when sending has stopped; otherwise the user who started "
        "it, and when that user has left or is no operator any more, all managers.",
    )
    started_by_id = fields.Many2one(
        "res.users", string="Started by", readonly=True, copy=False
    )
    company_ids = fields.Many2many(
        "res.company",
        string="Companies",
        default=lambda self: self._default_company_ids(),
        ondelete="restrict",
        help="Whose registrants are sent; empty for all companies. Registrants without "
        "a company are sent by every connection. Only users who are allowed in all of "
        "these companies start, pause or change it.",
    )

    # The server, and this registry's name there.
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

    # Requests and retries.
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
            ("open", "SPAR does not answer"),
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
    breaker_change_failures = fields.Integer(
        "Changes SPAR failed on in a row", default=0, readonly=True, copy=False
    )
    changes_problem = fields.Char(
        "Fails on changes",
        readonly=True,
        copy=False,
        help="The reason code with which SPAR fails on every change, although it "
        "answers queries.",
    )
    breaker_trips = fields.Integer(
        "Circuit breaker: times opened in a row", default=0, readonly=True, copy=False
    )
    breaker_until = fields.Datetime("Next check at", readonly=True, copy=False)
    breaker_threshold = fields.Integer(
        "Failures before waiting",
        default=5,
        required=True,
        help="After so many failed requests in a row, only a probe that changes "
        "nothing is sent from time to time.",
    )
    probe_base = fields.Integer(
        "First probe after",
        default=30,
        required=True,
        help="Seconds, doubled each time.",
    )
    probe_cap = fields.Integer(
        "Longest time between probes", default=600, required=True, help="Seconds."
    )
    max_per_second = fields.Integer(
        "Registrants per second",
        default=0,
        help="Never send more than this. 0 is as fast as SPAR answers.",
    )
    rate_free_at = fields.Datetime(readonly=True, copy=False)
    key_retry_at = fields.Datetime(
        "New key tried again at",
        readonly=True,
        copy=False,
        help="Set while SPAR does not accept a key that began to sign less than a "
        "minute ago.",
    )

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

    # Each running connection keeps an order of its own; with two to one SPAR, the last
    # address would depend on chance.
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

    # === COMPANIES === #

    @api.model
    def _default_company_ids(self):
        """Return the user's companies, or none where these are all there are."""
        mine = self.env.user.company_ids
        is_all = self.env.su or self._all_companies() <= mine
        return mine.browse() if is_all else mine

    def _check_access(self, operation):
        """Let only users allowed in all companies of a connection change it."""
        refused = super()._check_access(operation)
        if refused or operation == "read":
            return refused
        others = self._of_others()
        return others._refusal(others)

    def _check_companies(self):
        """Refuse users who are not allowed in all companies of these.

        :raise AccessError: which says so
        """
        others = self._of_others()
        if refused := others._refusal(others):
            raise refused[1]()

    def _refusal(self, records):
        """Return what ``_check_access`` returns of these, if there are any."""
        text = self.env._(
            "This connection serves companies in which you are not allowed. Only users "
            "allowed in all of them change it."
        )
        return (records, partial(AccessError, text)) if records else None

    def _of_others(self):
        """Return those that serve a company in which the user is not allowed."""
        saved = self.filtered("id")
        if self.env.su or not saved:
            return self.browse()
        mine = self.env.user.sudo().with_context(active_test=False).company_ids
        everything = self._all_companies()
        return saved.filtered(
            lambda connection: not (connection._served() or everything) <= mine
        )

    def _serving(self, partner):
        """Return those that serve a registrant's company.

        :param partner: the registrant
        """
        home = partner.sudo().company_id
        return self.filtered(
            lambda connection: (
                not home or not connection._served() or home in connection._served()
            )
        )

    def _served(self):
        """Return the companies named, also archived ones; none stands for all."""
        return self.sudo().with_context(active_test=False).company_ids

    @api.model
    def _all_companies(self):
        return self.env["res.company"].sudo().search([("active", "=", True)])

    # === CLIENTS FOR SPAR === #

    def _client(self, limits=None, trial=False, key=None):
        """Return a client that signs as this partner.

        :param tuple limits: seconds to connect and to answer, if not the connection's
        :param bool trial: whether changed settings need not be confirmed yet
        :param key: a ``g2p.spar.key`` to sign with, if not the current one
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
            connection._signer(key),
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

        :raise UserError: with the reason
        """
        if restore_guard.is_neutralised(self.env):
            raise UserError(self._neutralised_text())

    def _neutralised_text(self):
        return self.env._("This is a neutralised copy. It never speaks to SPAR.")

    # === PAUSE AND ALERT === #

    def _pause(self, reason, alert=False, cause=False):
        """Stop sending through this connection until a manager resumes it.

        :param str reason: one sentence for operators and managers
        :param bool alert: whether to alert a person
        :param cause: value of ``pause_cause``, or False
        """
        running = self.filtered(lambda connection: connection.state == "running")
        running._stop(reason, alert, cause)

    def _stop(self, reason, alert, cause=False):
        """Pause these in any state, also drafts; parameters as of :meth:`_pause`."""
        self.sudo().write(
            {
                "state": "paused",
                "pause_reason": reason,
                "pause_cause": cause,
                "paused_at": fields.Datetime.now(),
                "key_retry_at": False,
            }
        )
        for connection in self:
            # What the registry notices is not said by the user whose edit met it.
            speaker = connection.with_user(SUPERUSER_ID) if alert else connection
            speaker._message_log(body=reason)
            if alert:
                if connection.sudo().breaker_change_failures:
                    # The alert that changes fail would stay the only one.
                    connection._end_alert()
                connection._alert(reason)

    def _key_problem_text(self, problem):
        """Return which key or certificate is meant, and what is wrong with it."""
        if isinstance(problem, TlsProblem):
            text = self._tls_problem_text(problem)
            return self.env._("The certificates of the connection: %s", text)
        problem = self.env["g2p.spar.key"]._with_text(problem)
        return self.env._("The signing key: %s", problem)

    def _pause_for_key(self, problem):
        self._pause_at_once(self._key_problem_text(problem), "key")

    def _stop_for_signature(self):
        """Pause, as SPAR refused the signature; wait a moment while the key is new.

        :raise ~..transactions.Busy: when it cannot be stored
        """
        if new_key.is_fresh(self):
            new_key.wait(self)
        else:
            self._pause_for_signature()

    def _pause_for_signature(self):
        reason = self.env._(
            "SPAR refused the signature. Check that the certificate is registered with "
            "SPAR and that SPAR's key service is up; then resume."
        )
        if self._has_new_key():
            reason = self.env._(
                "SPAR refused the signature: it does not accept the new key yet. SPAR "
                "may still be reading it, or its certificate is not registered. Wait "
                "a few minutes and resume, or go back to the previous key."
            )
        self._pause_at_once(reason, "signature")

    def _pause_at_once(self, reason, cause):
        """Stop sending and alert a person, in a transaction of its own.

        :param str reason: as for :meth:`_pause`
        :param str cause: value of ``pause_cause``
        :raise ~..transactions.Busy: when it cannot be stored
        """

        def pause():
            breaker.lock(self)
            self._pause(reason, alert=True, cause=cause)

        commit_with_retry(self.env, pause)

    def _alert(self, reason):
        """Alert those responsible for the connection, once.

        :param str reason: what has happened
        """
        self._call(ALERT, reason)

    def _alert_changes_fail(self, code):
        """Alert those responsible that SPAR fails on every change.

        :param str code: the reason code with which it does
        """
        reason = self.changes_fail_text(code)
        self.with_user(SUPERUSER_ID)._message_log(body=reason)
        self._alert(reason)

    def _end_alert(self):
        """Remove the alert; what it was about is over."""
        self.with_user(SUPERUSER_ID).activity_unlink([ALERT])

    @api.private
    def changes_fail_text(self, code):
        """Return what it means that SPAR fails on every change.

        :param str code: the reason code with which it does
        :rtype: str
        """
        return self.env._(
            "SPAR answers queries, but fails on every change (%(code)s). The cause is "
            "at SPAR and not with the registrants: have its operator look into its "
            "log. A SPAR 2.x whose table of strategies is empty fails like this. "
            "Changes wait, and are tried again by themselves.",
            code=code,
        )

    def _call(self, kind, reason):
        """Give a to-do to those responsible for the connection, unless there is one.

        :param str kind: external ID of an activity type
        :param str reason: what has happened
        :return: the new activities
        """
        self.ensure_one()
        connection = self.with_user(SUPERUSER_ID)
        todos = self.env["mail.activity"]
        if not connection.activity_search([kind]):
            for user in connection._responsible_users():
                todos |= connection.activity_schedule(
                    kind, note=reason, user_id=user.id
                )
        return todos

    def _responsible_users(self):
        """Return who is called: one user, or all managers where that one is gone.

        :rtype: res.users
        """
        self.ensure_one()
        operators = self._operators()
        for user in (self.responsible_id, self.started_by_id):
            if user & operators:
                return user
        managers = self.env.ref(MANAGER).sudo().all_user_ids & operators
        return managers or self.env.ref("base.user_root")

    def _operators(self):
        """Return the users who may look at this connection.

        :rtype: res.users
        """
        companies = self._served()
        return (
            self.env.ref("g2p_spar_sync_queue.group_operator")
            .sudo()
            .all_user_ids.filtered(
                lambda user: (
                    user.active and (not companies or companies & user.company_ids)
                )
            )
        )

    @api.model
    def _hand_over_todos(self, todos):
        for id_, mine in todos.grouped("res_id").items():
            if connection := self.browse(id_).exists():
                connection._hand_over_alerts(mine)

    def _hand_over_alerts(self, todos):
        """Give to-dos of users who may not look at this connection to those called.

        :param todos: activities about the connection, or one of its keys
        """
        heirs = self._responsible_users()
        staying = self._operators() | heirs
        for todo in todos.filtered(lambda one: one.user_id not in staying):
            same = todos.exists().filtered(
                lambda one, todo=todo: one.activity_type_id == todo.activity_type_id
            )
            for user in heirs - same.user_id:
                todo.with_user(SUPERUSER_ID).copy({"user_id": user.id})
            todo.unlink()

    # === ONE RUNNING CONNECTION FOR A SPAR === #

    def _refuse_second_running(self):
        """Refuse a second running connection to the same SPAR.

        The database refuses it, too; this message names the other connection.

        :raise UserError: when another running connection has the same place
        """
        others = self.sudo().search([("state", "=", "running")]) - self
        for connection in self:
            if twins := connection._twins_in(others):
                raise UserError(
                    self.env._(
                        "“%(other)s” sends to the same SPAR already. Pause it first, "
                        "or correct the address of this one.",
                        other=twins[0].name,
                    )
                )
            others |= connection

    def _twins_in(self, others):
        """Return those of other connections that lead to the same SPAR."""
        return others.filtered(
            lambda other: (
                other.place == self.place or other.link_place == self.link_place
            )
        )

    # === ACTION METHODS === #

    def action_start(self):
        """Start sending, beginning with every registrant who has a payment address.

        :raise UserError: when SPAR cannot be reached or refuses the signature
        """
        self.check_access("write")
        for connection in self:
            connection._test()
        self.action_resume()

    def action_resume(self):
        """Resume sending; waiting changes are sent.

        A second connection waits for another manager first. In a database that was
        restored or copied while sending was paused, the first attempt does not resume
        but shows the reason.

        :raise UserError: when this is a neutralised copy, another connection sends to
            the same SPAR, or changed settings are not confirmed
        """
        self.check_access("write")
        self._refuse_unconfirmed()
        # The server may have stopped allowing plain HTTP to its host.
        self._check_base_url()
        resumed = self - self._propose_further()
        resumed -= restore_guard.notice_other_database(resumed)
        resumed._refuse_second_running()
        resumed._refuse_copies()
        restore_guard.adopt_database(resumed)
        values = {
            "state": "running",
            "pause_reason": False,
            "pause_cause": False,
            "paused_at": False,
            "key_retry_at": False,
            "tested_at": False,
            "test_problem": False,
        }
        if self.env.uid != SUPERUSER_ID:
            values["started_by_id"] = self.env.uid
        resumed.sudo().write(values)
        breaker.reset(resumed)
        resumed.activity_unlink([ALERT])
        # Comparisons that should resume must not end a later pause.
        Reconciliation = self.env["g2p.spar.reconciliation"].sudo()
        running = [("connection_id", "in", resumed.ids), ("state", "=", "running")]
        Reconciliation.search(running).resume_for_id = False
        for connection in resumed:
            description = self.env._("Take up registrants")
            later(connection, description=description).job_enlist()

    def action_pause(self):
        """Stop sending; changes wait meanwhile."""
        self.check_access("write")
        self._pause(self.env._("Paused by %(name)s.", name=self.env.user.name))

    def action_reconcile(self):
        """Compare all registrants with SPAR, and open the comparison.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: in a neutralised copy, or when changed settings are not
            confirmed
        """
        self._check_may_compare()
        self.env["g2p.spar.reconciliation"].sudo()._start(self)
        return self._open_comparison()

    def action_compare_then_resume(self):
        """Compare; resume if nothing differs, otherwise show how many differ.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: in a neutralised copy, or when changed settings are not
            confirmed
        """
        self._check_may_compare()
        Reconciliation = self.env["g2p.spar.reconciliation"].sudo()
        running = [("connection_id", "in", self.ids), ("state", "=", "running")]
        # One that began before the pause has left out mappings with pending work.
        Reconciliation.search(running).action_cancel()
        runs = Reconciliation._start(self)
        # A running connection that is paused later has another reason for its pause.
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

    # === HOOKS === #

    def _notify_progress(self, last=False):
        """Hook: the outcome of a request was recorded; for live screens.

        Called once for each request and never for each registrant, in the transaction
        that is about to be committed.

        :param bool last: whether this worker is done for now
        """

    # === JOBS === #

    @api.private
    def job_work_off(self):
        """Job: send all that is due through this connection."""
        for connection in self.exists():
            SyncRun(connection, JOB_SECONDS).work()

    @api.private
    def job_enlist(self, since=None):
        """Job: take up registrants whose address was not captured, and wake the rest.

        :param str since: when the first of these jobs began; None for that one
        """
        outbox.capture_missed_until(self, since and as_moment(since))

    @api.model
    def _cron_enlist(self):
        """Take up registrants whose address was not captured."""
        for connection in self.search([("state", "=", "running")]):
            alone(self.env, outbox.capture_missed, connection)
