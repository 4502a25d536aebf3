from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from .. import address_values, names
from ..const import (
    ADDRESS_STATES,
    APPROVER,
    CHANNELS,
    EDITOR,
    FA_TYPES,
    LIVE_STATES,
    MOBILE_WALLET,
    VALUE_FIELD,
)
from ..marks import INSIDE, is_marked, marked

EDITOR_OR_APPROVER = f"{EDITOR},{APPROVER}"

#: Fields an address is written for SPAR with.
WRITTEN_FIELDS = ("fa_type", "dfsp_id", "branch_id", *VALUE_FIELD.values())

#: Fields that say where the money goes, and why. Fixed once the draft is complete.
PAYMENT_FIELDS = {
    "partner_id",
    "fa_type",
    "dfsp_id",
    "branch_id",
    "account_number",
    "mobile_number",
    "email_address",
    "holder_name",
    "reason",
    "proof",
    "proof_name",
}

#: Fields only the registry itself sets, with what they are on a new address.
PROTECTED_FIELDS = {
    "approval_cause": False,
    "approved_by_id": False,
    "author_ids": False,
    "channel": "admin",
    "decision_note": False,
    "effective_date": False,
    "end_date": False,
    "ended_by_id": False,
    "entered_by_id": False,
    "erased_date": False,
    "fingerprint": False,
    "masked": False,
    "previous_id": False,
    "sharing_id": False,
    "state": "draft",
}


