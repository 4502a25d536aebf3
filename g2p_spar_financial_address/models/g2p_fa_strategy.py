from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..const import BANK_ACCOUNT, EMAIL_WALLET, FA_TYPES, MOBILE_WALLET, VALUE_FIELD
from ..toolkit.value_checks import checked
from ..values.checks import clean_text
from ..values.strategy_template import Unwritable, parsed_template

KINDS = [("fa", "Payment address"), ("id", "Beneficiary ID")]

_OPERATOR = {"wallet_provider_name": "M-Cash", "wallet_provider_code": "MC"}

#: What a template may use, by address type, each with an example. The names are those
#: of SPAR's own strategies.
PLACEHOLDERS = {
    BANK_ACCOUNT: {
        "account_number": "0123456789",
        "branch_name": "North",
        "branch_code": "NB01",
        "bank_name": "First Bank",
        "bank_code": "FB",
        "fa_type": "",
    },
    MOBILE_WALLET: {"mobile_number": "+255754200001", **_OPERATOR, "fa_type": ""},
    EMAIL_WALLET: {"email_address": "asha@mpay.example", **_OPERATOR, "fa_type": ""},
}
ID_PLACEHOLDERS = {"sub": "8871"}

#: What SPAR's own patterns accept for a value: anything, and for an ID one or more
#: characters without a dot after the first.
VALUE_PATTERN = {"fa": ".*", "id": ".[^.]*"}


