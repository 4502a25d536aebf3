import hashlib
import hmac
import re
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..account_numbers import is_iban
from ..const import BANK_ACCOUNT, EDITOR, LIVE_STATES
from ..transactions import alone


class G2pFinancialAddress(models.Model):
    """One account or wallet used by several registrants: a household, or a fraud.

    Found by a keyed hash of the number, so that finding needs no right to read it.
    """

    _inherit = "g2p.financial.address"

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

    def _has_field_access(self, field, operation):
        # Written with the number it is made of; callers are refused it by name.
        if field.name == "fingerprint" and operation == "write":
            return True
        return super()._has_field_access(field, operation)

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
        key = self.env["g2p.fa.settings"]._fingerprint_key()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:40]

    # === FINDING === #

    def _find_shared(self):
        """Find those also used by other registrants, and do what the policy says.

        :return: those a second person must approve, with the cause
        :rtype: dict
        :raise ValidationError: for one that the policy refuses
        """
        on_sharing = self.env["g2p.fa.policy"]._on_sharing
        watched = self.sudo().filtered(lambda a: on_sharing(a.fa_type) != "allow")
        strict = watched.filtered(lambda a: on_sharing(a.fa_type) != "warn")
        self.env["g2p.fa.meeting"]._meet(strict.mapped("fingerprint"))
        users = self._users_of(watched.mapped("fingerprint"))
        for address in watched:
            users[address.fingerprint] |= address.partner_id
        shared = watched.filtered(lambda a: len(users[a.fingerprint]) > 1)
        open_ones = shared._link_sharings().filtered(
            lambda a: not a.sharing_id._covers(users[a.fingerprint], a)
        )
        for address in open_ones:
            if on_sharing(address.fa_type) == "refuse":
                raise ValidationError(self._refused_as_shared())
        open_ones.sharing_id._to_review()
        return {
            self.browse(address.id): "shared"
            for address in open_ones
            if on_sharing(address.fa_type) == "approve"
        }

    @api.model
    def _users_of(self, fingerprints):
        """Return who is paid at each of these numbers, or is about to be.

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
        """Put these, and who else uses their numbers, on the rows of their numbers."""
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

    def _refused_as_shared(self):
        return self.env._(
            "Another registrant is already paid at this account or wallet. If that is "
            "right, for example in one household, an approver can allow it at the "
            "other registrant's address, with a reason."
        )

    @api.model
    def _cron_find_shared(self):
        """Find what was entered while the policy was another, or at the same moment."""
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
        """Have the sharing of these addresses, all of one number, looked at.

        :param users: the registrants paid there
        """
        for sharing in self._link_sharings().sharing_id:
            if not users <= sharing.partner_ids:
                sharing._to_review()

    def action_allow_sharing(self):
        """Open the dialog that lets others be paid at this address, too."""
        self.ensure_one().check_access("read")
        self.env["g2p.fa.sharing"]._check_approver()
        action = self.env["g2p.fa.sharing"].action_ask_reason()
        return {**action, "context": {"default_address_id": self.id}}

    # === SEARCHING FOR A WHOLE NUMBER === #

    def _compute_number(self):
        for address in self:
            address.number = address.masked

    def _search_number(self, operator, value):
        """Find whole numbers, in any of the ways they are written."""
        # The ORM does not ask for a field that has its own search.
        self._check_field_access(self._fields["number"], "read")
        if operator not in ("in", "=", "ilike", "like", "=ilike"):
            return NotImplemented
        values = [value] if isinstance(value, str) else list(value or ())
        typed = [text for text in values if text and isinstance(text, str)]
        prints = {found for text in typed for found in self._possible_prints(text)}
        found = self.sudo()._search([("fingerprint", "in", list(prints))])
        return [("id", "in", found)]

    def _possible_prints(self, text):
        """Yield the fingerprints a typed number may have, by type and provider."""
        dfsps = self.env["g2p.dfsp"].search([("active", "in", [True, False])])
        for dfsp in dfsps:
            try:
                value = self._cleaned_value(dfsp.fa_type, text, dfsp)
            except ValidationError:
                continue
            yield self._fingerprint(dfsp.fa_type, dfsp, value)
