from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

from ..mapping import full_name

#: Parts of a name that some registries keep in fields of their own.
_NAME_PARTS = ("given_name", "family_name")


class ResPartner(models.Model):
    """What ODK asks of a registry; one that keeps IDs elsewhere overrides these."""

    _inherit = "res.partner"

    @api.model
    def _odk_find(self, texts):
        """Return the contacts that have each of these IDs.

        An ID on the card may be the SPAR ID itself, or what the SPAR ID is made from.

        :param set texts: IDs as they were collected
        :return: contacts by ID, also archived ones; none, one or several
        :rtype: collections.defaultdict
        """
        rule = self._spar_id_rule()
        spar_ids = {text: {text, self._odk_spar_id(text)} for text in texts}
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
    def _odk_spar_id(self, text):
        """Return the SPAR ID that is made from an ID as it was collected."""
        return self._spar_id_rule().template.replace("{id}", text)

    @api.model
    def _odk_new_values(self, values):
        """Return the values of a new registrant, as a submission gives them.

        :param dict values: by target of the mapping
        :rtype: dict
        """
        new = {"is_registrant": True, **self._odk_contact_values(values)}
        if text := values.get("registrant_id"):
            sources = self._spar_id_rule().sources
            new[sources[0] if sources else "spar_id"] = text
        return new

    @api.model
    def _odk_contact_values(self, values):
        """Return the name and contact phone, as a submission gives them.

        :rtype: dict
        """
        parts = {name: values.get(name) for name in _NAME_PARTS if name in self._fields}
        contact = {
            "name": full_name(values),
            "phone": values.get("contact_phone"),
            **parts,
        }
        return {name: value for name, value in contact.items() if value}
