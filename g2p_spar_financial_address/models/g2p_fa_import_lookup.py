from odoo import api, models
from odoo.tools.lru import LRU


class G2pFaImportLookup(models.AbstractModel):
    """Makes Odoo's import look each name up once, and not for every row."""

    _name = "g2p.fa.import.lookup"
    _description = "Looked up once per import"

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        # Odoo's import keeps external IDs here for the time of one batch.
        cache = self.env.context.get("import_cache")
        if not isinstance(cache, LRU) or domain:
            return super().name_search(name, domain, operator, limit)
        key = (self._name, name, operator, limit)
        if key not in cache:
            cache[key] = super().name_search(name, domain, operator, limit)
        return cache[key]
