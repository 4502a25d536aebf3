from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

from .. import spar_ids


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
        sources = self._spar_id_rule().sources
        everybody = self.sudo().with_context(active_test=False)
        at_spar = {text: {text, self._spar_id_from(text)} for text in texts}
        by_id = everybody._spar_by_id(set().union(*at_spar.values()), sources)
        # A source is kept as it was typed, which need not be the normal form.
        in_sources = {text: {text, spar_ids.normal(text)} for text in texts}
        values = sorted(set().union(*in_sources.values()))
        by_value = defaultdict(everybody.browse)
        if sources and values:
            wanted = Domain.OR(Domain(name, "in", values) for name in sources)
            for partner in everybody.search_fetch(wanted, ["spar_id", *sources]):
                for name in sources:
                    by_value[partner[name]] |= partner
        found = defaultdict(everybody.browse)
        for text in texts:
            for spar_id in at_spar[text]:
                found[text] |= by_id[spar_id]
            for value in in_sources[text]:
                found[text] |= by_value[value]
        return found

    @api.model
    def _spar_id_from(self, text):
        """Return the SPAR ID that is made from the ID on a card."""
        return self._spar_id_rule().template.replace("{id}", spar_ids.normal(text))

    @api.model
    def _spar_id_values(self, text):
        """Return the values of a new registrant with this ID on the card.

        :param str text: the ID, or a falsy value
        :rtype: dict
        """
        sources = self._spar_id_rule().sources
        text = spar_ids.normal(text)
        return {sources[0] if sources else "spar_id": text} if text else {}
