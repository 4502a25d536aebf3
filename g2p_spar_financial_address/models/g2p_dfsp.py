from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..const import BANK_ACCOUNT, FA_TYPES
from ..toolkit.value_checks import check_parts, checked
from ..values.account_number import (
    AccountFormat,
    check_account_number,
    check_pattern,
    matches,
)
from ..values.checks import read_account_number

ACCOUNT_FIELDS = ("account_pattern", "account_example", "account_hint")


class G2pDfsp(models.Model):
    """A digital financial service provider: the bank or wallet operator."""

    _name = "g2p.dfsp"
    _description = "Financial service provider"
    _inherit = ["g2p.fa.audited", "g2p.fa.decisive.directory"]
    _rec_names_search = ["name", "code"]
    _order = "name"
    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True, tracking=True, help="The provider's code at SPAR."
    )
    logo = fields.Image(max_width=256, max_height=256)
    fa_type = fields.Selection(
        FA_TYPES, string="Offers", required=True, default=BANK_ACCOUNT
    )
    country_id = fields.Many2one(
        "res.country",
        help="Phone numbers typed without a country code are read as of this country. "
        "A bank without a pattern in a country that uses IBANs has IBANs only.",
    )
    account_pattern = fields.Char(
        string="Account number pattern",
        help="A regular expression the whole account number matches, written without "
        "blanks and in upper case. Ten digits are \\d{10}. What is repeated is a "
        "character, not a group in round brackets.",
    )
    account_example = fields.Char(
        string="Example of an account number",
        help="Shown when a number that does not fit is typed. Invent one.",
    )
    account_hint = fields.Char(
        string="What an account number looks like",
        help="In plain words, shown where a number is typed: Ten digits, printed on "
        "the front of the card.",
    )
    strategy_id = fields.Many2one(
        "g2p.fa.strategy",
        compute="_compute_strategy_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        domain="[('fa_type', '=', fa_type)]",
        help="How addresses at this provider are written for SPAR.",
    )
    strategy_summary = fields.Char("Written as", related="strategy_id.summary")
    branch_ids = fields.One2many("g2p.dfsp.branch", "dfsp_id", string="Branches")
    active = fields.Boolean(default=True)
    _code_unique = models.Constraint(
        "UNIQUE(fa_type, code)",
        "There is already a provider of this type with this code.",
    )
    branch_required = fields.Boolean(
        "Needs a branch",
        help="An account at this bank is entered with its branch only, in every "
        "channel.",
    )

    # === COMPUTE METHODS === #

    @api.depends("fa_type")
    def _compute_strategy_id(self):
        for dfsp in self:
            if dfsp.strategy_id.fa_type != dfsp.fa_type:
                dfsp.strategy_id = self.env["g2p.fa.strategy"].search(
                    [("fa_type", "=", dfsp.fa_type)], limit=1
                )

    @api.onchange("fa_type")
    def _onchange_fa_type(self):
        if self.fa_type != BANK_ACCOUNT:
            self.update(dict.fromkeys(ACCOUNT_FIELDS, False))

    # === CONSTRAINTS === #

    @api.constrains("name", "code")
    def _check_parts(self):
        check_parts(self, ("name", "code"))

    @api.constrains("strategy_id", "fa_type")
    def _check_strategy(self):
        for dfsp in self:
            if dfsp.strategy_id.fa_type != dfsp.fa_type:
                raise ValidationError(
                    self.env._(
                        "The strategy “%(strategy)s” is for another type of address "
                        "than %(provider)s offers.",
                        strategy=dfsp.strategy_id.name,
                        provider=dfsp.name,
                    )
                )

    @api.constrains("fa_type", *ACCOUNT_FIELDS)
    def _check_only_banks_have_accounts(self):
        for dfsp in self:
            if dfsp.fa_type != BANK_ACCOUNT and any(
                dfsp[name] for name in ACCOUNT_FIELDS
            ):
                raise ValidationError(
                    self.env._(
                        "Only banks have account numbers. Empty the pattern, the "
                        "example and the hint of %(provider)s.",
                        provider=dfsp.name,
                    )
                )

    @api.constrains("account_pattern", "account_example", "country_id")
    def _check_account_pattern(self):
        for dfsp in self:
            if dfsp.account_pattern:
                checked(self.env, check_pattern, dfsp.account_pattern)
            if dfsp.account_example:
                dfsp._check_account_example()

    def _check_account_example(self):
        """Refuse an example that would be refused as an account number.

        :raise ValidationError: saying what is wrong with it
        """
        number = checked(self.env, read_account_number, self.account_example)
        pattern = self.account_pattern
        if pattern and not matches(pattern, number):
            raise ValidationError(
                self.env._(
                    "The example of an account number at %(bank)s does not match the "
                    "pattern. Change one of the two.",
                    bank=self.name,
                )
            )
        self._check_account_number(number)

    def _check_account_number(self, number):
        """Refuse an account number that is invalid at this bank, or at all banks.

        :param str number: in its normal form
        :raise ValidationError: with the expected format
        """
        expected = AccountFormat(
            bank=self.name,
            country_code=self.country_id.code,
            pattern=self.account_pattern,
            hint=self.account_hint,
            example=self.account_example,
        )
        checked(self.env, check_account_number, number, expected)

    # === CRUD METHODS === #

    def write(self, vals):
        if "fa_type" in vals:
            self._check_type_unused(vals["fa_type"])
        for dfsps, values in self._held_back(vals):
            super(G2pDfsp, dfsps).write(values)
            dfsps._resync_rewritten(values)
        return True

    # === HOOKS OF g2p.fa.decisive === #

    @api.model
    def _decisive_names(self):
        return {"name", "code", "strategy_id", "country_id"}

    @api.model
    def _decisive_texts(self):
        # The country decides how numbers are read, not how they are written.
        return super()._decisive_texts() - {"country_id"}

    def _decisive_addresses(self):
        return Domain("dfsp_id", "in", self.ids)

    def _decisive_shown(self, changes):
        if "strategy_id" not in changes:
            return {}
        strategy = self.env["g2p.fa.strategy"].browse(changes["strategy_id"])
        # Its name says nothing, and it may be edited while the change waits.
        return {"strategy_summary": (self.strategy_summary, strategy.summary)}

    @api.model
    def _decisive_by_place(self, dfsp, branch):
        return dfsp

    # === BUSINESS METHODS === #

    def _check_type_unused(self, fa_type):
        """Refuse another type once addresses were entered, which would become wrong."""
        others = self.filtered(lambda dfsp: dfsp.fa_type != fa_type)
        if (
            self.env["g2p.financial.address"]
            .sudo()
            .search_count([("dfsp_id", "in", others.ids)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "There are payment addresses at this provider. Archive it, and "
                    "enter what else it offers as a provider of its own."
                )
            )

    # === BANKS THAT NEED A BRANCH === #

    @api.onchange("fa_type")
    def _onchange_fa_type_branch(self):
        if self.fa_type != BANK_ACCOUNT:
            self.branch_required = False

    @api.constrains("fa_type", "branch_required")
    def _check_branch_required(self):
        if any(one.branch_required and one.fa_type != BANK_ACCOUNT for one in self):
            raise ValidationError(self.env._("Only banks have branches."))

    def _check_branch(self, branch):
        """Refuse an account without a branch where the bank needs one.

        :param g2p.dfsp.branch branch: what was chosen; may be empty, as may the bank
        :raise ValidationError: naming the bank
        """
        if self.branch_required and not branch:
            raise ValidationError(
                self.env._(
                    "Choose the branch: %(bank)s needs one.",
                    bank=self.name,
                )
            )
