from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..const import APPROVER, EDITOR, MANDATE_FIELDS, PAYEE_FIELDS, TO_CONFIRM
from ..toolkit.context_flags import APPROVED, marked
from ..toolkit.keyed_hash import keyed_hash
from ..toolkit.note_field import Note
from .g2p_financial_address import WRITTEN_FIELDS

KEPT, DUPLICATE = "kept", "duplicate"
#: States in which a second person decides.
WAITING = ("to_approve", "undo_to_approve")
#: States in which the duplicate is merged.
MERGED = ("done", "undo_to_approve")
#: What the user who asks for a merge fills in.
ASKED = {"kept_id", "duplicate_id", "keep_spar_id", "keep_address", "reason"}
#: What only the code sets, with the values of a new merge. No client writes the hash.
FIXED = {
    "asked_by_id": False,
    "asked_date": False,
    "decided_by_id": False,
    "decided_date": False,
    "decision_note": False,
    "done_date": False,
    "state": "draft",
    "undo_asked_by_id": False,
    "undone_date": False,
}
#: What is entered on a registrant of the other one's address, besides its mandate.
PLACE = (*WRITTEN_FIELDS, "holder_name", *PAYEE_FIELDS)


class NeedsSecondPerson(Exception):
    """An address waits for a second person: so does the merge that enters it."""


