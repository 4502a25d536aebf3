from collections import namedtuple

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..const import (
    ADDRESS_STATES,
    APPROVER,
    BANK_ACCOUNT,
    CHANNELS,
    EDITOR,
    FA_TYPES,
    LIVE_STATES,
    MANDATE_FIELDS,
    MOBILE_WALLET,
    OWN_PARTS,
    PAYEE_FIELDS,
    VALUE_FIELD,
)
from ..toolkit.note_field import Note
from ..toolkit.value_checks import describe
from ..values import names
from ..values.strategy_template import Unwritable
from .g2p_fa_strategy import PLACEHOLDERS

EDITOR_OR_APPROVER = f"{EDITOR},{APPROVER}"

#: Fields that decide the text SPAR gets.
WRITTEN_FIELDS = ("fa_type", "dfsp_id", "branch_id", *OWN_PARTS)

#: Fields that users fill in. They are fixed once the address has left the draft state.
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
    *PAYEE_FIELDS,
    *MANDATE_FIELDS,
}

#: An address as it is sent to SPAR: the text its strategy writes, the strategy's number
#: at SPAR, and the parts by SPAR's names, with "" for empty ones.
SparText = namedtuple("SparText", "text number parts")


class G2pFinancialAddress(models.Model):
    """Where a registrant is paid; separate from the contact details.

    An address that was in use is never edited: an amendment is a new address that
    replaces it, so the history of a registrant is complete.

    This file has the fields of an address and the text SPAR gets. Other files of the
    model: ``_service`` (how channels check, enter and end addresses), ``_payee`` (who
    receives the money, mandates), ``_workflow`` (the states, approval), ``_preview``
    (what entries would change), ``_comparison`` (old beside new), ``_confirmation``
    (whether the number is still right), ``_privacy`` (who reads numbers, shared
    numbers, retention) and ``_import`` (files).
    """

    _name = "g2p.financial.address"
    _description = "Payment address"
    _inherit = ["g2p.fa.protected", "g2p.fa.second.person"]
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
            (names.SAME, "Matches the payee's name"),
            (names.SIMILAR, "Similar to the payee's name"),
            (names.DIFFERENT, "Differs from the payee's name"),
        ],
        string="Holder and payee",
        compute="_compute_holder_match",
        help="The payee is the registrant, unless another person receives the money. A "
        "hint only: names have many spellings.",
    )
    account_hint = fields.Char(related="dfsp_id.account_hint")
    account_example = fields.Char(related="dfsp_id.account_example")
    channel = fields.Selection(
        CHANNELS,
        required=True,
        readonly=True,
        default="admin",
        copy=False,
    )
    reason = Note(help="Why the address was entered or changed.")
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
        help="The user in whose session the number was entered.",
    )
    entered_by = fields.Char(
        "By", compute="_compute_entered_by", help="Who entered it, for lists."
    )
    typed = fields.Boolean(
        readonly=True,
        copy=False,
        help="Whether that user typed the number, rather than a file, a bulk "
        "amendment or another system.",
    )
    author_ids = fields.Many2many(
        "res.users",
        string="Also worked on it",
        readonly=True,
        copy=False,
        help="Users who changed it before it was complete.",
    )
    state = fields.Selection(
        ADDRESS_STATES,
        required=True,
        default="draft",
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
        "Another user has just changed this registrant's payment address. Reload the "
        "page and look at it before you change it.",
    )
    _drafts = models.Index("(id) WHERE state = 'draft'")

    # === COMPUTE METHODS === #

    @api.depends("fa_type", "dfsp_id", "masked")
    def _compute_display_name(self):
        for address in self:
            address.display_name = describe(address)

    @api.depends("entered_by_id")
    def _compute_entered_by(self):
        for address in self:
            address.entered_by = address.sudo()._author_name()

    def _author_name(self):
        """Return the name of who entered this address; hook for other sources."""
        return self.entered_by_id.name

    @api.depends("holder_name", "partner_id", "payee", "payee_name")
    def _compute_holder_match(self):
        for address in self:
            address.holder_match = names.compare(
                address.holder_name, address._name_of_payee()
            )

    @api.onchange("fa_type")
    def _onchange_fa_type(self):
        if self.dfsp_id.fa_type != self.fa_type:
            self.dfsp_id = False

    @api.onchange("dfsp_id")
    def _onchange_dfsp_id(self):
        if self.branch_id.dfsp_id != self.dfsp_id:
            # Back at the bank the form began with: its branch is not lost.
            current = self.partner_id.financial_address_id
            is_back = current.dfsp_id == self.dfsp_id
            self.branch_id = current.branch_id if is_back else False

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
        """Refuse an address of a contact that is not a registrant.

        :raise ValidationError: with the name of the contact
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
        # An erased address is deleted with its registrant, by the system only.
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
        """Return the addresses of these registrants in use or waiting for approval.

        The fields that decide the text for SPAR, and those that ending them needs, are
        fetched with them, since all callers use those.
        """
        domain = [("partner_id", "in", partners.ids), ("state", "in", states)]
        names = ["partner_id", "state", "payee_until", *WRITTEN_FIELDS]
        return self.search_fetch(domain, names)

    # === THE TEXT SPAR GETS === #

    @api.model
    def _resync(self, domain):
        """Send the addresses in use of this domain again: their text has changed.

        :param list domain: which addresses
        """
        addresses = self.sudo().search([*domain, ("state", "=", "effective")])
        if addresses:
            addresses.partner_id._financial_address_changed("admin")

    def _spar_value(self):
        """Return the text SPAR stores for this address.

        :return: the text, and the number of its strategy at SPAR
        :rtype: tuple[str, int]
        :raise ValidationError: when the text could not be read back, or the number has
            been erased
        """
        [value] = self.ensure_one()._spar_values()
        return value

    def _spar_values(self):
        """Return :meth:`_spar_value` of each of these, in order."""
        values = []
        # Thousands of a file have few providers in common.
        shared = {}
        for address in self.sudo():
            number = address.whole_number()
            if not number:
                raise ValidationError(
                    self.env._("The number of this address was erased.")
                )
            fa_type, dfsp, branch = address.fa_type, address.dfsp_id, address.branch_id
            if (fa_type, dfsp, branch) not in shared:
                shared[fa_type, dfsp, branch] = self._provider_parts(
                    fa_type, dfsp, branch
                )
            own = self._own_parts(fa_type, [address[name] for name in OWN_PARTS])
            parts = {**shared[fa_type, dfsp, branch], **own}
            strategy = dfsp.strategy_id
            values.append((strategy._construct(parts), strategy.strategy_number))
        return values

    def _spar_parts(self):
        """Return the parts of the address by SPAR's names, with "" for empty ones.

        :rtype: dict
        """
        address = self.ensure_one().sudo()
        return {
            **self._provider_parts(address.fa_type, address.dfsp_id, address.branch_id),
            **self._own_parts(address.fa_type, [address[name] for name in OWN_PARTS]),
        }

    @api.model
    def _own_parts(self, fa_type, values):
        """Return those of the own parts that this type of address has, empty as "".

        :param str fa_type: of the address
        :param values: of :data:`OWN_PARTS`, in that order
        :rtype: dict
        """
        known = PLACEHOLDERS[fa_type]
        own = zip(OWN_PARTS, values, strict=True)
        return {name: value or "" for name, value in own if name in known}

    @api.model
    def _spar_texts(self, chosen, fits=None):
        """Return the texts SPAR stores for many addresses.

        The fields are read by SQL: reading them through the ORM would take most of the
        time of a batch. Strategy and provider are read once for each provider.

        :param SQL chosen: a condition on addresses ``a``
        :param fits: a function of strategy, type and parts of an address; if it returns
            False, SPAR cannot store the address
        :return: by address id, the registrant's id and the text; None instead of a text
            for an address that cannot be written
        :rtype: dict[int, tuple[int, SparText or None]]
        """
        self.flush_model(["partner_id", "state", *WRITTEN_FIELDS])
        rows = self.env.execute_query(
            SQL(
                """SELECT a.id, a.partner_id, a.fa_type, a.dfsp_id, a.branch_id, %s
                     FROM g2p_financial_address a
                    WHERE %s""",
                SQL(", ").join(SQL.identifier("a", name) for name in OWN_PARTS),
                chosen,
            )
        )
        found, writers = {}, {}
        for id_, partner_id, fa_type, dfsp_id, branch_id, *own in rows:
            key = fa_type, dfsp_id, branch_id
            if key not in writers:
                writers[key] = self._writer(*key, fits)
            found[id_] = partner_id, writers[key](self._own_parts(fa_type, own))
        return found

    def _writer(self, fa_type, dfsp_id, branch_id, fits=None):
        """Return a function that writes addresses at this provider and branch.

        :return: a function that gets an address's own parts and returns a
            :class:`SparText`, or None
        """
        dfsp = self.env["g2p.dfsp"].sudo().browse(dfsp_id)
        branch = self.env["g2p.dfsp.branch"].sudo().browse(branch_id)
        strategy = dfsp.strategy_id
        template, number = strategy._parsed(), strategy.strategy_number
        shared = self._provider_parts(fa_type, dfsp, branch)
        word = strategy._type_word()
        name = VALUE_FIELD[fa_type]

        def write(own):
            if not own[name]:
                return None
            parts = {**shared, **own}
            if fits and not fits(strategy, fa_type, parts):
                return None
            try:
                return SparText(template.fill({**parts, **word}), number, parts)
            except Unwritable:
                return None

        return write

    @api.model
    def _provider_parts(self, fa_type, dfsp, branch):
        """Return what an address is written with of its provider and branch."""
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
