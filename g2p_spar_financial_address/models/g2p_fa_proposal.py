from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..const import APPROVER, CHANNELS
from ..toolkit.context_flags import (
    APPROVED,
    SKIP_RESYNC,
    channel_of,
    is_marked,
    marked,
    quiet,
)
from ..toolkit.note_field import Note
from ..toolkit.value_checks import checked
from ..values.checks import clean_note
from .g2p_fa_proposal_line import SHOWN

#: Addresses at which people are paid, or are about to be.
_LIVE = Domain("state", "in", ("to_approve", "effective"))


class G2pFaProposal(models.Model):
    """A change that decides who is paid: waiting for approval, or already made.

    For SPAR IDs and companies of registrants, strategies, providers, branches, the
    approval policy and the rule of SPAR IDs. If a second person must approve the
    change, it waits here and the record stays unchanged. Otherwise this is the audit
    trail: old value, new value, user and channel.
    """

    _name = "g2p.fa.proposal"
    _description = "Change of who is paid"
    _inherit = ["g2p.fa.second.person"]
    _order = "id desc"
    _rec_name = "subject"
    _mail_post_access = "read"
    _approval_activity = "g2p_spar_financial_address.activity_approve_change"

    subject = fields.Char("What", required=True, readonly=True)
    line_ids = fields.One2many("g2p.fa.proposal.line", "proposal_id", readonly=True)
    before = fields.Text("Old", compute="_compute_values")
    after = fields.Text("New", compute="_compute_values")
    comparison = fields.Json(
        "Old beside new",
        compute="_compute_values",
        help="The values with the differences marked. Empty where they are many: a "
        "directory import may have thousands.",
    )
    people_count = fields.Integer(
        "People touched",
        readonly=True,
        help="Registrants who are paid by what is changed, when it was proposed.",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    channel = fields.Selection(CHANNELS, required=True, readonly=True)
    state = fields.Selection(
        [
            ("to_approve", "To approve"),
            ("approved", "Approved"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
            ("at_once", "Took effect at once"),
        ],
        required=True,
        readonly=True,
        tracking=True,
    )
    reason = Note(
        help="Why it is changed. The user who proposed it may write it until it is "
        "decided."
    )
    proposed_by_id = fields.Many2one("res.users", string="Changed by", readonly=True)
    proposed_by_name = fields.Char(
        "Changed by (name)", readonly=True, help="Kept when the account is deleted."
    )
    decided_by_id = fields.Many2one("res.users", string="Decided by", readonly=True)
    decided_date = fields.Datetime("Decided on", readonly=True)
    decision_note = Note("Why it was refused or withdrawn", readonly=True)
    also_withdrawn = fields.Char(
        "Withdrawn as well",
        readonly=True,
        help="Values an older change would have written besides those changed anew. "
        "Propose them again if they still hold.",
    )
    approver_note = fields.Char("Note", compute="_compute_approver_note")
    may_decide = fields.Boolean(compute="_compute_may_decide")
    is_mine = fields.Boolean(compute="_compute_may_decide")

    _waiting = models.Index("(id) WHERE state = 'to_approve'")

    # === COMPUTE METHODS === #

    @api.depends_context("lang")
    @api.depends(
        "people_count", "line_ids.before", "line_ids.after", "line_ids.withdrawn"
    )
    def _compute_values(self):
        for proposal in self:
            lines = proposal.line_ids
            proposal.before = lines._texts("before")
            proposal.after = lines._texts("after")
            proposal.comparison = len(lines) <= SHOWN and {
                "cells": lines._comparison_cells(),
                "people": proposal.people_count,
            }

    @api.depends_context("uid")
    @api.depends("state", "proposed_by_id")
    def _compute_may_decide(self):
        approver = self.env.user.has_group(APPROVER)
        for proposal in self:
            waits = proposal.state == "to_approve"
            proposal.is_mine = waits and self.env.user in proposal._authors()
            proposal.may_decide = waits and approver and not proposal.is_mine

    @api.depends("state", "company_id", "proposed_by_id")
    def _compute_approver_note(self):
        """Show a note if no user may approve the change."""
        note = self.env._(
            "No other user has the role of an approver of payment addresses. Until a "
            "second person has it, this waits."
        )
        for proposal, fit in self._fit_approvers().items():
            lacks = proposal.state == "to_approve" and not fit
            proposal.approver_note = lacks and note

    # === CRUD METHODS === #

    def write(self, vals):
        """Allow clients to write the reason only, and only the author.

        :raise AccessError: for other fields and other users
        """
        by_hand = self.env["mail.thread"]._fields.keys() | {"activity_ids"}
        if not self.env.su and not vals.keys() <= by_hand:
            mine = all(one.is_mine for one in self)
            if not mine or not vals.keys() <= by_hand | {"reason"}:
                raise AccessError(self.env._("What was proposed stays as it is."))
        return super().write(vals)

    # === PROPOSING === #

    @api.model
    def _hold_back(self, wanted, one_each=False, **facts):
        """Propose the changes that need approval, and store the others as the trail.

        Called before the values are written.

        :param dict wanted: values to write, by record of a ``g2p.fa.decisive`` model
        :param bool one_each: whether each record is decided separately
        :param facts: values of the proposal
        :return: names of the fields that must not be written now, by record
        :rtype: dict
        :raise UserError: when the change is refused, or the user may not make it
        """
        changes, held = {}, {}
        by_model = defaultdict(list)
        for record in wanted:
            by_model[record._name].append(record.id)
        for model, ids in by_model.items():
            in_use = next(r for r in wanted if r._name == model).browse(ids)
            in_use = in_use._decisive_in_use()
            found = {r: r._decisive_changes(wanted[r]) for r in in_use}
            found = {record: new for record, new in found.items() if new}
            if found:
                in_use.browse(record.id for record in found)._check_may_propose()
                held.update(in_use._decisive_held(found))
                changes.update(found)
        waiting, at_once = {}, {}
        for record, new in changes.items():
            names = held.get(record, frozenset())
            if late := {name: new[name] for name in new if name in names}:
                record._check_proposed(late)
                waiting[record] = late
            if now := {name: new[name] for name in new if name not in names}:
                at_once[record] = now
        for state, part in (("to_approve", waiting), ("at_once", at_once)):
            self._enter(part, state, one_each, facts)
        return held

    @api.model
    def _enter(self, changes, state, one_each, facts):
        """Store these changes, in one row for each company or for each record."""
        if one_each:
            parts = [{one: new} for one, new in changes.items()]
        else:
            parts = self._by_company(changes)
        if not parts:
            return
        waits = state == "to_approve"
        lost = self._replace_waiting(changes) if waits else {}
        vals_list = []
        for part in parts:
            labels = sorted(set().union(*(lost.get(one, ()) for one in part)))
            withdrew = ", ".join(labels) or False
            vals_list.append(
                {**self._values(part, state, facts), "also_withdrawn": withdrew}
            )
        proposals = quiet(self.sudo()).create(vals_list)
        if waits:
            proposals._schedule_approval()

    @api.model
    def _by_company(self, changes):
        """Return these changes in parts: users of one company read no other's."""
        parts = defaultdict(dict)
        for record, new in changes.items():
            parts[record._decisive_company()][record] = new
        return list(parts.values())

    @api.model
    def _note_new_rule(self, settings, plan):
        """Keep which SPAR IDs registrants give up to a new rule of IDs, as the trail.

        Called before the new ones are stored. By SQL: it may be all registrants.

        :param g2p.fa.settings settings: the rule was approved if these are marked so
        :param dict plan: the new SPAR ID, or ``False`` for none, by contact id
        """
        Partner = self.env["res.partner"]
        Partner.flush_model(["spar_id", "complete_name", "company_id"])
        self.env.cr.execute(
            "SELECT id, company_id, spar_id FROM res_partner WHERE id = ANY(%s)"
            " AND spar_id IS NOT NULL ORDER BY id",
            [list(plan)],
        )
        by_company = defaultdict(dict)
        for id_, company_id, spar_id in self.env.cr.fetchall():
            by_company[company_id][id_] = spar_id
        by = {"proposed_by_id": self.env.uid, "proposed_by_name": self.env.user.name}
        if is_approved := is_marked(settings, APPROVED):
            # The trail of the rule says who proposed it.
            by = {"decided_by_id": self.env.uid, "decided_date": fields.Datetime.now()}
        for company_id, given_up in by_company.items():
            trail = quiet(self.sudo()).create(
                {
                    "subject": settings.display_name,
                    "state": "approved" if is_approved else "at_once",
                    "channel": channel_of(settings),
                    "company_id": company_id,
                    "people_count": len(given_up),
                    **by,
                }
            )
            trail._note_given_up(given_up, plan)

    def _note_given_up(self, given_up, plan):
        """Store the SPAR IDs that people of one company give up, as lines of this.

        :param dict given_up: the SPAR ID before, by contact id
        :param dict plan: the new one, or ``False`` for none, by contact id
        """
        Partner, Line = self.env["res.partner"], self.env["g2p.fa.proposal.line"]
        self.env.cr.execute(
            """INSERT INTO g2p_fa_proposal_line
                      (proposal_id, res_model, res_id, record_name, field_name, label,
                       only_shown, withdrawn, old, new, before, after, old_id_print)
               SELECT %(trail)s, 'res.partner', p.id, p.complete_name, 'spar_id',
                      %(label)s, TRUE, FALSE, to_jsonb(p.spar_id),
                      COALESCE(to_jsonb(given.new), 'false'), p.spar_id,
                      COALESCE(given.new, ''), given.print
                 FROM unnest(%(ids)s::int[], %(new)s::text[], %(prints)s::text[])
                      AS given(id, new, print)
                 JOIN res_partner p ON p.id = given.id""",
            {
                "trail": self.id,
                "label": Partner._fields["spar_id"]._description_string(self.env),
                "ids": list(given_up),
                "new": [plan[id_] or None for id_ in given_up],
                "prints": list(map(Line._id_fingerprint, given_up.values())),
            },
            log_exceptions=False,
        )
        self.invalidate_recordset(["line_ids"], flush=False)

    @api.model
    def _values(self, changes, state, facts):
        first = next(iter(changes))
        lines = [
            line
            for record, new in changes.items()
            for line in self._line_values(record, new)
        ]
        subject = first.display_name
        if len(changes) > 1:
            subject = self.env._(
                "%(name)s and %(count)s more", name=subject, count=len(changes) - 1
            )
        return {
            "subject": subject,
            "state": state,
            "channel": channel_of(first),
            "company_id": first._decisive_company().id,
            "proposed_by_id": self.env.uid,
            "proposed_by_name": self.env.user.name,
            "people_count": self._count_people(changes),
            "line_ids": [fields.Command.create(line) for line in lines],
            **facts,
        }

    @api.model
    def _line_values(self, record, new):
        for name, (old, value) in record._decisive_pairs(new).items():
            yield {
                "res_model": record._name,
                "res_id": record.id,
                "record_name": record.display_name,
                "field_name": name,
                "label": record._fields[name]._description_string(self.env),
                "only_shown": name not in new,
                "old": old,
                "new": value,
                "before": record._decisive_text(name, old),
                "after": record._decisive_text(name, value),
            }

    @api.model
    def _count_people(self, changes):
        domain = _LIVE & Domain.OR(
            record._decisive_addresses() for record in self._as_sets(changes)
        )
        ((count,),) = (
            self.env["g2p.financial.address"]
            .sudo()
            ._read_group(domain, aggregates=["partner_id:count_distinct"])
        )
        return count

    @api.model
    def _as_sets(self, records):
        """Return single records as one recordset for each model."""
        sets = {}
        for record in records:
            sets[record._name] = sets.get(record._name, record) | record
        return list(sets.values())

    @api.model
    def _replace_waiting(self, changes):
        """Withdraw waiting changes of the same fields, so that the newest is decided.

        If an effect of several fields together was shown, all changes of that record
        are withdrawn. Other records of an older proposal, such as a directory import,
        still wait.

        :return: labels of the fields withdrawn that are not changed anew, by record
        :rtype: dict
        """
        by_key = {(record._name, record.id): record for record in changes}
        same = Domain.OR(
            Domain("res_model", "=", record._name)
            & Domain("res_id", "=", record.id)
            & Domain("field_name", "in", list(new))
            for record, new in changes.items()
        )
        waits = Domain("proposal_id.state", "=", "to_approve")
        waits &= Domain("withdrawn", "=", False)
        older = self.env["g2p.fa.proposal.line"].sudo().search(waits & same)
        proposals = older.proposal_id
        proposals._lock_while("to_approve")
        touched = proposals.line_ids.filtered(lambda line: not line.withdrawn).grouped(
            lambda line: (line.proposal_id, line.res_model, line.res_id)
        )
        lost = defaultdict(set)
        for (proposal, *key), lines in touched.items():
            overlapping = lines & older
            if overlapping and any(line.only_shown for line in lines):
                others = lines._written() - overlapping
                lost[by_key[tuple(key)]].update(others.mapped("label"))
                proposal.also_withdrawn = ", ".join(others.mapped("label")) or False
                overlapping = lines
            overlapping.withdrawn = True
        going_on = proposals.filtered(lambda one: one.line_ids._written())
        # Writing the row makes an approval at the same moment start again.
        going_on.decision_note = self.env._("A part is replaced by a newer one.")
        (proposals - going_on)._close(
            "withdrawn", self.env._("Replaced by a newer one.")
        )
        return lost

    # === DECISION === #

    def action_approve(self):
        """Approve, as a second person, and write the proposed values.

        :raise AccessError: for users who are not approvers
        :raise UserError: by its own author, or when the record has changed since
        """
        self._check_may_decide()
        for proposal in self.sudo():
            proposal._close("approved", False)
            proposal._apply()

    def action_refuse(self, reason):
        """Refuse a change that another user proposed; the record stays unchanged.

        :param str reason: stored with it; required
        :raise AccessError: for users who are not approvers
        :raise UserError: without a reason, or by its own author
        """
        self._check_may_decide()
        label = self._fields["decision_note"]._description_string(self.env)
        note = checked(self.env, clean_note, reason, label)
        if not note:
            raise UserError(self.env._("Say why: the reason is kept in the history."))
        self.sudo()._close("refused", note)
        for proposal in self:
            proposal._return_to_author(proposal.sudo().proposed_by_id, note)

    def action_withdraw(self):
        """Withdraw the user's own proposal.

        :raise AccessError: for other users
        """
        self.check_access("read")
        if not all(proposal.is_mine for proposal in self):
            raise AccessError(
                self.env._("Only the user who proposed a change withdraws it.")
            )
        self.sudo()._close("withdrawn", False)

    def action_ask_reason(self):
        """Open the dialog that asks why it is refused."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refuse"),
            "res_model": "g2p.fa.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_proposal_ids": self.ids, "default_decision": "refuse"},
        }

    def _authors(self):
        proposal = self.sudo()
        return proposal.create_uid | proposal.proposed_by_id

    def _close(self, state, note):
        """Store the final decision of these changes.

        :raise UserError: when one of them has been decided already
        """
        if not self:
            return
        self._lock_while("to_approve")
        self._approval_done()
        self.write(
            {
                "state": state,
                "decision_note": note,
                "decided_by_id": self.env.uid,
                "decided_date": fields.Datetime.now(),
            }
        )

    def _apply(self):
        """Write the proposed values, if the record and the effect are as shown.

        :raise UserError: with the name of the record that has changed since
        """
        lines = self.line_ids.filtered(lambda line: not line.withdrawn)
        by_record = lines.grouped(lambda line: (line.res_model, line.res_id))
        proposed = {}
        for (model, id_), lines in by_record.items():
            record = self.env[model].browse(id_).exists()
            self._lock_rows(record)
            if not record or not lines._still_hold(record):
                raise UserError(
                    self.env._(
                        "%(name)s has been changed since this was proposed. Refuse it, "
                        "and let it be proposed anew.",
                        name=lines[0].record_name,
                    )
                )
            proposed[record] = lines._written()
        rewritten = []
        for record, lines in proposed.items():
            record = marked(marked(record, APPROVED), SKIP_RESYNC)
            values = {line.field_name: line.new for line in lines}
            record.write(values)
            is_directory = isinstance(record, self.pool["g2p.fa.decisive.directory"])
            if is_directory and record._decisive_texts() & values.keys():
                rewritten.append(record)
        told = [records._decisive_addresses() for records in self._as_sets(rewritten)]
        if told:
            self.env["g2p.financial.address"]._resync(Domain.OR(told))