class G2pFaStrategy(models.Model):
    """How an address or an ID is written as the text SPAR stores, and read back.

    SPAR 1.x stores the text it receives and does not interpret it. The payment system
    splits it later with SPAR's strategy of the number ``strategy_number``.
    """

    _name = "g2p.fa.strategy"
    _description = "Financial address strategy"
    _inherit = ["g2p.fa.decisive.directory"]
    _order = "strategy_number"

    name = fields.Char(required=True, translate=True)
    strategy_number = fields.Integer(
        string="Number at SPAR",
        required=True,
        help="SPAR's own number of this strategy. It travels with every address, "
        "and tells the payment chain how to read it.",
    )
    kind = fields.Selection(
        KINDS, string="Writes", required=True, default="fa", help="What it writes."
    )
    fa_type = fields.Selection(FA_TYPES, string="Address type")
    fa_type_code = fields.Char(
        string="Type word",
        help="The word SPAR's strings use for this type, for example 'bank'.",
    )
    template = fields.Char(
        required=True,
        help="The string to build, with the values in braces: "
        "mobile_number:{mobile_number}.fa_type:{fa_type}",
    )
    summary = fields.Char("Written as", compute="_compute_summary")
    example_written = fields.Char(string="SPAR gets", compute="_compute_example")
    example_read = fields.Text(string="Read back as", compute="_compute_example")

    _strategy_number_unique = models.Constraint(
        "UNIQUE(strategy_number)", "There is already a strategy with this number."
    )

    # === COMPUTE METHODS === #

    @api.depends("kind", "fa_type", "fa_type_code", "template")
    def _compute_example(self):
        """Show what the template does with an example, or why it cannot be used."""
        for strategy in self:
            strategy.example_written = strategy.example_read = False
            if not strategy.template or (
                strategy.kind == "fa" and not strategy.fa_type
            ):
                continue
            try:
                strategy._check_placeholders()
                text = strategy._construct(strategy._known_placeholders())
            except ValidationError as error:
                strategy.example_written = error.args[0]
                continue
            values = strategy._deconstruct(text)
            strategy.example_written = text
            strategy.example_read = "\n".join(f"{k}: {v}" for k, v in values.items())

    @api.depends("strategy_number", "template", "fa_type_code")
    def _compute_summary(self):
        """Show in one line all values that decide the text."""
        for strategy in self:
            word = strategy.fa_type_code or ""
            template = (strategy.template or "").replace("{fa_type}", word)
            strategy.summary = f"{strategy.strategy_number}: {template}"

    @api.onchange("kind")
    def _onchange_kind(self):
        if self.kind == "id":
            self.fa_type = self.fa_type_code = False

    # === CONSTRAINTS === #

    @api.constrains("template", "kind", "fa_type", "fa_type_code")
    def _check_template(self):
        """Refuse a template whose strings could not be read back field by field."""
        for strategy in self:
            strategy._check_kind()
            strategy._check_placeholders()
            try:
                texts = {strategy._construct(sample) for sample in strategy._samples()}
            except ValidationError:
                texts = set()
            if len(texts) < 2:
                raise ValidationError(
                    self.env._(
                        "What this template writes cannot be read back. Put a label "
                        "before each value and a dot after it, such as "
                        "account_number:{account_number}.bank_code:{bank_code}."
                    )
                )

    def _samples(self):
        """Return the values of two people that differ only in the number."""
        end = "1 x" if self.kind == "id" else "1 x.2"
        sample = {name: f"{name[0]}{end}" for name in self._placeholders()}
        return [{**sample, self._value_name(): f"{start}{end}"} for start in "yz"]

    def _value_name(self):
        """Return the placeholder whose value differs between people."""
        return "sub" if self.kind == "id" else VALUE_FIELD[self.fa_type]

    def _check_kind(self):
        self.ensure_one()
        typed = bool(self.fa_type), bool(self.fa_type_code)
        if self.kind == "fa" and not all(typed):
            raise ValidationError(
                self.env._(
                    "A strategy for payment addresses needs an address type and the "
                    "word SPAR uses for it."
                )
            )
        if self.kind == "id" and any(typed):
            raise ValidationError(
                self.env._(
                    "A strategy for IDs has no address type. Leave the type and its "
                    "word empty."
                )
            )
        users = self.env["g2p.dfsp"].sudo().with_context(active_test=False)
        if users.search_count(
            [
                ("strategy_id", "in", self._origin.ids),
                ("fa_type", "!=", self.fa_type),
            ],
            limit=1,
        ):
            raise ValidationError(
                self.env._(
                    "Providers use this strategy for their addresses. Give them "
                    "another one before you change its type."
                )
            )

    def _check_placeholders(self):
        self.ensure_one()
        names, known = self._placeholders(), self._known_placeholders()
        if not names:
            raise ValidationError(
                self.env._(
                    "The template holds no value. Write at least one in braces, such "
                    "as {%(name)s}.",
                    name=next(iter(known)),
                )
            )
        if unknown := names - known.keys():
            raise ValidationError(
                self.env._(
                    "The template uses %(unknown)s, which this strategy does not "
                    "have. It may use: %(known)s.",
                    unknown=", ".join(sorted(unknown)),
                    known=", ".join(sorted(known)),
                )
            )
        if self._value_name() not in names:
            raise ValidationError(
                self.env._(
                    "The template lacks {%(name)s}: everybody would be paid at one "
                    "place. Write it in braces where the value goes.",
                    name=self._value_name(),
                )
            )

    # === CRUD METHODS === #

    def write(self, vals):
        for strategies, values in self._held_back(vals):
            super(G2pFaStrategy, strategies).write(values)
            strategies._resync_rewritten(values)
        return True

    @api.model
    def _decisive_names(self):
        return {"template", "strategy_number", "fa_type_code"}

    def _decisive_addresses(self):
        return Domain("dfsp_id.strategy_id", "in", self.ids)

    @api.model
    def _decisive_by_place(self, dfsp, branch):
        return dfsp.strategy_id

    # === BUSINESS METHODS === #

    def _construct(self, values):
        """Return the string SPAR stores.

        :param dict values: the payment facts by placeholder name; those the template
            does not use are ignored, those that are missing are written empty
        :rtype: str
        :raise ValidationError: when a value would break the string: it has a control
            character, holds a label of the template (such as ``.bank_code:``), or
            forms one together with the text beside it. SPAR would split there.
        """
        self.ensure_one()
        for name, value in values.items():
            checked(self.env, clean_text, value, self._part_in_words(name))
        try:
            return self._parsed().fill({**values, **self._type_word()})
        except Unwritable as problem:
            raise ValidationError(self._explain(problem, values)) from None

    def _explain(self, problem, values):
        if problem.label:
            names = [n for n, value in values.items() if problem.label in (value or "")]
            return self.env._(
                "%(part)s contains “%(label)s”, which SPAR uses to separate the parts "
                "of an address. Remove it.",
                part=self._part_in_words((names or [""])[0]),
                label=problem.label,
            )
        return self.env._(
            "These values cannot be written for SPAR, because they could not be told "
            "apart again. Remove unusual dots, colons and other signs."
        )

    def _part_in_words(self, name):
        """Return what people call a part of an address.

        :param str name: of the part, as templates name it
        """
        words = {
            "account_number": self.env._("Account number"),
            "mobile_number": self.env._("Mobile number"),
            "email_address": self.env._("E-mail address"),
            "bank_name": self.env._("The name of the provider"),
            "bank_code": self.env._("The code of the provider"),
            "wallet_provider_name": self.env._("The name of the provider"),
            "wallet_provider_code": self.env._("The code of the provider"),
            "branch_name": self.env._("The name of the branch"),
            "branch_code": self.env._("The code of the branch"),
        }
        return words.get(name) or self.env._("A value")

    def _type_word(self):
        """Return the word for the address type as a value to write."""
        return {"fa_type": self.fa_type_code} if self.kind == "fa" else {}

    def _deconstruct(self, text):
        """Return the values in a string of this strategy, or ``None`` if it is not one.

        :param str text: what SPAR holds; may be empty
        :rtype: dict | None
        """
        self.ensure_one()
        return self._parsed().take_apart(text or "")

    def _parsed(self):
        """Return the template, taken apart.

        :rtype: StrategyTemplate
        :raise ValidationError: when it is not valid
        """
        self.ensure_one()
        try:
            return parsed_template(self.template, VALUE_PATTERN[self.kind])
        except ValueError:
            raise ValidationError(
                self.env._("The template is not valid: write values as {name}.")
            ) from None

    def _placeholders(self):
        return self._parsed().names

    def _known_placeholders(self):
        """Return what the template may use, each with an example."""
        self.ensure_one()
        return ID_PLACEHOLDERS if self.kind == "id" else PLACEHOLDERS[self.fa_type]
