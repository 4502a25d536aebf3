from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .. import address_values
from ..const import BANK_ACCOUNT, CHANNELS, FA_TYPES, MOBILE_WALLET, VALUE_FIELD

#: Fields that say where the money goes, and why. Fixed once the address is in use.
PAYMENT_FIELDS = {
    "reason",
    "partner_id",
    "fa_type",
    "dfsp_id",
    "branch_id",
    "account_number",
    "mobile_number",
    "email_address",
    "holder_name",
}

#: Fields only the registry itself sets, so that the history can be trusted.
PROTECTED_FIELDS = {"channel", "state", "effective_date", "end_date"}

EDITOR = "g2p_spar_financial_address.group_editor"


class G2pFinancialAddress(models.Model):
    """Where a registrant is paid, apart from how they are contacted.

    An address that has taken effect is never edited: an amendment is a new address
    that replaces it, so that the history of a registrant can be trusted.
    """

    _name = "g2p.financial.address"
    _description = "Financial address"
    _order = "id desc"

    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('is_registrant', '=', True)]",
    )
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
    account_number = fields.Char("Account number", groups=EDITOR)
    mobile_number = fields.Char(
        "Mobile number",
        groups=EDITOR,
        help="The number of the wallet. It may differ from the contact phone.",
    )
    email_address = fields.Char(string="E-mail address", groups=EDITOR)
    holder_name = fields.Char(
        string="Account holder", help="The name the account or wallet is held under."
    )
    masked = fields.Char(string="Number", compute="_compute_masked", compute_sudo=True)
    channel = fields.Selection(
        CHANNELS,
        required=True,
        readonly=True,
        default=lambda self: (
            "import" if self.env.context.get("import_file") else "admin"
        ),
    )
    reason = fields.Char(help="Why the address was entered or changed.")
    state = fields.Selection(
        [
            ("draft", "Incomplete"),
            ("effective", "In use"),
            ("ended", "Ended"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    effective_date = fields.Datetime("In use since", readonly=True, copy=False)
    end_date = fields.Datetime("Ended on", readonly=True, copy=False)

    _one_effective_per_registrant = models.UniqueIndex(
        "(partner_id) WHERE state = 'effective'",
        "Somebody else has just changed this registrant's payment address. "
        "Reload the page and look at it before you change it.",
    )

    # === COMPUTE METHODS === #

    @api.depends("fa_type", "account_number", "mobile_number", "email_address")
    def _compute_masked(self):
        for address in self:
            address.masked = address_values.mask(address._value())

    @api.depends("fa_type", "dfsp_id", "masked")
    def _compute_display_name(self):
        labels = dict(self._fields["fa_type"]._description_selection(self.env))
        for address in self:
            parts = labels.get(address.fa_type), address.dfsp_id.name, address.masked
            address.display_name = " · ".join(part for part in parts if part)

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
        for vals in vals_list:
            self._check_protected(vals)
        addresses = super().create(
            [self._cleaned(self._with_defaults(vals)) for vals in vals_list]
        )
        addresses._take_effect()
        return addresses

    def write(self, vals):
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
        for address in self:
            super(G2pFinancialAddress, address).write(address._cleaned(vals))
        self._take_effect()
        return True

    def _with_defaults(self, vals):
        """Return ``vals`` with what is missing, not trusting the caller's context.

        ``default_state`` in a context would otherwise get past the check of ``vals``.
        """
        complete = self._add_missing_default_values(vals)
        if not self.env.su:
            for name in PROTECTED_FIELDS:
                default = self._fields[name].default
                complete[name] = default(self) if default else False
        return complete

    def _check_protected(self, vals):
        if PROTECTED_FIELDS & vals.keys() and not self.env.su:
            raise AccessError(
                self.env._(
                    "The state and origin of an address are not written by hand."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(address.state != "draft" for address in self):
            raise UserError(
                self.env._(
                    "The history of a payment address cannot be deleted. "
                    "Use End to stop paying there."
                )
            )

    # === BUSINESS METHODS === #

    def _value(self):
        """Return the account number, mobile number or e-mail address, by type."""
        self.ensure_one()
        return self.sudo()[VALUE_FIELD[self.fa_type]] if self.fa_type else False

    def _cleaned(self, vals):
        """Return ``vals`` with each value in its one normal form.

        The values of other address types are dropped. On a draft, what is not in
        ``vals`` is taken from it.

        :raise ValidationError: with a message for whoever typed a wrong value
        """

        def known(name):
            return vals[name] if name in vals else self.sudo()[name]

        fa_type = known("fa_type")
        dfsp = self.env["g2p.dfsp"].browse(vals.get("dfsp_id")) or self.dfsp_id
        cleaned = dict.fromkeys(VALUE_FIELD.values(), False)
        text = known(VALUE_FIELD[fa_type])
        if fa_type == BANK_ACCOUNT:
            value = address_values.clean_account_number(self.env, text)
        elif fa_type == MOBILE_WALLET:
            country = dfsp.country_id or self.env.company.country_id
            value = address_values.clean_mobile_number(self.env, text, country)
        else:
            value = address_values.clean_email_address(self.env, text)
        cleaned[VALUE_FIELD[fa_type]] = value
        if fa_type != BANK_ACCOUNT:
            cleaned["branch_id"] = False
        if vals.get("holder_name"):
            label = self.env._("Account holder")
            cleaned["holder_name"] = address_values.clean_text(
                self.env, vals["holder_name"], label
            )
        return {**vals, **cleaned}

    def _take_effect(self):
        """Put complete drafts in use; each replaces its registrant's address in use.

        Of several for one registrant, the last one wins and the others become history.
        """
        ready = self.filtered(lambda address: address.state == "draft")
        ready = ready.filtered("dfsp_id").sorted("id")
        if not ready:
            return
        newest = self.browse({a.partner_id: a.id for a in ready}.values())
        for address in newest:
            # Refuses, before anything is stored, a value SPAR could not read back.
            address._spar_value()
        now = fields.Datetime.now()
        replaced = self.search(
            [("partner_id", "in", newest.partner_id.ids), ("state", "=", "effective")]
        )
        (replaced | ready - newest).sudo().write({"state": "ended", "end_date": now})
        # The database checks one address in use per registrant row by row.
        self.env["g2p.financial.address"].flush_model(["state"])
        newest.sudo().write({"state": "effective", "effective_date": now})
        for channel, addresses in newest.grouped("channel").items():
            addresses.partner_id._financial_address_changed(channel)

    @api.model
    def _in_use(self, partners):
        """Return the address in use of each registrant who has one.

        :rtype: dict
        """
        domain = [("partner_id", "in", partners.ids), ("state", "=", "effective")]
        return self.search(domain).grouped("partner_id")

    @api.model
    def _rewritten(self, domain):
        """What is written for SPAR changed, for the addresses in use of this domain.

        :param list domain: which addresses
        """
        addresses = self.sudo().search([*domain, ("state", "=", "effective")])
        if addresses:
            addresses.partner_id._financial_address_changed("admin")

    def action_end(self):
        """Stop paying here: the registrant is left without a payment address."""
        self.check_access("write")
        in_use = self.filtered(lambda address: address.state == "effective")
        in_use.sudo().write({"state": "ended", "end_date": fields.Datetime.now()})
        in_use.partner_id._financial_address_changed("admin")

    def _spar_value(self):
        """Return what SPAR is to store for this address.

        :return: the financial address string, and the number of its strategy at SPAR
        :rtype: tuple[str, int]
        :raise ValidationError: when a value would break the string
        """
        address = self.ensure_one().sudo()
        strategy = address.dfsp_id.strategy_id
        text = strategy._construct(
            {
                "account_number": address.account_number,
                "branch_name": address.branch_id.name,
                "branch_code": address.branch_id.code,
                "bank_name": address.dfsp_id.name,
                "bank_code": address.dfsp_id.code,
                "mobile_number": address.mobile_number,
                "email_address": address.email_address,
                "wallet_provider_name": address.dfsp_id.name,
                "wallet_provider_code": address.dfsp_id.code,
            }
        )
        return text, strategy.strategy_number