class G2pFaMerge(models.Model):
    """Two registrants are one person: one is kept, the other is archived.

    A user chooses which SPAR ID and which address stay. The two contacts exchange their
    IDs if it is the duplicate's, so that none is free for a third person. All of it is
    done in one transaction, by the methods that any other change uses; so SPAR gets it
    in the order of any other change. Both histories stay where they are.

    It is undone in the same way, while the payment data of both is as the merge left
    it. Both wait for a second person where the approval policy asks for one.
    """

    _name = "g2p.fa.merge"
    _description = "Merge of duplicates"
    _inherit = ["g2p.fa.second.person"]
    _order = "id desc"
    _rec_names_search = ["kept_id", "duplicate_id"]
    _mail_post_access = "read"
    _approval_activity = "g2p_spar_financial_address.activity_approve_merge"

    kept_id = fields.Many2one(
        "res.partner",
        string="Registrant who stays",
        index="btree_not_null",
        ondelete="set null",
        domain="[('is_registrant', '=', True)]",
    )
    duplicate_id = fields.Many2one(
        "res.partner",
        index="btree_not_null",
        ondelete="set null",
        domain="[('is_registrant', '=', True), ('id', '!=', kept_id)]",
        help="The same person, registered twice. This contact is archived, and keeps "
        "its history.",
    )
    company_id = fields.Many2one(related="kept_id.company_id")
    keep_spar_id = fields.Selection(
        [(KEPT, "Of the registrant who stays"), (DUPLICATE, "Of the duplicate")],
        string="SPAR ID that stays",
        compute="_compute_choices",
        store=True,
        readonly=False,
        help="The duplicate gets the other one, so that no other person can be "
        "registered under it.",
    )
    keep_address = fields.Selection(
        [(KEPT, "Of the registrant who stays"), (DUPLICATE, "Of the duplicate")],
        string="Address that stays",
        compute="_compute_choices",
        store=True,
        readonly=False,
    )
    kept_spar_id = fields.Char("SPAR ID", compute="_compute_before", store=True)
    duplicate_spar_id = fields.Char(
        "SPAR ID of the duplicate", compute="_compute_before", store=True
    )
    kept_address_id = fields.Many2one(
        "g2p.financial.address", "Address", compute="_compute_before", store=True
    )
    duplicate_address_id = fields.Many2one(
        "g2p.financial.address",
        "Address of the duplicate",
        compute="_compute_before",
        store=True,
    )
    effect = fields.Char("At SPAR", compute="_compute_effect")
    reason = Note(help="How you know that they are one person. Kept in the history.")
    state = fields.Selection(
        [
            ("draft", "New"),
            ("to_approve", "To approve"),
            ("done", "Merged"),
            ("undo_to_approve", "Undo to approve"),
            ("undone", "Undone"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        default="draft",
        readonly=True,
        tracking=True,
    )
    asked_by_id = fields.Many2one("res.users", string="Asked for by", readonly=True)
    asked_date = fields.Datetime("Asked for on", readonly=True)
    undo_asked_by_id = fields.Many2one("res.users", string="Undo by", readonly=True)
    decided_by_id = fields.Many2one("res.users", string="Decided by", readonly=True)
    decided_date = fields.Datetime("Decided on", readonly=True)
    decision_note = Note("Why it was refused", readonly=True)
    done_date = fields.Datetime("Merged on", readonly=True)
    undone_date = fields.Datetime("Undone on", readonly=True)
    people_print = fields.Char(
        "Payment data of both",
        readonly=True,
        groups=fields.NO_ACCESS,
        help="Keyed hash of the payment data of both, as it was asked for or done.",
    )
    may_decide = fields.Boolean(compute="_compute_may")
    is_mine = fields.Boolean(compute="_compute_may")
    may_undo = fields.Boolean(compute="_compute_may_undo")
    approver_note = fields.Char("Note", compute="_compute_approver_note")

    _one_per_duplicate = models.UniqueIndex(
        "(duplicate_id) WHERE state IN ('to_approve', 'done', 'undo_to_approve')",
        "Another user has just merged this duplicate. Reload the page.",
    )
    _waiting = models.Index("(id) WHERE state IN ('to_approve', 'undo_to_approve')")

    # === COMPUTE METHODS === #

    @api.depends("kept_id", "duplicate_id")
    def _compute_display_name(self):
        for merge in self:
            merge.display_name = self.env._(
                "%(duplicate)s into %(kept)s",
                duplicate=merge.duplicate_id.display_name or "–",
                kept=merge.kept_id.display_name or "–",
            )

    @api.depends("kept_id", "duplicate_id")
    def _compute_before(self):
        people = (self.kept_id | self.duplicate_id)._origin.sudo()
        in_use = self.env["g2p.financial.address"].sudo()._in_use(people)
        for merge in self:
            for side in (KEPT, DUPLICATE):
                person = merge[f"{side}_id"]._origin.sudo()
                merge[f"{side}_spar_id"] = person and person._spar_get_id()
                merge[f"{side}_address_id"] = in_use.get(person)

    @api.depends("kept_id", "duplicate_id")
    def _compute_choices(self):
        """Propose what the registrant who stays has, or else what the other one has."""
        for merge in self:
            merge.keep_spar_id = merge._first_with("spar_id")
            merge.keep_address = merge._first_with("address_id")

    def _first_with(self, had):
        kept, other = self[f"kept_{had}"], self[f"duplicate_{had}"]
        return DUPLICATE if other and not kept else KEPT

    @api.depends(
        "kept_spar_id", "duplicate_spar_id", "keep_spar_id", "keep_address", "state"
    )
    def _compute_effect(self):
        for merge in self:
            merge.effect = bool(merge.kept_id and merge.duplicate_id) and (
                merge._effect_sentence() + merge._payee_sentence()
            )

    def _effect_sentence(self):
        """Return what the merge does at SPAR, as a sentence."""
        stays, leaves = self.kept_spar_id, self.duplicate_spar_id
        if self.keep_spar_id == DUPLICATE:
            stays, leaves = leaves, stays
        address = self[f"{self.keep_address}_address_id"].display_name
        if not stays or not address:
            return self.env._("Nothing is paid to them, so SPAR gets no row.")
        if not leaves:
            return self.env._(
                "SPAR will hold %(address)s under %(stays)s.",
                address=address,
                stays=stays,
            )
        return self.env._(
            "SPAR's row of %(leaves)s is removed, and SPAR will hold %(address)s under "
            "%(stays)s.",
            leaves=leaves,
            address=address,
            stays=stays,
        )

    def _payee_sentence(self):
        address = self[f"{self.keep_address}_address_id"]
        payee = address and address.payee_text()
        sentence = payee and self.env._("Another person receives the money: %s.", payee)
        return f" {sentence}" if sentence else ""

    @api.depends_context("uid")
    @api.depends("state", "asked_by_id", "undo_asked_by_id")
    def _compute_may(self):
        approver = self.env.user.has_group(APPROVER)
        for merge in self:
            waits = merge.state in WAITING
            merge.is_mine = waits and self.env.user in merge._authors()
            barred = waits and self.env.user in merge._barred()
            merge.may_decide = waits and approver and not barred

    @api.depends_context("uid")
    @api.depends("state")
    def _compute_may_undo(self):
        editor = self.env.user.has_group(EDITOR)
        for merge in self:
            one = merge.sudo()
            merge.may_undo = (
                editor
                and one.state == "done"
                and one._people_now() == one.people_print
                and not one._erased()
            )

    @api.depends("state")
    def _compute_approver_note(self):
        """Show a note if no user may approve it."""
        note = self.env._(
            "No other user has the role of an approver of payment addresses. Until a "
            "second person has it, this waits."
        )
        for merge, fit in self._fit_approvers().items():
            merge.approver_note = merge.state in WAITING and not fit and note

    # === CRUD METHODS === #

    # What was asked for is evidence: only the methods below write the rest.

    @api.model_create_multi
    def create(self, vals_list):
        self.check_access("create")
        for vals in vals_list:
            self._check_asked(vals)
        # A client's context may have other defaults.
        return super().create([{**FIXED, **vals} for vals in vals_list])

    def write(self, vals):
        if not self.env.su:
            self.check_access("write")
            self._check_asked(vals)
            if ASKED & vals.keys():
                if any(one.state != "draft" for one in self):
                    raise UserError(self.env._("What was asked for stays as it is."))
                # Another user could change it between the last look and the click.
                if self.create_uid - self.env.user:
                    raise AccessError(
                        self.env._("Another user began this merge. Begin one anew.")
                    )
        return super().write(vals)

    @api.model
    def _check_asked(self, vals):
        """Refuse values of fields that users do not fill in.

        :raise AccessError: naming no field, whatever it is
        """
        by_hand = ASKED.union(
            self.env["mail.thread"]._fields, self.env["mail.activity.mixin"]._fields
        )
        if not self.env.su and not vals.keys() <= by_hand:
            raise AccessError(
                self.env._("The state of a merge is not written by hand.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(merge.state != "draft" for merge in self):
            raise UserError(self.env._("The history of a merge cannot be deleted."))

    @api.autovacuum
    def _gc_drafts(self):
        """Delete merges that were not asked for within a day."""
        yesterday = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        old = [("state", "=", "draft"), ("create_date", "<", yesterday)]
        self.sudo().search(old).unlink()

    # === WHO WAS MERGED INTO WHOM === #

    @api.model
    def _kept_of(self, partners):
        """Return who stands for each of these contacts that was merged.

        :param res.partner partners: contacts, merged or not
        :return: the contact at the end of the chain, by contact
        :rtype: dict
        """
        kept, todo = {}, partners
        while todo:
            merges = self.sudo().search(
                [("duplicate_id", "in", todo.ids), ("state", "in", MERGED)]
            )
            step = {merge.duplicate_id: merge.kept_id for merge in merges}
            kept = {one: step.get(last, last) for one, last in kept.items()} or step
            todo = merges.kept_id
        return {one: last.with_env(partners.env) for one, last in kept.items()}

    @api.model
    def _duplicates_of(self, partners):
        """Return the contacts that were merged into each of these, and into those.

        :rtype: dict
        """
        into, todo = {}, partners
        while todo:
            merges = self.sudo().search(
                [("kept_id", "in", todo.ids), ("state", "in", MERGED)]
            )
            into.update({merge.duplicate_id: merge.kept_id for merge in merges})
            todo = merges.duplicate_id
        found = {partner: partner.browse() for partner in partners}
        for duplicate in into:
            last = duplicate
            while last := into.get(last):
                if last in found:
                    found[last] |= partners.browse(duplicate.id)
        return found

    # === ASKING === #

    def action_ask(self):
        """Merge the two, or have a second person approve it.

        :raise AccessError: for users who are not editors, or may not change both
        :raise UserError: when these two cannot be merged
        """
        self.ensure_one().check_access("write")
        self._check_may_ask()
        merge = self.sudo()
        merge._lock_while("draft")
        merge._compute_before()
        merge._check_mergeable()
        merge.write(
            {
                "reason": merge._cleaned_note("reason", merge.reason),
                "asked_by_id": self.env.uid,
                "asked_date": fields.Datetime.now(),
                "people_print": merge._people_now(),
            }
        )
        merge._carry_out("_merge", "to_approve")
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def action_undo(self):
        """Undo the merge, or have a second person approve that.

        :raise AccessError: for users who are not editors, or may not change both
        :raise UserError: when the payment data of one of them has changed since
        """
        self.ensure_one().check_access("write")
        self._check_may_ask()
        merge = self.sudo()
        merge._lock_while("done")
        merge._check_as_before()
        merge.undo_asked_by_id = self.env.user
        merge._carry_out("_undo", "undo_to_approve")

    def _check_may_ask(self):
        if not self.env.user.has_group(EDITOR):
            raise AccessError(
                self.env._("Only an editor of payment addresses merges registrants.")
            )
        self._people().check_access("write")

    def _people(self):
        return self.kept_id | self.duplicate_id

    def _check_mergeable(self):
        """Refuse to merge what is no pair of registrants, or is being changed.

        :raise UserError: with the reason
        """
        people = self._people()
        registrants = people.filtered(
            lambda one: one.active and one._spar_is_registrant()
        )
        if len(registrants) < 2:
            raise UserError(
                self.env._("Choose two different registrants who are not archived.")
            )
        people._check_payment_data_stays()
        waiting = Domain("state", "in", WAITING) & Domain("id", "not in", self.ids)
        concerned = Domain("kept_id", "in", people.ids)
        concerned |= Domain("duplicate_id", "in", people.ids)
        if any(self._waiting_for(people)) or self.search(waiting & concerned, limit=1):
            raise UserError(
                self.env._(
                    "A change of one of them waits for a second person. Have it "
                    "decided first."
                )
            )
        self._check_chosen("keep_spar_id", "spar_id")
        self._check_chosen("keep_address", "address_id")
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept in the history."))

    def _check_chosen(self, choice, had):
        sides = (KEPT, DUPLICATE) if self[choice] == KEPT else (DUPLICATE, KEPT)
        chosen, other = (self[f"{side}_{had}"] for side in sides)
        if other and not chosen:
            name = self[f"{sides[0]}_id"].display_name
            if choice == "keep_spar_id":
                raise UserError(
                    self.env._(
                        "%(name)s has no SPAR ID. Choose the other one.", name=name
                    )
                )
            raise UserError(
                self.env._(
                    "%(name)s has no payment address in use. Choose the other one.",
                    name=name,
                )
            )

    def _waiting_for(self, people):
        """Return the ids of what waits for a second person, about these contacts."""
        addresses = self.env["g2p.financial.address"].pending_of(people)
        lines = self.env["g2p.fa.proposal.line"].search(
            [
                ("res_model", "=", people._name),
                ("res_id", "in", people.ids),
                ("withdrawn", "=", False),
                ("proposal_id.state", "=", "to_approve"),
            ]
        )
        return addresses.ids, lines.ids

    def _cleaned_note(self, name, text):
        addresses = self.kept_address_id | self.duplicate_address_id
        # It is the user's question, whatever the merge may do for them.
        return addresses.sudo(False)._cleaned_text(text, self._fields[name])

    # === WHAT THE PAYMENT DATA OF BOTH IS === #

    def _people_now(self):
        """Return the keyed hash of what decides who of the two is paid where.

        Equal values are equal whether or not there were others meanwhile. So a merge
        can be undone once a later one was.
        """
        people = self._people()
        sources = people._spar_id_rule().sources
        names = ["spar_id", "active", "is_registrant", "payment_removal_date"]
        in_use = self.env["g2p.financial.address"]._in_use(people)
        parts = [self._waiting_for(people)]
        for person in (self.kept_id, self.duplicate_id):
            parts.append([person.id, *(str(person[name]) for name in names)])
            parts.append([str(person._spar_id_read(source)) for source in sources])
            if address := in_use.get(person):
                place = address._convert_to_write({n: address[n] for n in PLACE})
                parts.append([place[name] or False for name in PLACE])
        return keyed_hash(self.env, f"merge|{parts}")[:40]

    def _check_as_before(self):
        """Refuse when what was asked for, or done, is not so any more.

        :raise UserError: with the names of both
        """
        if self._people_now() != self.people_print:
            raise UserError(
                self.env._(
                    "%(names)s: the payment data has been changed since.",
                    names=", ".join(self._people().mapped("display_name")),
                )
            )
        if self._erased():
            raise UserError(
                self.env._("The number of an address was erased. Enter it anew.")
            )

    def _erased(self):
        addresses = self.kept_address_id | self.duplicate_address_id
        return bool(addresses.filtered("erased_date"))

    # === CARRYING IT OUT === #

    def _carry_out(self, work, waiting_state):
        """Do it now, or let it wait for a second person.

        :param str work: name of the method that does it
        :param str waiting_state: the state while it waits
        """
        if not self._asks_second_person(work):
            try:
                with self.env.cr.savepoint():
                    getattr(self, work)()
                return
            except NeedsSecondPerson:
                # What was done is rolled back.
                self.invalidate_recordset()
        self.state = waiting_state
        self._schedule_approval()

    def _asks_second_person(self, work):
        """Return whether the approval policy asks for one, for one of the two.

        Whether the address that is entered needs one for another cause, entering it
        shows.
        """
        people = self._people()
        policy = self.env["g2p.fa.policy"]
        types = set().union(*people._paid_types().values())
        changes = self._changes(active=work == "_undo")
        return any(policy.asks_approval(one, "admin") for one in types) or bool(
            people._decisive_held(changes)
        )

    def _changes(self, active):
        """Return the values that change on the contacts, by contact.

        :param bool active: whether the duplicate is to be active
        :rtype: dict
        """
        changes = {self.kept_id: {}, self.duplicate_id: {"active": active}}
        if self.keep_spar_id == DUPLICATE:
            for person, other in self._exchanged():
                changes[person].update(other)
        changes = {one: one._decisive_changes(new) for one, new in changes.items()}
        return {one: new for one, new in changes.items() if new}

    def _exchanged(self):
        """Return each of the two, with the values that the other's ID is made of."""
        names = self.kept_id._spar_id_columns()
        pairs = (
            (self.kept_id, self.duplicate_id),
            (self.duplicate_id, self.kept_id),
        )
        return [
            (person, {name: other._decisive_value(name) for name in names})
            for person, other in pairs
        ]

    def _merge(self, approver=None):
        """End the duplicate's address, and give the registrant what was chosen."""
        Address = self.env["g2p.financial.address"]
        self._note_changes(active=False, approver=approver)
        note = self.env._("Merged with a duplicate.")
        Address.end(self.duplicate_id, note, "admin")
        if self.keep_spar_id == DUPLICATE:
            self._exchange_ids()
        marked(self.duplicate_id, APPROVED).write({"active": False})
        if self.keep_address == DUPLICATE and self.duplicate_address_id:
            self._enter(self.kept_id, self.duplicate_address_id, self.reason, approver)
        self.write({"state": "done", "done_date": fields.Datetime.now()})
        self.people_print = self._people_now()

    def _undo(self, approver=None):
        """Give both what they had before."""
        reason = self.env._("A merge of duplicates was undone.")
        self._note_changes(active=True, approver=approver)
        moved = self.keep_address == DUPLICATE and self.duplicate_address_id
        last = moved and self.env["g2p.financial.address"]._in_use(self.kept_id)
        # A mandate that has ended meanwhile would have ended the address.
        before, of_duplicate = (
            address.filtered(lambda one: not one._is_mandate_over())
            for address in (self.kept_address_id, self.duplicate_address_id)
        )
        if moved:
            if before:
                self._enter(self.kept_id, before, reason, approver)
            else:
                self.env["g2p.financial.address"].end(self.kept_id, reason, "admin")
        if self.keep_spar_id == DUPLICATE:
            self._exchange_ids()
        self.write({"state": "undone", "undone_date": fields.Datetime.now()})
        marked(self.duplicate_id, APPROVED).write({"active": True})
        if of_duplicate:
            said_of = moved and last[self.kept_id]
            self._enter(self.duplicate_id, of_duplicate, reason, approver, said_of)

    def _note_changes(self, active, approver):
        """Keep the changes of the contacts in the trail of such changes."""
        facts = {"reason": self.reason}
        if approver:
            facts["decided_by_id"] = approver.id
            facts["decided_date"] = fields.Datetime.now()
        self.env["g2p.fa.proposal"]._enter(
            self._changes(active), "approved" if approver else "at_once", False, facts
        )

    def _exchange_ids(self):
        """Let the two contacts exchange their SPAR IDs.

        :raise UserError: where the registry makes them of something else
        """
        before = self.kept_id.spar_id, self.duplicate_id.spar_id
        sources = self.kept_id._spar_id_rule().sources
        (kept, of_duplicate), (duplicate, of_kept) = self._exchanged()
        # At no moment do both have the same ID.
        gone = {"is_registrant": False} if sources else {"spar_id": False}
        marked(duplicate, APPROVED).write(gone)
        marked(kept, APPROVED).write(of_duplicate)
        marked(duplicate, APPROVED).write({**of_kept, "is_registrant": True})
        if (duplicate.spar_id, kept.spar_id) != before:
            raise UserError(
                self.env._(
                    "The registry makes these SPAR IDs of other records. Change the ID "
                    "there, and keep the ID of the registrant who stays."
                )
            )

    def _enter(self, person, address, reason, approver, said_of=None):
        """Enter an address of one of the two on the other, or anew.

        :param said_of: the same place where it was in use last, if it was elsewhere
        """
        place = address._convert_to_write({name: address[name] for name in PLACE})
        whole = address.sudo().with_context(bin_size=False)
        mandate = {name: whole[name] for name in MANDATE_FIELDS if whole[name]}
        entry = {**place, **mandate, "partner_id": person.id, "reason": reason}
        # The registrant has confirmed nothing.
        said_of = said_of or address
        origin = {name: said_of[name] for name in ("confirmed_on", *TO_CONFIRM)}
        entered = self.env["g2p.financial.address"].submit([entry], "admin", [origin])
        waiting = entered.filtered(lambda one: one.state == "to_approve")
        if waiting and not approver:
            raise NeedsSecondPerson
        if waiting:
            waiting.with_user(approver).sudo(False).action_approve()

    # === THE SECOND PERSON === #

    def action_approve(self):
        """Approve, as a second person, a merge or its undoing; it is carried out.

        :raise AccessError: for users who are not approvers, or may not see both
        :raise UserError: by its own author, or when the payment data has changed since
        """
        self._check_may_decide()
        for merge in self.sudo():
            merge._lock_while(*WAITING)
            undoes = merge.state == "undo_to_approve"
            merge._check_as_before()
            merge._decided(merge.state, False)
            author = merge.undo_asked_by_id if undoes else merge.asked_by_id
            acting = merge.with_user(author).sudo()
            (acting._undo if undoes else acting._merge)(self.env.user)

    def action_refuse(self, reason):
        """Refuse a merge or its undoing; nothing is changed.

        :param str reason: stored with it; required
        :raise AccessError: for users who are not approvers
        :raise UserError: without a reason, or by its own author
        """
        self._check_may_decide()
        for merge in self.sudo():
            note = merge._cleaned_note("decision_note", reason)
            if not note:
                raise UserError(
                    self.env._("Say why: the reason is kept in the history.")
                )
            merge._lock_while(*WAITING)
            undoes = merge.state == "undo_to_approve"
            author = merge.undo_asked_by_id if undoes else merge.asked_by_id
            merge._decided("done" if undoes else "refused", note)
            merge.with_env(self.env)._return_to_author(author, note)

    def action_withdraw(self):
        """Withdraw what the user asked for.

        :raise AccessError: for other users
        """
        self.check_access("read")
        if not all(merge.is_mine for merge in self):
            raise AccessError(
                self.env._("Only the user who asked for a merge withdraws it.")
            )
        for merge in self.sudo():
            merge._lock_while(*WAITING)
            undoes = merge.state == "undo_to_approve"
            merge._decided("done" if undoes else "withdrawn", False)

    def action_ask_reason(self):
        """Open the dialog that asks why it is refused."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refuse"),
            "res_model": "g2p.fa.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_merge_ids": self.ids, "default_decision": "refuse"},
        }

    def _authors(self):
        authors = self.env["res.users"].sudo()
        for merge in self.sudo():
            undoes = merge.state == "undo_to_approve"
            asked = merge.create_uid | merge.asked_by_id
            authors |= merge.undo_asked_by_id if undoes else asked
        return authors

    def _barred(self):
        """Return who may not approve this: also who entered the address that moves."""
        barred = self._authors()
        for merge in self.sudo():
            if merge.keep_address == DUPLICATE and merge.state != "undo_to_approve":
                barred |= merge.duplicate_address_id._authors()
        return barred

    def _fit_approvers(self):
        found = super()._fit_approvers()
        for merge, fit in found.items():
            # Who sees one of them only cannot compare them.
            companies = merge.duplicate_id.company_id
            found[merge] = fit.filtered(
                lambda user, theirs=companies: theirs <= user.company_ids
            )
        return found

    def _check_may_decide(self):
        result = super()._check_may_decide()
        self._people().check_access("read")
        if any(self.env.user in merge._barred() for merge in self):
            raise UserError(
                self.env._(
                    "You entered the address yourself that the registrant would get. A "
                    "second person must look at it."
                )
            )
        return result

    def _decided(self, state, note):
        self._approval_done()
        self.write(
            {
                "state": state,
                "decision_note": note,
                "decided_by_id": self.env.uid,
                "decided_date": fields.Datetime.now(),
            }
        )

    def _lock_while(self, *states):
        result = super()._lock_while(*states)
        self._lock_rows(self._people())
        return result

    # === RETENTION === #

    @api.model
    def _forget(self, partners):
        """Erase the SPAR IDs of people whose payment data is removed."""
        for side in (KEPT, DUPLICATE):
            self.search([(f"{side}_id", "in", partners.ids)]).write(
                {"kept_spar_id": False, "duplicate_spar_id": False}
            )