class G2pFinancialAddress(models.Model):
    """Where a registrant is paid, apart from how they are contacted.

    An address that has taken effect is never edited: an amendment is a new address
    that replaces it, so that the history of a registrant can be trusted.

    This file holds what an address is and how it is entered. Next to it: ``_values``
    (what is typed, checked), ``_effect`` (the states and who may move it), ``_number``
    (who reads the number), ``_sharing`` (several people, one account), ``_import``,
    ``_retention`` and ``_burst``.
    """

    _name = "g2p.financial.address"
    _description = "Payment address"
    _inherit = ["g2p.fa.second.person"]
    _order = "id desc"
    _mail_post_access = "read"

    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('is_registrant', '=', True)]",
    )
    company_id = fields.Many2one(related="partner_id.company_id", store=True)
    fa_type = fields.Selection(
        FA_TYPES, string="Type", required=True, default=MOBILE_WALLET
    )
    dfsp_id = fields.Many2one(
        "g2p.dfsp",
        string="Provider",
        index=True,
        ondelete="restrict",
        domain="[('fa_type', '=', fa_type)]",
        help="The bank or wallet operator. While it is unknown, the address stays "
        "incomplete and nothing is sent.",
    )
    branch_id = fields.Many2one(
        "g2p.dfsp.branch", ondelete="restrict", domain="[('dfsp_id', '=', dfsp_id)]"
    )
    account_number = fields.Char("Account number", groups=EDITOR, copy=False)
    mobile_number = fields.Char(
        "Mobile number",
        groups=EDITOR,
        copy=False,
        help="The number of the wallet. It may differ from the contact phone.",
    )
    email_address = fields.Char(string="E-mail address", groups=EDITOR, copy=False)
    masked = fields.Char(string="Number", readonly=True, copy=False)
    holder_name = fields.Char(
        string="Account holder", help="The name the account or wallet is held under."
    )
    holder_match = fields.Selection(
        [
            (names.SAME, "Matches the registrant's name"),
            (names.SIMILAR, "Similar to the registrant's name"),
            (names.DIFFERENT, "Differs from the registrant's name"),
        ],
        string="Holder and registrant",
        compute="_compute_holder_match",
        help="A hint only: relatives and guardians may hold an account.",
    )
    account_hint = fields.Char(related="dfsp_id.account_hint")
    account_example = fields.Char(related="dfsp_id.account_example")

    channel = fields.Selection(
        CHANNELS,
        required=True,
        readonly=True,
        default=PROTECTED_FIELDS["channel"],
        copy=False,
    )
    reason = fields.Char(help="Why the address was entered or changed.")
    proof = fields.Binary(
        attachment=True,
        copy=False,
        groups=EDITOR_OR_APPROVER,
        help="A signed request, a photo of the bank card, a letter: optional.",
    )
    proof_name = fields.Char(
        "File name of the proof", groups=EDITOR_OR_APPROVER, copy=False
    )
    entered_by_id = fields.Many2one(
        "res.users",
        string="Entered by",
        readonly=True,
        copy=False,
        help="Who typed the number.",
    )
    author_ids = fields.Many2many(
        "res.users",
        string="Also worked on it",
        readonly=True,
        copy=False,
        help="Whoever changed it before it was complete.",
    )
    state = fields.Selection(
        ADDRESS_STATES,
        required=True,
        default=PROTECTED_FIELDS["state"],
        readonly=True,
        copy=False,
        tracking=True,
    )
    previous_id = fields.Many2one(
        "g2p.financial.address",
        string="Instead of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The address that was in use when this one was entered.",
    )
    effective_date = fields.Datetime("In use since", readonly=True, copy=False)
    end_date = fields.Datetime("Ended on", readonly=True, copy=False)

    _one_effective_per_registrant = models.UniqueIndex(
        "(partner_id) WHERE state = 'effective'",
        "Somebody else has just changed this registrant's payment address. "
        "Reload the page and look at it before you change it.",
    )

    _drafts = models.Index("(id) WHERE state = 'draft'")

    # === COMPUTE METHODS === #

    @api.depends("fa_type", "dfsp_id", "masked")
    def _compute_display_name(self):
        for address in self:
            address.display_name = address_values.describe(address)

    @api.depends("holder_name", "partner_id")
    def _compute_holder_match(self):
        for address in self:
            address.holder_match = names.compare(
                address.holder_name, address.partner_id._spar_get_name()
            )

    @api.onchange("fa_type")
    def _onchange_fa_type(self):
        if self.dfsp_id.fa_type != self.fa_type:
            self.dfsp_id = False

    @api.onchange("dfsp_id")
    def _onchange_dfsp_id(self):
        if self.branch_id.dfsp_id != self.dfsp_id:
            self.branch_id = False

    # === CONSTRAINTS === #

    @api.constrains("fa_type", "dfsp_id", "branch_id")
    def _check_provider(self):
        for address in self:
            if address.dfsp_id and address.dfsp_id.fa_type != address.fa_type:
                raise ValidationError(
                    self.env._(
                        "%(provider)s does not offer this type of address.",
                        provider=address.dfsp_id.name,
                    )
                )
            if address.branch_id and address.branch_id.dfsp_id != address.dfsp_id:
                raise ValidationError(
                    self.env._(
                        "The branch %(branch)s is not one of the chosen bank.",
                        branch=address.branch_id.name,
                    )
                )

    @api.constrains("partner_id")
    def _check_registrant(self):
        """Refuse an address of somebody the registry does not pay.

        :raise ValidationError: naming them
        """
        for address in self:
            if not address.partner_id._spar_is_registrant():
                raise ValidationError(
                    self.env._(
                        "%(name)s is not a registrant, so there is no payment to "
                        "address. Tick “Registrant” on the contact first.",
                        name=address.partner_id.display_name,
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if not self._is_inside():
            # First: what is said of the values tells who is registered, and who uses
            # a number.
            self.check_access("create")
            for vals in vals_list:
                self._check_protected(vals)
            vals_list = self._with_registrants(vals_list)
            self._check_references(vals_list)
            vals_list = [
                self._with_branch(self._cleaned({**PROTECTED_FIELDS, **vals}))
                for vals in vals_list
            ]
        # What is entered in one transaction is one event: what the fields say of it
        # would only be said a second time by a message for each.
        quiet = self.with_context(
            tracking_disable=True, mail_create_nolog=True, mail_create_nosubscribe=True
        )
        addresses = super(G2pFinancialAddress, quiet).create(vals_list)
        addresses._take_effect()
        return addresses.with_env(self.env)

    def write(self, vals):
        if self._is_inside():
            return super().write(vals)
        self.check_access("write")
        self._check_protected(vals)
        if not PAYMENT_FIELDS & vals.keys():
            return super().write(vals)
        if any(address.state != "draft" for address in self):
            raise UserError(
                self.env._(
                    "An address in use is not edited, so that its history stays true. "
                    "Use Amend to enter the new one."
                )
            )
        self._check_references([vals])
        author = {"author_ids": [Command.link(self.env.uid)]}
        for address in self:
            cleaned = address._cleaned(vals)
            if not address.branch_id:
                place = {
                    "partner_id": address.partner_id.id,
                    "dfsp_id": address.dfsp_id.id,
                }
                cleaned["branch_id"] = self._with_branch({**place, **cleaned})[
                    "branch_id"
                ]
            super(G2pFinancialAddress, address).write({**cleaned, **author})
        self._take_effect()
        return True

    def _inside(self):
        """Return these for writing values that are clean, or history itself."""
        return marked(self, INSIDE)

    def _is_inside(self):
        return is_marked(self, INSIDE)

    def _check_protected(self, vals):
        """Refuse values of fields nobody writes by hand.

        :raise AccessError: naming no field, whatever it is
        """
        if not self.env.su and not vals.keys() <= self._written_by_hand():
            raise AccessError(
                self.env._(
                    "The state and origin of an address are not written by hand."
                )
            )

    def _written_by_hand(self):
        """Return the names of fields people write: of payment, messages and to-dos."""
        mail = ("mail.thread", "mail.activity.mixin")
        return PAYMENT_FIELDS.union(
            *(self.env[model]._fields for model in mail), {"spar_id"}
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(not address._may_be_deleted() for address in self):
            raise UserError(
                self.env._(
                    "The history of a payment address cannot be deleted. "
                    "Use End to stop paying there."
                )
            )

    def _may_be_deleted(self):
        # What has been erased goes with its registrant, by the system only.
        return self.state == "draft" or (self.env.su and bool(self.erased_date))

    # === BUSINESS METHODS === #

    @api.model
    def _in_use(self, partners):
        """Return the address in use of each registrant who has one.

        :rtype: dict
        """
        found = self._live_of(partners, ("effective",))
        return {address.partner_id: address for address in found}

    @api.model
    def _live_of(self, partners, states=LIVE_STATES):
        """Return the addresses these registrants are paid at, or are about to be.

        With what is written for SPAR: those who ask want to know that.
        """
        domain = [("partner_id", "in", partners.ids), ("state", "in", states)]
        return self.search_fetch(domain, ["partner_id", "state", *WRITTEN_FIELDS])
