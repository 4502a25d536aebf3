import hashlib
import hmac
import re
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..account_numbers import is_iban
from ..const import BANK_ACCOUNT, EMAIL_WALLET, MOBILE_WALLET

LIVE_STATES = ("effective", "to_approve")
EDITOR = "g2p_spar_financial_address.group_editor"


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
            value = re.sub(r"\W", "", value)
            scope = "" if is_iban(value) else str(dfsp.id)
        text = "|".join((fa_type, scope, value.casefold()))
        key = self.env["g2p.fa.settings"]._fingerprint_key()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:40]

    def _find_shared(self):
        """Find those also used by other registrants, and do what the policy says.

        :return: those a second person must approve, with the cause
        :rtype: dict
        :raise ValidationError: for one that the policy refuses
        """
        on_sharing = self.env["g2p.fa.policy"]._on_sharing
        watched = self.sudo().filtered(lambda a: on_sharing(a.fa_type) != "allow")
        users = watched._users_by_fingerprint()
        causes = {}
        for fingerprint, addresses in watched.grouped("fingerprint").items():
            if len(users[fingerprint]) < 2:
                continue
            sharing = addresses._sharing(users[fingerprint])
            if users[fingerprint] <= sharing.partner_ids:
                continue
            action = on_sharing(addresses[0].fa_type)
            if action == "refuse":
                raise ValidationError(addresses[0]._refused_as_shared())
            sharing._to_review()
            if action == "approve":
                causes.update(dict.fromkeys(self.browse(addresses.ids), "shared"))
        return causes

    def _sharing(self, partners):
        """Return the row for the number of these, with all who are paid there on it.

        :param partners: the registrants who are
        """
        address = self[0]
        Sharing = self.env["g2p.fa.sharing"].sudo()
        sharing = Sharing.search([("fingerprint", "=", address.fingerprint)])
        if not sharing:
            sharing = Sharing.create(
                {
                    "fingerprint": address.fingerprint,
                    "fa_type": address.fa_type,
                    "dfsp_id": address.dfsp_id.id,
                    "masked": address.masked,
                }
            )
        others = self.search(
            [
                ("fingerprint", "=", address.fingerprint),
                ("partner_id", "in", partners.ids),
                ("state", "in", LIVE_STATES),
            ]
        )
        (self | others).sharing_id = sharing
        return sharing

    def _users_by_fingerprint(self):
        """Return who is paid at each of these, or is about to be."""
        self.env["g2p.financial.address"].flush_model(["fingerprint", "state"])
        users = defaultdict(self.env["res.partner"].sudo().browse)
        # Several of these may be entered at once for one account.
        for address in self:
            users[address.fingerprint] |= address.partner_id
        rows = self._read_group(
            [
                ("fingerprint", "in", self.mapped("fingerprint")),
                ("state", "in", LIVE_STATES),
            ],
            ["fingerprint"],
            ["partner_id:recordset"],
        )
        for fingerprint, partners in rows:
            users[fingerprint] |= partners
        return users

    def _refused_as_shared(self):
        labels = dict(self._fields["fa_type"]._description_selection(self.env))
        return self.env._(
            "Another registrant is already paid at this %(what)s. If that is right, "
            "for example in one household, an approver can allow it under Shared "
            "addresses, with a reason.",
            what=labels[self.fa_type].lower(),
        )

    def _compute_number(self):
        for address in self:
            address.number = address.masked

    def _search_number(self, operator, value):
        """Find whole numbers, in any of the ways they are written."""
        # The ORM does not ask for a field that has its own search.
        self._check_field_access(self._fields["number"], "read")
        if operator not in ("in", "=", "ilike", "like", "=ilike"):
            return NotImplemented
        values = [value] if isinstance(value, str) else list(value)
        prints = {p for text in values if text for p in self._possible_prints(text)}
        found = self.sudo().with_context(active_test=False)
        found = found._search([("fingerprint", "in", list(prints))])
        return [("id", "in", found)]

    def _possible_prints(self, text):
        """Yield the fingerprints a typed number may have, by type and provider."""
        dfsps = self.env["g2p.dfsp"].search([("active", "in", [True, False])])
        for fa_type in (BANK_ACCOUNT, MOBILE_WALLET, EMAIL_WALLET):
            providers = dfsps.filtered(lambda d, kind=fa_type: d.fa_type == kind)
            for dfsp in providers or dfsps.browse():
                try:
                    value = self._cleaned_value(fa_type, text, dfsp)
                except ValidationError:
                    continue
                yield self._fingerprint(fa_type, dfsp, value)

    @api.model
    def _cron_find_shared(self):
        """Find what two transactions entered at once, unseen by each other."""
        rows = self.sudo()._read_group(
            [("fingerprint", "!=", False), ("state", "in", LIVE_STATES)],
            ["fingerprint"],
            ["id:recordset", "partner_id:count_distinct"],
            having=[("partner_id:count_distinct", ">", 1)],
        )
        on_sharing = self.env["g2p.fa.policy"]._on_sharing
        for _fingerprint, addresses, _count in rows:
            if on_sharing(addresses[0].fa_type) == "allow":
                continue
            sharing = addresses._sharing(addresses.partner_id)
            if not addresses.partner_id <= sharing.partner_ids:
                sharing._to_review()

    def action_allow_sharing(self):
        """Open the dialog that lets others be paid at this address, too."""
        self.ensure_one().check_access("read")
        self.env["g2p.fa.sharing"]._check_approver()
        return self.sudo()._sharing(self.partner_id).action_ask_reason()
