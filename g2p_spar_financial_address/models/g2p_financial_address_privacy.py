import re
from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..const import (
    APPROVER,
    BANK_ACCOUNT,
    EDITOR,
    LIVE_STATES,
    OUTSIDE,
    PROOFS,
    VALUE_FIELD,
)
from ..toolkit.context_flags import TRIAL, is_marked
from ..toolkit.keyed_hash import keyed_hash
from ..toolkit.transactions import alone, in_chunks
from ..toolkit.value_checks import checked
from ..values.account_number import is_iban
from ..values.checks import clean_public_text
from ..values.numbers_in_text import holds, may_hold, most_numbers
from .g2p_financial_address import PAYMENT_FIELDS

NUMBER_FIELDS = frozenset(VALUE_FIELD.values())

#: What people said that stays when the rest is erased: the trace without the value.
KEPT = frozenset({"partner_id", "fa_type", "dfsp_id", "branch_id", "payee", "reason"})
#: What is read within an audited method only: a photo of a bank card shows its number.
AUDITED_FIELDS = NUMBER_FIELDS | set(PROOFS)

#: Addresses erased in one transaction.
CHUNK = 1000


class G2pFinancialAddress(models.Model):
    """Who may read whole numbers, shared numbers, and how long numbers are kept.

    Users who may see numbers and proofs get them by ``read`` and its variants and by
    export (``g2p.fa.protected``), by :meth:`reveal`, and by download (``ir.binary``);
    each is logged in ``g2p.fa.reveal``. So is each search for a whole number.
    """

    _inherit = "g2p.financial.address"
    _audited_fields = AUDITED_FIELDS
    # Values of clients that contain it are refused.
    _derived_fields = frozenset({"fingerprint"})

    fingerprint = fields.Char(
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        help="Keyed hash of the number: equal for equal numbers, useless otherwise.",
    )
    sharing_id = fields.Many2one(
        "g2p.fa.sharing",
        string="Shared",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    number = fields.Char(
        "Whole number",
        compute="_compute_number",
        search="_search_number",
        groups=EDITOR,
        help="For searching: finds the addresses with exactly this number.",
    )
    _fingerprints = models.Index("(fingerprint) WHERE fingerprint IS NOT NULL")
    erased_date = fields.Datetime("Number erased on", readonly=True, copy=False)
    _to_erase = models.Index(
        "(end_date) WHERE state IN ('ended', 'refused') AND erased_date IS NULL"
    )

    # === WHO READS WHOLE NUMBERS === #

    def reveal(self):
        """Return the whole number to a user who may see it, and log that.

        :rtype: str
        :raise AccessError: when the user may not see numbers
        """
        self.ensure_one().check_access("read")
        if not any(self.env.user.has_group(group) for group in (EDITOR, APPROVER)):
            raise AccessError(self.env._("You may only see this number masked."))
        self._log_shown("reveal", NUMBER_FIELDS)
        return self.whole_number() or ""

    def _log_shown(self, way, names):
        """Log that these fields were shown to the user.

        Numbers that the user typed are left out, because a form reads them back after
        saving. A proof is always logged.
        """
        Reveal = self.env["g2p.fa.reveal"]
        if NUMBER_FIELDS.intersection(names):
            foreign = self._origin.sudo().filtered(
                lambda a: not a.typed or a.entered_by_id != self.env.user
            )
            Reveal._note(foreign, way)
        # With this in the context, and nothing else, a form reads its size only.
        proofs = [name for name in PROOFS if name in names]
        if proofs and not self.env.context.get("bin_size"):
            sized = self._origin.sudo().with_context(bin_size=True)
            shown = sized.filtered(lambda a: any(a[name] for name in proofs))
            Reveal._note(shown, "proof")

    def _open_proof(self, name):
        """Return this address for a download of one of its proofs, and log that.

        :param str name: one of :data:`~..const.PROOFS`
        :raise AccessError: when the user may not read it
        """
        self.ensure_one().check_access("read")
        opened = self._audited_read()
        opened._check_may_read_field(name)
        self.with_context(bin_size=False)._log_shown("proof", {name})
        return opened

    # === SHARED NUMBERS === #

    # One account or wallet used by several registrants: a household, or a fraud. They
    # are found by a keyed hash, so finding them needs no right to read numbers.

    @api.model
    def _fingerprint(self, fa_type, dfsp, value):
        """Return the keyed hash of a number.

        The same digits at two banks are two accounts, unless they are an IBAN.
        """
        scope = ""
        if fa_type == BANK_ACCOUNT:
            value = re.sub(r"[^A-Z0-9]", "", value)
            scope = "" if is_iban(value) else str(dfsp.id)
        text = "|".join((fa_type, scope, value.casefold()))
        return keyed_hash(self.env, text)[:40]

    def _find_shared(self):
        """Find addresses whose number other registrants use, and apply the policy.

        :return: the cause, by address that a second person must approve
        :rtype: dict
        :raise ValidationError: when the policy refuses one of them
        """
        on_sharing = self.env["g2p.fa.policy"]._on_sharing
        watched = self.sudo().filtered(lambda a: on_sharing(a.fa_type) != "allow")
        strict = watched.filtered(lambda a: on_sharing(a.fa_type) != "warn")
        self.env["g2p.fa.number.lock"].lock_fingerprints(strict.mapped("fingerprint"))
        users = self._users_of(watched.mapped("fingerprint"))
        for address in watched:
            users[address.fingerprint] |= address.partner_id
        shared = watched.filtered(lambda a: len(users[a.fingerprint]) > 1)
        open_ones = shared._link_sharings().filtered(
            lambda a: not a.sharing_id._covers(users[a.fingerprint], a)
        )
        for address in open_ones - open_ones._from_outside():
            if on_sharing(address.fa_type) == "refuse":
                self._note_refusals(address.mapped("fingerprint"), self)
                raise ValidationError(self._refused_as_shared())
        open_ones.sharing_id._to_review()
        return {
            self.browse(address.id): "shared"
            for address in open_ones
            if on_sharing(address.fa_type) in ("approve", "refuse")
        }

    # A refusal tells that another registrant is paid there, so outside of the registry
    # the same person who approves decides; inside it counts as a question for a number.

    def _from_outside(self):
        return self.filtered(lambda address: address.channel in OUTSIDE)

    def _count_entries_outside(self):
        """Count what agents and citizens enter, whether others use the number or not.

        :raise UserError: when it was too much within an hour
        """
        on_sharing = self.env["g2p.fa.policy"]._on_sharing
        people = set()
        for address in self._from_outside():
            if on_sharing(address.fa_type) not in ("approve", "refuse"):
                continue
            if address.channel == "portal":
                people.add(f"agent|{self.env.uid}")
            elif address.channel == "api":
                people.add(f"person|{address.partner_id.id}")
        for person in sorted(people):
            self.env["g2p.fa.reveal"]._count_question(person)

    @api.model
    def _note_refusals(self, fingerprints, entered):
        """Count and record that a user hears of the numbers others are paid at.

        :param list fingerprints: of these numbers
        :param entered: the addresses that the user enters just now
        :raise UserError: when there were too many such questions
        """
        if self.env.su:
            return
        Reveal = self.env["g2p.fa.reveal"]
        others = self.sudo().search(
            [("fingerprint", "in", fingerprints), ("state", "in", LIVE_STATES)]
        )
        # Before it is counted: that there were too many is an answer, too.
        Reveal._note_question(others - entered.sudo())
        Reveal._count_question()

    def _check_text_holds_none(self, text, label):
        """Refuse a text with the number of one of these addresses, which are in use.

        The refusal tells the number, as :meth:`reveal` does, so it is recorded and
        counted. Agents and callers of the API may not see numbers: of them, what is
        not refused counts as well, as a search without result does.

        :param str text: clean but for these numbers
        :param str label: of its field
        :raise UserError: when it has one; from outside, also after many such texts
        """
        if is_marked(self, TRIAL) or not (self and may_hold(text)):
            return
        holding = self.filtered(lambda one: holds(text, [one.whole_number()]))
        Reveal = self.env["g2p.fa.reveal"]
        questions = most_numbers(text) if self.env.su else 0
        if holding:
            # Before it is counted, as other refusals.
            Reveal._note_question(holding)
            questions = questions or 1
        for _each in range(questions):
            Reveal._count_question(*self._askers())
        if holding:
            numbers = [one.whole_number() for one in holding]
            checked(self.env, clean_public_text, text, label, numbers)

    def _askers(self):
        """Return whose question about these addresses it is; the user's, if nothing."""
        if not self.env.su:
            return []
        if self.env.user.has_group("base.group_portal"):
            return [f"agent|{self.env.uid}"]
        return [f"person|{partner.id}" for partner in self.partner_id]

    @api.model
    def _users_of(self, fingerprints):
        """Return the registrants with a live address at each of these numbers.

        :rtype: collections.defaultdict
        """
        users = defaultdict(self.env["res.partner"].sudo().browse)
        rows = self.sudo()._read_group(
            [("fingerprint", "in", fingerprints), ("state", "in", LIVE_STATES)],
            ["fingerprint"],
            ["partner_id:recordset"],
        )
        for fingerprint, partners in rows:
            users[fingerprint] |= partners
        return users

    def _link_sharings(self):
        """Link these addresses, and others with their numbers, to the rows of these."""
        if not self:
            return self
        sharings = self.env["g2p.fa.sharing"]._for_numbers(self)
        by_print = {sharing.fingerprint: sharing for sharing in sharings}
        unlinked = self | self.search(
            [
                ("fingerprint", "in", list(by_print)),
                ("state", "in", LIVE_STATES),
                ("sharing_id", "=", False),
            ]
        )
        for fingerprint, addresses in unlinked.grouped("fingerprint").items():
            addresses.sharing_id = by_print[fingerprint]
        return self

    @api.private
    @api.model
    def find_sharing_refusals(self, entries):
        """Return why the policy refuses numbers that other registrants use.

        This is a preview for users of the registry: :meth:`submit` checks again, while
        it holds the locks that keep other transactions from entering the same number.

        :param list entries: cleaned entries, of one address each
        :return: for each entry a message or None; earlier entries count as entered
        :rtype: list
        """
        on_sharing = self.env["g2p.fa.policy"]._on_sharing
        refuses = any(on_sharing(fa_type) == "refuse" for fa_type in VALUE_FIELD)
        if not refuses:
            return [None] * len(entries)
        fingerprints = [
            self._fingerprint(
                entry["fa_type"],
                self.env["g2p.dfsp"].browse(entry.get("dfsp_id")),
                entry[VALUE_FIELD[entry["fa_type"]]],
            )
            if on_sharing(entry["fa_type"]) == "refuse"
            else None
            for entry in entries
        ]
        refusing = list(set(fingerprints) - {None})
        users = self._users_of(refusing)
        sharings = (
            self.env["g2p.fa.sharing"].sudo().search([("fingerprint", "in", refusing)])
        )
        accepted = {sharing.fingerprint: sharing.partner_ids for sharing in sharings}
        none = self.env["res.partner"]
        taken = {fingerprint for fingerprint in refusing if users[fingerprint]}
        messages, told = [], set()
        for entry, fingerprint in zip(entries, fingerprints, strict=True):
            # A registrant who is not in the registry yet has no ID.
            partner = none.browse(entry.get("partner_id"))
            together = users[fingerprint] | partner
            is_only = together == partner
            allowed = partner and together <= accepted.get(fingerprint, none)
            if fingerprint is None or is_only or allowed:
                users[fingerprint] = together
                messages.append(None)
            else:
                messages.append(self._refused_as_shared())
                told.add(fingerprint)
        if told & taken:
            self._note_refusals(list(told & taken), self.browse())
        return messages

    @api.model
    def _refused_as_shared(self):
        return self.env._(
            "Another registrant is already paid at this account or wallet. If that is "
            "right, for example in one household, an approver can allow it at the "
            "other registrant's address, with a reason."
        )

    @api.model
    def _cron_find_shared(self):
        """List shared numbers for review that were missed when they were entered.

        Because another policy applied, or two transactions entered them at once.
        """
        rows = self.sudo()._read_group(
            [("fingerprint", "!=", False), ("state", "in", LIVE_STATES)],
            ["fingerprint"],
            ["id:recordset", "partner_id:recordset", "sharing_id:count"],
            having=[("partner_id:count_distinct", ">", 1)],
        )
        on_sharing = self.env["g2p.fa.policy"]._on_sharing
        users, found = {}, self.sudo().browse()
        for fingerprint, addresses, partners, linked in rows:
            if linked < len(addresses) and on_sharing(addresses[0].fa_type) != "allow":
                users[fingerprint] = partners
                found |= addresses
        for fingerprint, addresses in found.grouped("fingerprint").items():
            alone(self.env, addresses._review_shared, users[fingerprint])

    def _review_shared(self, users):
        """List the number of these addresses for review, unless it was accepted.

        :param users: the registrants paid there
        """
        for sharing in self._link_sharings().sharing_id:
            if not users <= sharing.partner_ids:
                sharing._to_review()

    def action_allow_sharing(self):
        """Open the dialog that accepts further registrants at this address."""
        self.ensure_one().check_access("read")
        self.env["g2p.fa.sharing"]._check_approver()
        action = self.env["g2p.fa.sharing"].action_ask_reason()
        return {**action, "context": {"default_address_id": self.id}}

    # === SEARCHING FOR A WHOLE NUMBER === #

    def _compute_number(self):
        for address in self:
            address.number = address.masked

    def _search_number(self, operator, value):
        """Find one whole number, in any notation that the check of numbers accepts.

        Each search is counted, and logged with its answer.
        """
        # Odoo evaluates some conditions of clients with all rights.
        self.sudo(False)._check_may_read_field("number")
        if operator not in ("in", "=", "ilike", "like", "=ilike"):
            return NotImplemented
        values = [value] if isinstance(value, str) else list(value or ())
        typed = [text for text in values if text and isinstance(text, str)]
        # The ORM makes "in" of "=", and comes back with "=" for each value of a list
        # that was refused.
        if len(typed) > 1 or operator == "=":
            raise UserError(self.env._("Search for one whole number at a time."))
        fingerprints = {
            found for text in typed for found in self._possible_fingerprints(text)
        }
        found = self.sudo().search([("fingerprint", "in", list(fingerprints))])
        asker = self.sudo(False)
        if typed and not asker.env.su:
            Reveal = asker.env["g2p.fa.reveal"]
            Reveal._count_question()
            Reveal._note_question(found.with_env(asker.env)._filtered_access("read"))
        return [("id", "in", found.ids)]

    def _possible_fingerprints(self, text):
        """Yield the fingerprints of a typed number, for each type and provider."""
        dfsps = self.env["g2p.dfsp"].search([("active", "in", [True, False])])
        for dfsp in dfsps:
            try:
                value = self._cleaned_value(dfsp.fa_type, text, dfsp)
            except ValidationError:
                continue
            yield self._fingerprint(dfsp.fa_type, dfsp, value)

    # === RETENTION === #

    def _erase(self):
        """Erase numbers, holders, payees and proofs of these addresses; masks stay.

        Only ended and refused ones: an address in use needs its number.
        """
        over = self.sudo().filtered(lambda a: a.state in ("ended", "refused"))
        sharings = over.sharing_id
        over._trusted_write().write(
            {
                **dict.fromkeys(PAYMENT_FIELDS - KEPT, False),
                "erased_date": fields.Datetime.now(),
                "fingerprint": False,
                "sharing_id": False,
            }
        )
        sharings._drop_unused()

    @api.model
    def _cron_erase(self):
        """Erase addresses that ended longer ago than the retention time.

        Drafts that were not edited for as long are deleted: they were never in use.
        """
        days = self.env["g2p.fa.settings"].cached_values()["retention_days"]
        if not days:
            return
        before = fields.Datetime.now() - relativedelta(days=days)
        ended = [
            ("state", "in", ("ended", "refused")),
            ("erased_date", "=", False),
            ("end_date", "<", before),
        ]
        drafts = [("state", "=", "draft"), ("write_date", "<", before)]
        commit = self.env["ir.cron"]._commit_progress
        Address = self.sudo()
        commit(remaining=Address.search_count(ended) + Address.search_count(drafts))
        for found, work in (
            (Address.search(ended, order="end_date"), type(self)._erase),
            (Address.search(drafts, order="id"), type(self).unlink),
        ):
            for count in in_chunks(found, CHUNK, work):
                if not commit(count):
                    return
