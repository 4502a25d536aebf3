"""Writes the parts that SPAR 2.x returns with a strategy of ours; uses no database."""

from dataclasses import dataclass

from odoo.addons.g2p_spar_financial_address.values.checks import MAX_TEXT
from odoo.addons.g2p_spar_financial_address.values.strategy_template import (
    StrategyTemplate,
    Unwritable,
)


@dataclass(frozen=True)
class StrategyWriter:
    """One strategy for payment addresses, as it was when this was made.

    :param StrategyTemplate template: what it writes
    :param str word: for the type of address
    :param frozenset words: what SPAR may say for that type
    """

    template: StrategyTemplate
    word: str
    words: frozenset

    def text_of(self, parts):
        """Return the text this strategy writes for an address SPAR 2.x holds.

        SPAR tells the groups its own strategy of that number reads. They fit ours when
        it knows every group that says something, and misses none.

        :param dict parts: texts by the names of SPAR's groups
        :return: the text, or None when it cannot be told what SPAR holds
        """
        if parts.get("fa_type", self.word) not in self.words:
            return None
        names = self.template.names - {"fa_type"}
        told = {name for name, text in parts.items() if text} - {"fa_type"}
        if not told <= names <= parts.keys():
            return None
        values = {name: parts[name] for name in names}
        if any(len(text) > MAX_TEXT for text in values.values()):
            return None
        try:
            return self.template.fill({**values, "fa_type": self.word})
        except Unwritable:
            return None
