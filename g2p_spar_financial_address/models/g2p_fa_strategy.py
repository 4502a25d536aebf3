import re
from string import Formatter

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import FA_TYPES

#: What a template may use, by address type: the names SPAR's own strategies use.
PLACEHOLDERS = {
    "bank_account": {
        "account_number",
        "branch_name",
        "branch_code",
        "bank_name",
        "bank_code",
        "fa_type",
    },
    "mobile_wallet": {
        "mobile_number",
        "wallet_provider_name",
        "wallet_provider_code",
        "fa_type",
    },
    "email_wallet": {
        "email_address",
        "wallet_provider_name",
        "wallet_provider_code",
        "fa_type",
    },
}


class G2pFaStrategy(models.Model):
    """How a financial address is written as the string SPAR stores, and read back.

    SPAR 1.x stores the string it is given and never interprets it; whoever pays
    later splits it with the strategy that ``strategy_number`` names at SPAR.
    """

    _name = "g2p.fa.strategy"
    _description = "Financial address strategy"
    _order = "strategy_number"

    name = fields.Char(required=True, translate=True)
    strategy_number = fields.Integer(
        string="Number at SPAR",
        required=True,
        help="SPAR's own number of this strategy. It travels with every address, "
        "and tells the payment chain how to read it.",
    )
    fa_type = fields.Selection(FA_TYPES, string="Address type", required=True)
    fa_type_code = fields.Char(
        string="Type word",
        required=True,
        help="The word SPAR's strings use for this type, for example 'bank'.",
    )
    template = fields.Char(
        required=True,
        help="The string to build, with the values in braces: "
        "mobile_number:{mobile_number}.fa_type:{fa_type}",
    )

    _strategy_number_unique = models.Constraint(
        "UNIQUE(strategy_number)", "There is already a strategy with this number."
    )

    @api.constrains("template", "fa_type", "fa_type_code")
    def _check_round_trip(self):
        """Refuse a template whose strings could not be read back field by field."""
        for strategy in self:
            names = strategy._placeholders()
            unknown = names - PLACEHOLDERS[strategy.fa_type]
            if unknown:
                raise ValidationError(
                    self.env._(
                        "The template uses %(unknown)s, which this address type does "
                        "not have. It may use: %(known)s.",
                        unknown=", ".join(sorted(unknown)),
                        known=", ".join(sorted(PLACEHOLDERS[strategy.fa_type])),
                    )
                )
            sample = {name: f"{name[0]}1 x.2" for name in names}
            sample["fa_type"] = strategy.fa_type_code
            if strategy._deconstruct(strategy._construct(sample)) != sample:
                raise ValidationError(
                    self.env._(
                        "What this template writes cannot be read back. Put a label "
                        "before each value and a dot after it, such as "
                        "account_number:{account_number}.bank_code:{bank_code}."
                    )
                )

    def write(self, vals):
        result = super().write(vals)
        if {"template", "strategy_number", "fa_type_code"} & vals.keys():
            self.env["g2p.financial.address"]._rewritten(
                [("dfsp_id.strategy_id", "in", self.ids)]
            )
        return result

    def _parts(self):
        """Return the template as ``[(literal text, placeholder or None)]``."""
        self.ensure_one()
        try:
            parts = list(Formatter().parse(self.template))
        except ValueError:
            parts = None
        if parts is None or any(spec or conversion for *_, spec, conversion in parts):
            raise ValidationError(
                self.env._("The template is not valid: write values as {name}.")
            )
        return [(literal, name) for literal, name, *_ in parts]

    def _placeholders(self):
        return {name for _literal, name in self._parts() if name is not None}

    def _construct(self, values):
        """Return the string SPAR stores.

        :param dict values: the payment facts by placeholder name
        :raise ValidationError: when a value holds a following label of the template
            (such as ``.bank_code:``), because SPAR would split the string there
        """
        self.ensure_one()
        values = {**values, "fa_type": self.fa_type_code}
        parts = self._parts()
        labels = [literal for literal, _name in parts if len(literal) > 1]
        for label in labels:
            if any(label in (values.get(name) or "") for _literal, name in parts):
                raise ValidationError(
                    self.env._(
                        "A value contains “%(label)s”, which SPAR uses to separate the "
                        "parts of an address. Remove it.",
                        label=label,
                    )
                )
        return "".join(
            literal + ("" if name is None else values.get(name) or "")
            for literal, name in parts
        )

    def _deconstruct(self, text):
        """Return the values in a string of this strategy, or ``None`` if it is not one.

        The pattern is the one SPAR seeds for its own strategies: every value is
        ``.*`` between the literal labels, anchored at both ends.
        """
        self.ensure_one()
        pattern, seen = "", set()
        for literal, name in self._parts():
            pattern += re.escape(literal)
            if name is not None:
                pattern += f"(?P={name})" if name in seen else f"(?P<{name}>.*)"
                seen.add(name)
        match = re.fullmatch(pattern, text or "")
        return match.groupdict() if match else None
