from collections import namedtuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tools import SQL

from ..const import (
    ADDRESS_STATES,
    APPROVER,
    BANK_ACCOUNT,
    CHANNELS,
    EDITOR,
    FA_TYPES,
    LIVE_STATES,
    MOBILE_WALLET,
    VALUE_FIELD,
)
from ..toolkit.context_flags import TRUSTED_WRITE, is_marked, marked
from ..values import checks, names
from ..values.account_number import check_account_number
from ..values.strategy_template import Unwritable

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

#: Bytes a proof may have.
MAX_PROOF = 10 * 1024 * 1024

#: An address as SPAR is told it: the text of its strategy, that strategy's number at
#: SPAR, and the same in its parts, by SPAR's names, with "" for what is empty.
SparText = namedtuple("SparText", "text number parts")

#: SQL: the number of an address ``a``, by its type.
VALUE = SQL(" ").join(
    SQL("WHEN %s THEN %s", fa_type, SQL.identifier("a", name))
    for fa_type, name in VALUE_FIELD.items()
)


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
    previous_branch_id = fields.Many2one(
        related="previous_id.branch_id", string="Branch before"
    )

    # === COMPUTE METHODS === #

    @api.depends("fa_type", "dfsp_id", "masked")
    def _compute_display_name(self):
        for address in self:
            address.display_name = checks.describe(address)

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
        if not self._is_trusted_write():
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
        addresses._activate()
        return addresses.with_env(self.env)

    def write(self, vals):
        if self._is_trusted_write():
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
        self._activate()
        return True

    def _trusted_write(self):
        """Return these for writing values that are clean, or history itself."""
        return marked(self, TRUSTED_WRITE)

    def _is_trusted_write(self):
        return is_marked(self, TRUSTED_WRITE)

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

    # === VALUES === #

    # What is typed, in its one normal form, and what follows from it.

    def _value(self):
        """Return the account number, mobile number or e-mail address, by type."""
        self.ensure_one()
        return self.sudo()[VALUE_FIELD[self.fa_type]] if self.fa_type else False

    def _cleaned(self, vals):
        """Return ``vals`` with each value in its one normal form, and what follows.

        The values of other address types are dropped. On a draft, what is not in
        ``vals`` is taken from it.

        :raise ValidationError: with a message for whoever typed a wrong value
        """
        draft = self.sudo()
        if not draft and "dfsp_id" not in vals:
            # A default set later would not be what the number is checked against.
            vals = {**self.default_get(["dfsp_id"]), **vals}
        known = {
            name: vals[name] if name in vals else draft[name]
            for name in ("fa_type", *VALUE_FIELD.values())
        }
        dfsp = self.env["g2p.dfsp"].browse(vals.get("dfsp_id", draft.dfsp_id.id))
        # A file need not repeat what its provider says.
        fa_type = known["fa_type"] or dfsp.fa_type or MOBILE_WALLET
        value = self._cleaned_value(fa_type, known.get(VALUE_FIELD.get(fa_type)), dfsp)
        cleaned = {
            **dict.fromkeys(VALUE_FIELD.values(), False),
            "fa_type": fa_type,
            VALUE_FIELD[fa_type]: value,
            **self._derived(value, fa_type, dfsp),
        }
        if not draft or value != draft[VALUE_FIELD[fa_type]]:
            cleaned["entered_by_id"] = self.env.uid
        if fa_type != BANK_ACCOUNT:
            cleaned["branch_id"] = False
        return {**vals, **cleaned, **self._cleaned_texts(vals)}

    def _derived(self, value, fa_type=None, dfsp=None):
        """Return what is stored beside a number: how it is shown, how it is found."""
        dfsp = self.dfsp_id if dfsp is None else dfsp
        return {
            "masked": checks.mask(value),
            "fingerprint": self._fingerprint(fa_type or self.fa_type, dfsp, value),
        }

    def _cleaned_texts(self, vals):
        """Return what is said about the address, checked."""
        cleaned = {}
        for name in {"holder_name", "reason", "proof_name"} & vals.keys():
            label = self._fields[name]._description_string(self.env)
            note = name == "reason"
            clean = checks.clean_note if note else checks.clean_text
            cleaned[name] = clean(self.env, vals[name], label) or False
        # Encoded, four characters are three bytes.
        if len(vals.get("proof") or "") * 3 // 4 > MAX_PROOF:
            raise ValidationError(
                self.env._(
                    "The proof is too large: at most %(limit)s MB.",
                    limit=MAX_PROOF // 1024**2,
                )
            )
        return cleaned

    def _cleaned_value(self, fa_type, text, dfsp):
        """Return the account number, mobile number or e-mail address, checked."""
        if fa_type == BANK_ACCOUNT:
            number = checks.clean_account_number(self.env, text)
            check_account_number(self.env, number, dfsp)
            return number
        if fa_type == MOBILE_WALLET:
            country = dfsp.country_id or self.env.company.country_id
            return checks.clean_mobile_number(self.env, text, country)
        if fa_type in VALUE_FIELD:
            return checks.clean_email_address(self.env, text)
        raise ValidationError(self.env._("There is no such type of payment address."))

    def _with_registrants(self, vals_list):
        """Return these values, each with the registrant the form was opened for."""
        default = self.env.context.get("default_partner_id")
        return [
            {**vals, "partner_id": vals.get("partner_id") or default}
            for vals in vals_list
        ]

    def _check_references(self, vals_list):
        """Refuse values without a registrant, or naming something that is gone.

        The database would refuse them, too, and write the whole row into its log.

        :raise ValidationError: saying which
        """
        if not all(vals.get("partner_id", True) for vals in vals_list):
            raise ValidationError(self.env._("Choose the registrant."))
        for name in ("partner_id", "dfsp_id", "branch_id"):
            wanted = {vals[name] for vals in vals_list if vals.get(name)}
            records = self.env[self._fields[name].comodel_name].sudo().browse(wanted)
            if records.exists() != records:
                label = self._fields[name]._description_string(self.env)
                raise ValidationError(
                    self.env._("%(field)s: it does not exist any more.", field=label)
                )

    # === BRANCH === #

    # The branch of an account: kept with it, and asked for by its bank.

    @api.constrains("fa_type", "dfsp_id", "branch_id")
    def _check_branch_required(self):
        for address in self.filtered(lambda one: one.fa_type == BANK_ACCOUNT):
            address.dfsp_id._check_branch(address.branch_id)

    @api.model
    def _with_branch(self, values, live=None):
        """Return clean values with the branch, where a channel has not asked for it.

        The same account keeps its branch: without it, SPAR would hold another address
        that no person has entered. Another account has none.

        :param dict values: of one address, clean
        :param live: the registrant's addresses that are not history, oldest first;
            looked up where they are not given
        :rtype: dict
        """
        if values["fa_type"] != BANK_ACCOUNT or "branch_id" in values:
            return values
        if live is None:
            live = self.sudo().search(
                [
                    ("partner_id", "=", values["partner_id"]),
                    ("state", "in", ("draft", *LIVE_STATES)),
                ],
                order="id",
            )
        same = live.filtered(
            lambda one: (
                one.fa_type == BANK_ACCOUNT
                and one.dfsp_id.id == values.get("dfsp_id")
                # Its hash is the same with and without dashes.
                and one.sudo().fingerprint == values["fingerprint"]
            )
        )
        return {**values, "branch_id": same[-1:].branch_id.id}

    # === THE TEXT SPAR GETS === #

    # How an address is written for SPAR.

    @api.model
    def _resync(self, domain):
        """What is written for SPAR changed, for the addresses in use of this domain.

        :param list domain: which addresses
        """
        addresses = self.sudo().search([*domain, ("state", "=", "effective")])
        if addresses:
            addresses.partner_id._financial_address_changed("admin")

    def _spar_value(self):
        """Return what SPAR is to store for this address.

        :return: the financial address string, and the number of its strategy at SPAR
        :rtype: tuple[str, int]
        :raise ValidationError: when a value would break the string, or the number has
            been erased
        """
        address = self.ensure_one().sudo()
        if not address._value():
            raise ValidationError(self.env._("The number of this address was erased."))
        strategy = address.dfsp_id.strategy_id
        return strategy._construct(address._spar_parts()), strategy.strategy_number

    def _spar_parts(self):
        """Return the payment facts by the names SPAR has for them, empty as "".

        :rtype: dict
        """
        address = self.ensure_one().sudo()
        return {
            **self._provider_parts(address.fa_type, address.dfsp_id, address.branch_id),
            VALUE_FIELD[address.fa_type]: address._value() or "",
        }

    @api.model
    def _spar_texts(self, chosen, fits=None):
        """Return what SPAR is to store for many addresses, most with a common provider.

        Straight from the table: to read the fields of each address through the ORM
        would be most of what a batch costs.

        :param SQL chosen: a condition on addresses ``a``
        :param fits: whether SPAR takes an address, as a function of its strategy, its
            type and its parts
        :return: by address id, its registrant's id and what :meth:`_spar_value` writes;
            None instead of that for what cannot be written
        :rtype: dict[int, tuple[int, SparText or None]]
        """
        self.flush_model(["partner_id", "state", *WRITTEN_FIELDS])
        rows = self.env.execute_query(
            SQL(
                """SELECT a.id, a.partner_id, a.fa_type, a.dfsp_id, a.branch_id,
                          CASE a.fa_type %s END
                     FROM g2p_financial_address a
                    WHERE %s""",
                VALUE,
                chosen,
            )
        )
        found, writers = {}, {}
        for id_, partner_id, *provider, value in rows:
            key = tuple(provider)
            if key not in writers:
                writers[key] = self._writer(*key, fits)
            found[id_] = partner_id, writers[key](value)
        return found

    def _writer(self, fa_type, dfsp_id, branch_id, fits=None):
        """Return a function that writes an account number, say, as an address.

        :return: a function that returns a :class:`SparText`, or None
        """
        dfsp = self.env["g2p.dfsp"].sudo().browse(dfsp_id)
        branch = self.env["g2p.dfsp.branch"].sudo().browse(branch_id)
        strategy = dfsp.strategy_id
        template, number = strategy._parsed(), strategy.strategy_number
        shared = self._provider_parts(fa_type, dfsp, branch)
        word = strategy._type_word()
        name = VALUE_FIELD[fa_type]

        def write(value):
            if not value:
                return None
            parts = {**shared, name: value}
            if fits and not fits(strategy, fa_type, parts):
                return None
            try:
                return SparText(template.fill({**parts, **word}), number, parts)
            except Unwritable:
                return None

        return write

    @api.model
    def _provider_parts(self, fa_type, dfsp, branch):
        """Return what an address is written with besides its number."""
        if fa_type == BANK_ACCOUNT:
            parts = {
                "branch_name": branch.name,
                "branch_code": branch.code,
                "bank_name": dfsp.name,
                "bank_code": dfsp.code,
            }
        else:
            parts = {
                "wallet_provider_name": dfsp.name,
                "wallet_provider_code": dfsp.code,
            }
        return {name: text or "" for name, text in parts.items()}
