from dateutil.relativedelta import relativedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..const import ADMINISTRATOR, APPROVER, LIVE_STATES, RETURNED
from ..toolkit.note_field import Note
from ..toolkit.transactions import alone

#: Which state may follow which. Nothing leaves refused or ended.
FOLLOWERS = {
    "draft": {"to_approve", "effective", "ended"},
    "to_approve": {"effective", "refused", "ended"},
    "effective": {"ended"},
}

#: Channels where a person types the change and can be asked why.
TYPED_CHANNELS = {"admin", "portal"}

CHANGE_RATE_ALERT = "g2p_spar_financial_address.activity_burst"


class G2pFinancialAddress(models.Model):
    """The states of an address: draft, waiting for approval, in use, ended, refused."""

    _inherit = "g2p.financial.address"
    _approval_activity = "g2p_spar_financial_address.activity_approve"
    approval_cause = fields.Selection(
        [
            ("policy", "A second person looks at this type and channel"),
            ("shared", "Other registrants are paid at the same place"),
            ("refused", "A second person refused this number for this registrant"),
        ],
        string="Why it is approved",
        readonly=True,
        copy=False,
    )
    approved_by_id = fields.Many2one(
        "res.users", string="Approved by", readonly=True, copy=False
    )
    ended_by_id = fields.Many2one(
        "res.users", string="Ended by", readonly=True, copy=False
    )
    decision_note = Note("Why it was refused or ended", readonly=True, copy=False)
    previous_masked = fields.Char(related="previous_id.masked", string="Number before")
    may_decide = fields.Boolean(compute="_compute_may_decide")
    approval_note = fields.Char("Note", compute="_compute_approval_note")
    _one_pending_per_registrant = models.UniqueIndex(
        "(partner_id) WHERE state = 'to_approve'",
        "Another user has just entered an address for this registrant. Reload the page "
        "and look at it before you enter another.",
    )
    _to_approve = models.Index("(id) WHERE state = 'to_approve'")
    _entered = models.Index("(create_date)")

    @api.depends_context("uid")
    @api.depends("state", "entered_by_id")
    def _compute_may_decide(self):
        approver = self.env.user.has_group(APPROVER)
        for address in self:
            address.may_decide = (
                approver
                and address.state == "to_approve"
                and self.env.user not in address._barred()
            )

    @api.depends_context("uid", "lang")
    @api.depends("approval_cause", "may_decide", "masked", "previous_id")
    def _compute_approval_note(self):
        """Say what the second person does not see in the address itself."""
        causes = dict(self._fields["approval_cause"]._description_selection(self.env))
        for address in self:
            notes = [address._number_hint()]
            if address.approval_cause in ("shared", "refused"):
                notes.insert(0, f"{causes[address.approval_cause]}.")
            address.approval_note = " ".join(filter(None, notes))

    def _number_hint(self):
        """Return that another number looks the same, masked, to who decides on it.

        The author does not hear it: it would tell whether a number is right.
        """
        new, old = self.sudo(), self.sudo().previous_id
        names = ("fa_type", "dfsp_id", "masked")
        is_alike = old and all(old[name] == new[name] for name in names)
        if not (self.may_decide and is_alike and old.fingerprint != new.fingerprint):
            return ""
        return self.env._("This is another number, though it looks the same.")

    # === FROM DRAFT TO IN USE === #

    def _activate(self, known=None):
        """Put complete drafts in use, or ask a second person for approval.

        Of several for one registrant, the last one counts; the others are ended.

        :param known: what :meth:`_find_known` has found for them, where it is known
        :raise ValidationError: when one of them may not be used
        """
        ready = self.filtered(lambda address: address.state == "draft")
        ready = ready.filtered("dfsp_id").sorted("id")
        if not ready:
            return
        newest = self.browse({a.partner_id: a.id for a in ready}.values())
        newest._check_payable()
        if known is None:
            known = self._find_known([{"partner_id": a.partner_id.id} for a in newest])
        # Whether messages are wanted, this environment says.
        known = known.with_env(self.sudo().env)
        partner_ids = {address.partner_id.id for address in newest}
        known = known.filtered(lambda a: a.partner_id.id in partner_ids)
        refused = known.filtered(lambda address: address.state == "refused")
        live = known.filtered(lambda address: address.state in LIVE_STATES)
        in_use = {a.partner_id: a for a in live if a.state == "effective"}
        newest._check_reason(in_use)
        refused._returned_done()
        waiting = newest._needing_approval(refused)
        live.filtered(lambda address: address.state == "to_approve")._close(
            "ended", self.env._("Replaced by a newer entry before it was approved.")
        )
        (ready - newest)._close("ended", self.env._("Replaced in the same entry."))
        # Ended rows first: the unique indexes allow one address of a state at any
        # moment.
        self.env["g2p.financial.address"].flush_model(["state"])
        (newest - waiting)._put_in_use(in_use)
        waiting._set_previous(in_use)
        waiting._ask_approval()

    def _check_payable(self):
        """Refuse an address at which the registrant could not be paid.

        :raise ValidationError: with the reason
        """
        self._check_registrant()
        self._check_branch_required()
        self._check_mandates()
        self.partner_id._check_payment_data_stays()
        self.partner_id._check_not_merged()
        for dfsp in self.dfsp_id:
            if not dfsp.active:
                raise ValidationError(
                    self.env._(
                        "%(provider)s is archived. Choose another provider.",
                        provider=dfsp.name,
                    )
                )
        for branch in self.branch_id:
            if not branch.active:
                raise ValidationError(
                    self.env._(
                        "The branch %(branch)s is archived. Choose another branch.",
                        branch=branch.name,
                    )
                )
        # Raises if SPAR could not read the text back.
        self._spar_values()

    def _set_previous(self, in_use):
        for address in self:
            previous = in_use.get(address.partner_id, self.browse())
            if address.previous_id != previous:
                address.sudo().previous_id = previous

    def _check_reason(self, in_use):
        for address in self:
            if (
                address.partner_id in in_use
                and address.channel in TYPED_CHANNELS
                and not address.reason
            ):
                raise ValidationError(
                    self.env._("Say why the payment address is changed.")
                )

    def _needing_approval(self, refused):
        """Return the addresses that a second person must approve; store the cause.

        A number that a second person refused for the registrant needs approval in every
        channel: otherwise it would enter by one whose policy asks for none.

        The policy for the replaced type applies, too, whether it is in use or waits:
        otherwise a wallet could replace a bank account without a second person.

        :param refused: all addresses that were refused for their registrants
        """
        policy = self.env["g2p.fa.policy"]
        self._count_entries_outside()
        kept = {one: one.approval_cause for one in self.sudo() if one.approval_cause}
        causes = {**kept, **self._find_shared()}
        causes |= dict.fromkeys(self._with_refused_number(refused), "refused")
        ways = {address: address._judged_channels() for address in self.sudo()}
        asking = {way for way in set().union(*ways.values()) if policy._asks(way)}
        before = self.partner_id._paid_types() if asking else {}
        for address in self if asking else ():
            types = {address.fa_type, *before.get(address.partner_id.id, ())}
            if any(
                policy.asks_approval(t, way) for t in types for way in ways[address]
            ):
                causes.setdefault(address, "policy")
        for address, cause in causes.items():
            address.sudo().approval_cause = cause
        return self.browse(address.id for address in causes)

    def _with_refused_number(self, refused):
        """Return those whose number a second person refused for their registrant.

        Of several decisions, the last one counts. Erased numbers are not known.

        :param refused: all addresses that were refused for these registrants
        """
        prints = {*refused.mapped("fingerprint")} & {*self.sudo().mapped("fingerprint")}
        if not prints:
            return self.browse()
        approved = self.sudo().search(
            [
                ("partner_id", "in", refused.partner_id.ids),
                ("fingerprint", "in", list(prints)),
                ("approved_by_id", "!=", False),
            ]
        )
        # One waits at a time, so they were decided in the order of entry.
        decided = (refused | approved).sorted("id")
        last = {(one.partner_id, one.fingerprint): one.state for one in decided}
        return self.filtered(
            lambda one: last.get((one.partner_id, one.sudo().fingerprint)) == "refused"
        )

    def _judged_channels(self):
        """Return the channels whose approval policy applies.

        If users of the registry completed, corrected or confirmed the address, the
        policy of the admin form applies, too; in a file of contacts, that of files.
        """
        self.ensure_one()
        channels = {self.channel, "admin"} if self.author_ids else {self.channel}
        return channels | ({"import"} if self.env.context.get("import_file") else set())

    @api.model
    def _last_types(self, partners):
        """Return the type of each registrant's address in use, or of the last one.

        :rtype: dict
        """
        self.flush_model(["partner_id", "fa_type", "state", "effective_date"])
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (partner_id) partner_id, fa_type
                     FROM g2p_financial_address
                    WHERE partner_id = ANY(%s) AND effective_date IS NOT NULL
                    ORDER BY partner_id, effective_date DESC, id DESC""",
                partners.ids,
            )
        )
        return {self.env["res.partner"].browse(id_): kind for id_, kind in rows}

    def _put_in_use(self, in_use):
        """Replace the addresses in use by these, and call the SPAR engine's hook."""
        if not self:
            return
        replaced = self.browse(
            in_use[partner].id for partner in self.partner_id if partner in in_use
        )
        replaced._close("ended", self.env._("Replaced by a newer address."))
        self.env["g2p.financial.address"].flush_model(["state"])
        self._set_previous(in_use)
        now = fields.Datetime.now()
        self._set_state("effective", effective_date=now)
        # Moved to another provider, a number is as old as it was.
        self.filtered(lambda one: not one.confirmed_on).sudo().confirmed_on = now
        for channel, addresses in self.grouped("channel").items():
            addresses.partner_id._financial_address_changed(channel)

    @api.private
    @api.model
    def pending_of(self, partners):
        """Return the addresses of these registrants that wait for a second person.

        :param res.partner partners: the registrants
        """
        return self.sudo().search(
            [("partner_id", "in", partners.ids), ("state", "=", "to_approve")]
        )

    # === THE SECOND PERSON === #

    def action_approve(self):
        """Approve, as a second person, addresses that other users entered.

        :raise UserError: when one does not wait for approval, or by its own author
        :raise AccessError: for users who are not approvers
        """
        self._check_may_decide()
        # Provider, policy or other registrants may have changed since it was entered.
        self._check_payable()
        self._find_shared()
        self._check_other_halves()
        self.sudo().approved_by_id = self.env.user
        self.sudo().sharing_id._approved()
        in_use = self.sudo()._in_use(self.partner_id)
        self._put_in_use(in_use)
        self._approval_done()

    def action_refuse(self, reason):
        """Refuse addresses that other users entered; the addresses in use stay.

        :param str reason: stored with the address and shown to its author; required
        :raise UserError: without a reason, or by its own author
        :raise AccessError: for users who are not approvers
        """
        self._check_may_decide()
        note = self._clean_decision(reason)
        if not note:
            raise UserError(self.env._("Say why: the reason is kept in the history."))
        self._close("refused", note)
        for address in self:
            address._return_to_author(address.sudo().entered_by_id, note)

    def action_end(self, reason=None):
        """Stop paying here: the registrant is left without a payment address.

        :param str reason: why; kept with the address
        :raise UserError: when there is none in use
        """
        self.check_access("write")
        in_use = self.filtered(lambda address: address.state == "effective")
        if not in_use:
            raise UserError(self.env._("There is no address in use to end."))
        self.end(in_use.partner_id, reason, "admin")

    def action_enter_again(self):
        """Open the dialog that enters an address, with what this one says.

        :raise UserError: when another one was entered meanwhile
        """
        self.ensure_one()
        if self.partner_id.returned_address_id != self:
            raise UserError(
                self.env._("Another address was entered for this person meanwhile.")
            )
        return self.partner_id.action_enter_again()

    def action_ask_reason(self):
        """Open the dialog that asks why, for the decision named in the context."""
        titles = {
            "refuse": self.env._("Refuse"),
            "mark": self.env._("Ask for a confirmation"),
            "end": self.env._("End the payment address"),
        }
        asked = self.env.context.get("decision")
        decision = asked if asked in titles else "end"
        return {
            "type": "ir.actions.act_window",
            "name": titles[decision],
            "res_model": "g2p.fa.decision",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_address_ids": self.ids,
                "default_decision": decision,
            },
        }

    def _authors(self):
        """Return all users who created, entered or changed these addresses."""
        address = self.sudo()
        return address.create_uid | address.entered_by_id | address.author_ids

    def _barred(self):
        """Return who may not approve this: also who entered another half of a sharing.

        Approving accepts the sharing, which is to be judged by a second person.
        """
        sharing = self.sudo().sharing_id.filtered(lambda one: one.state == "review")
        others = sharing._live_addresses()
        return self._authors().union(*(other._authors() for other in others))

    def _check_other_halves(self):
        if any(self.env.user in address._barred() for address in self):
            raise UserError(
                self.env._(
                    "You entered another address at this account or wallet yourself. "
                    "A second person must look at it."
                )
            )

    def _check_may_decide(self):
        self._check_approver()
        for address in self:
            if address.state != "to_approve":
                raise UserError(
                    self.env._("This address is no longer waiting for approval.")
                )
            # Also in superuser mode, so that no channel can avoid this check.
            if self.env.user in address._authors():
                raise UserError(
                    self.env._(
                        "You entered this address yourself. A second person must "
                        "look at it."
                    )
                )

    def _ask_approval(self):
        """Let these addresses wait, each with an activity of an approver."""
        if self:
            self._set_state("to_approve")
            self._schedule_approval()

    # === WHAT WAS REFUSED, AND ITS AUTHOR === #

    def _returned_done(self):
        """Finish the to-dos about these, which were refused."""
        if not self:
            return
        kind = self.env.ref(RETURNED)
        self.env["mail.activity"].sudo().search(
            [
                ("activity_type_id", "=", kind.id),
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
            ]
        ).unlink()

    # === THE ONE PLACE WHERE A STATE CHANGES === #

    def _clean_decision(self, reason):
        return self._cleaned_text(reason, self._fields["decision_note"])

    def _close(self, state, note):
        """End or refuse these addresses; both states are final."""
        if self:
            waiting = self.filtered(lambda address: address.state == "to_approve")
            waiting._approval_done()
            self._renewal_done()
            self._set_state(
                state,
                end_date=fields.Datetime.now(),
                ended_by_id=self.env.uid,
                decision_note=note,
            )

    def _set_state(self, state, **facts):
        """Change the state of these addresses; every change of a state is made here.

        :param facts: values of other fields that change with it
        :raise UserError: when one of them cannot change to it, because another
            user has just changed its state
        """
        for address in self:
            if state not in FOLLOWERS.get(address.state, ()):
                raise UserError(
                    self.env._("Another user has just decided this. Reload the page.")
                )
        self.sudo().write({"state": state, **facts})

    # === CHANGE-RATE ALERT === #

    # An approver is alerted once if a user changes many addresses in a short time. The
    # changes are not stopped, because a campaign causes as many.

    @api.model
    def _cron_watch_bursts(self):
        """Alert others to a user who changed, or asked for, many numbers this hour.

        Also give to-dos to others whose users may not do them any more: roles and
        companies change in more ways than by writing a user.
        """
        alone(self.env, self._hand_over_all_todos)
        self.env["g2p.fa.reveal"].sudo()._watch_questions()
        limit = self.env["g2p.fa.settings"].cached_values()["burst_limit"]
        if not limit:
            return
        for person_id, count, newest in self.sudo()._many_changes(limit):
            person = self.env["res.users"].browse(person_id)
            alone(
                self.env, self.sudo().browse(newest)._alert_change_rate, person, count
            )

    @api.model
    def _hand_over_all_todos(self):
        self.env["mail.activity"]._spar_todos()._spar_hand_over()

    @api.model
    def _many_changes(self, limit):
        """Return the users with more changes of payment data in an hour than allowed.

        A change is an address for a registrant who has had one in use, also if another
        user ended that, and an end that no new address follows. So is a change of a
        SPAR ID, of being a registrant, of the company, and archiving a contact. First
        entries come in masses, and entries of ODK and the API have no user as author. A
        draft is no change: its author could delete it, and the to-do with it.

        :return: ids of users, the number of changes, and the id of the newest address
        :rtype: list[tuple]
        """
        self.flush_model()
        return self.env.execute_query(
            SQL(
                """WITH entered AS (
                       SELECT a.id, a.entered_by_id FROM g2p_financial_address a
                        WHERE a.state != 'draft'
                          AND a.channel IN ('admin', 'portal', 'import')
                          AND (a.create_date > %(since)s
                               OR a.effective_date > %(since)s
                                  AND a.approved_by_id IS NULL
                               OR a.state = 'to_approve' AND a.write_date > %(since)s)
                          AND EXISTS (SELECT FROM g2p_financial_address b
                                       WHERE b.partner_id = a.partner_id
                                         AND b.id < a.id
                                         AND b.effective_date IS NOT NULL)
                   ), changed (id, person) AS (
                       SELECT id, entered_by_id FROM entered
                       UNION
                       SELECT e.id, w.res_users_id FROM entered e
                         JOIN g2p_financial_address_res_users_rel w
                           ON w.g2p_financial_address_id = e.id
                       UNION
                       SELECT a.id, a.ended_by_id FROM g2p_financial_address a
                        WHERE a.state = 'ended' AND a.end_date > %(since)s
                          AND a.ended_by_id != %(robot)s
                          AND a.effective_date IS NOT NULL
                          AND NOT EXISTS (SELECT FROM g2p_financial_address b
                                           WHERE b.partner_id = a.partner_id
                                             AND b.id > a.id AND b.state != 'draft')
                       UNION
                       SELECT max(a.id), p.proposed_by_id
                         FROM g2p_fa_proposal p
                         JOIN g2p_fa_proposal_line l ON l.proposal_id = p.id
                         JOIN g2p_financial_address a ON a.partner_id = l.res_id
                        WHERE p.create_date > %(since)s
                          AND p.state IN ('at_once', 'to_approve')
                          AND p.channel IN ('admin', 'portal', 'import')
                          AND p.proposed_by_id != %(robot)s
                          AND l.res_model = 'res.partner'
                          AND l.withdrawn IS NOT TRUE
                          AND (l.field_name = 'spar_id' AND l.before != ''
                               OR l.field_name = ANY(%(paid_by)s))
                          AND a.effective_date IS NOT NULL
                        GROUP BY p.id, p.proposed_by_id, l.res_id
                   )
                   SELECT person, count(*), max(id) FROM changed
                    WHERE person IS NOT NULL
                    GROUP BY person HAVING count(*) > %(limit)s""",
                since=fields.Datetime.now() - relativedelta(hours=1),
                limit=limit,
                robot=SUPERUSER_ID,
                paid_by=[
                    "active",
                    "company_id",
                    *self.env["res.partner"]._spar_paid_fields(),
                ],
            )
        )

    def _alert_change_rate(self, person, count):
        """Ask one approver, or an administrator where no other user is approver."""
        approvers = self._fit_approvers()[self]
        company = self.company_id
        administrators = (
            self.env.ref(ADMINISTRATOR)
            .sudo()
            .all_user_ids.filtered(
                lambda user: not company or company in user.company_ids
            )
        )
        self.env["mail.activity"]._alert_to_person(
            CHANGE_RATE_ALERT,
            person,
            self,
            approvers | administrators,
            summary=self.env._("Many changes by %(name)s", name=person.name),
            note=self.env._(
                "%(name)s changed %(count)s payment addresses within an hour. Look at "
                "them in the lists of payment addresses and of changes of who is paid.",
                name=person.name,
                count=count,
            ),
        )
