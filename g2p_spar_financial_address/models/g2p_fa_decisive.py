from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import VIEWER
from ..toolkit.context_flags import APPROVED, SKIP_RESYNC, is_marked


class G2pFaDecisive(models.AbstractModel):
    """A model with fields that decide who is paid, apart from the address itself.

    While a record is in use, a change of such a field waits for a second person where
    :meth:`_decisive_held` says so. Every change of it is kept with old and new value,
    see ``g2p.fa.proposal``. A record that is not in use is written like any other.
    """

    _name = "g2p.fa.decisive"
    _description = "Decides who is paid"

    waiting_changes = fields.Text(
        compute="_compute_waiting_changes",
        groups=VIEWER,
        help="Changes that a second person has not approved yet.",
    )
    waiting_comparison = fields.Json(
        "Old beside new",
        compute="_compute_waiting_changes",
        groups=VIEWER,
        help="The same changes with the differences marked, and how many people they "
        "touch.",
    )

    @api.depends_context("uid", "lang")
    def _compute_waiting_changes(self):
        lines = self.env["g2p.fa.proposal.line"].search(
            [
                ("proposal_id.state", "=", "to_approve"),
                ("withdrawn", "=", False),
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
            ]
        )
        by_record = lines.grouped("res_id")
        for record in self:
            mine = by_record.get(record._origin.id, lines.browse())
            texts = [line._sentence() for line in mine]
            notes = sorted(set(mine.proposal_id.mapped("approver_note")) - {False})
            record.waiting_changes = "\n".join([*texts, *notes])
            record.waiting_comparison = {
                "cells": mine._comparison_cells(),
                "people": max(mine.proposal_id.mapped("people_count"), default=0),
                "note": " ".join(notes),
            }

    # === HOOKS OF A MODEL === #

    @api.model
    def _decisive_names(self):
        """Return the names of the fields that decide who is paid.

        :rtype: set
        """
        raise NotImplementedError

    def _decisive_in_use(self):
        """Return the records among these that payments depend on."""
        return self

    def _decisive_changes(self, vals):
        """Return the decisive values that differ from what is stored.

        :param dict vals: values to write
        :rtype: dict
        """
        self.ensure_one()
        names = self._decisive_names() & vals.keys()
        return {
            name: vals[name] or False
            for name in sorted(names)
            if self._decisive_value(name) != (vals[name] or False)
        }

    def _decisive_held(self, changes):
        """Return which of these changes wait for a second person.

        :param dict changes: new values by name, by record
        :return: names of fields by record; without records that have none
        :rtype: dict
        """
        raise NotImplementedError

    def _decisive_addresses(self):
        """Return a domain of the payment addresses that depend on these records.

        :rtype: Domain
        """
        raise NotImplementedError

    def _decisive_shown(self, changes):
        """Return further effects of these changes, which are shown and stored.

        :return: old and new value by name of a field
        :rtype: dict
        """
        return {}

    def _decisive_pairs(self, changes):
        """Return old and new value of what is written and of what is shown, by name."""
        pairs = {name: (self._decisive_value(name), changes[name]) for name in changes}
        return {**pairs, **self._decisive_shown(changes)}

    def _decisive_company(self):
        """Return the company whose approvers decide, if there is one company only."""
        return self.env["res.company"]

    def _check_may_propose(self):
        """Refuse users who may not change these records."""
        self.check_access("write")

    def _check_proposed(self, changes):
        """Refuse a change that could not be written when it is approved.

        :param dict changes: new values by name
        :raise ValidationError: with the reason
        """
        self._decisive_draft(changes)._validate_fields(changes)

    def _decisive_draft(self, changes):
        """Return this record as it would be with these values, without writing them."""
        # Odoo keeps one draft of a record, which would still hold those of an earlier
        # call.
        self.new(origin=self).invalidate_recordset(flush=False)
        return self.new(changes, origin=self)

    # === WRITING === #

    def _decisive_value(self, name):
        """Return the stored value as it is written, or False for none."""
        record = self.sudo()
        value = record._fields[name].convert_to_write(record[name], record)
        return value or False

    def _decisive_text(self, name, value):
        """Return a value as text for people."""
        field = self._fields[name]
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if value is False or value is None:
            return ""
        if field.type == "many2one":
            return self.env[field.comodel_name].sudo().browse(value).display_name
        if field.type == "selection":
            return dict(field._description_selection(self.env))[value]
        return str(value)

    def _held_back(self, vals, **facts):
        """Propose the values that need approval; return those to write now.

        :param dict vals: values to write
        :param facts: values of the proposal
        :return: pairs of records and the values to write on them
        :rtype: list
        """
        if is_marked(self, APPROVED) or not self._decisive_names() & vals.keys():
            return [(self, vals)]
        held = self.env["g2p.fa.proposal"]._hold_back(
            dict.fromkeys(self, vals), **facts
        )
        alike = defaultdict(self.browse)
        for record in self:
            alike[held.get(record, frozenset())] |= record
        return [
            (records, {name: vals[name] for name in vals if name not in names})
            for names, records in alike.items()
        ]


class G2pFaDecisiveDirectory(models.AbstractModel):
    """A strategy, provider or branch: a change of one changes many addresses.

    So a change of one in use always waits for a second person, under any approval
    policy.
    """

    _name = "g2p.fa.decisive.directory"
    _description = "Decides how addresses are written"
    _inherit = ["g2p.fa.decisive"]

    @api.model
    def _decisive_by_place(self, dfsp, branch):
        """Return the record of this model that addresses there are written with."""
        raise NotImplementedError

    def _decisive_in_use(self):
        rows = (
            self.env["g2p.financial.address"]
            .sudo()
            ._read_group(
                Domain("state", "in", ("to_approve", "effective"))
                & self._decisive_addresses(),
                ["dfsp_id", "branch_id"],
            )
        )
        used = {self._decisive_by_place(dfsp, branch).id for dfsp, branch in rows}
        return self.filtered(lambda record: record.id in used)

    def _decisive_held(self, changes):
        return {record: frozenset(new) for record, new in changes.items()}

    @api.model
    def _decisive_texts(self):
        """Return the names of the fields that decide the text SPAR gets."""
        return self._decisive_names()

    def _resync_rewritten(self, vals):
        """Send addresses to SPAR again whose text these values change."""
        if self._decisive_texts() & vals.keys() and not is_marked(self, SKIP_RESYNC):
            self.env["g2p.financial.address"]._resync(self._decisive_addresses())
