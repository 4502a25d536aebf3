from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain


class ResPartner(models.Model):
    """What a channel needs when it only has the ID on somebody's card.

    That ID may be the SPAR ID itself, or what the SPAR ID is made from. A registry that
    keeps IDs elsewhere overrides these.
    """

    _inherit = "res.partner"

    @api.model
    def _spar_find(self, texts):
        """Return the contacts that have each of these IDs.

        :param set texts: IDs as they were collected
        :return: contacts by ID, also archived ones; none, one or several
        :rtype: collections.defaultdict
        """
        rule = self._spar_id_rule()
        spar_ids = {text: {text, self._spar_id_from(text)} for text in texts}
        wanted = Domain("spar_id", "in", sorted(set().union(*spar_ids.values())))
        for name in rule.sources:
            wanted |= Domain(name, "in", sorted(texts))
        wanted &= Domain("active", "in", [True, False])
        everybody = self.sudo()
        by_value = defaultdict(everybody.browse)
        for partner in everybody.search_fetch(wanted, ["spar_id", *rule.sources]):
            for name in {"spar_id", *rule.sources}:
                by_value[name == "spar_id", partner[name]] |= partner
        found = defaultdict(everybody.browse)
        for text, ids in spar_ids.items():
            for spar_id in ids:
                found[text] |= by_value[True, spar_id]
            found[text] |= by_value[False, text]
        return found

    @api.model
    def _spar_id_from(self, text):
        """Return the SPAR ID that is made from the ID on a card."""
        return self._spar_id_rule().template.replace("{id}", text)

    @api.model
    def _spar_id_values(self, text):
        """Return the values of a new registrant with this ID on the card.

        :param str text: the ID, or a falsy value
        :rtype: dict
        """
        sources = self._spar_id_rule().sources
        return {sources[0] if sources else "spar_id": text} if text else {}
