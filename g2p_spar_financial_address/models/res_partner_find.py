from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import VIEWER
from ..values.finding import name_patterns, phone_pattern
from ..values.identifiers import likeness


class ResPartner(models.Model):
    """One field that finds a person by name, ID or contact phone."""

    _inherit = "res.partner"

    spar_find = fields.Char(
        "Name, ID or phone",
        compute="_compute_spar_find",
        search="_search_spar_find",
        groups=VIEWER,
        help="For searching: finds people by parts of the name in any order, by the ID "
        "on their card, and by the contact phone or its last digits.",
    )

    @api.depends("name")
    def _compute_spar_find(self):
        for partner in self:
            partner.spar_find = partner.name

    def _search_spar_find(self, operator, value):
        # The ORM checks no access to a field with its own search method.
        self._check_field_access(self._fields["spar_find"], "read")
        if operator != "ilike" or not isinstance(value, str):
            return NotImplemented
        words = name_patterns(value)
        if not words:
            return Domain.TRUE
        return (
            Domain("id", "in", self._spar_find_by_name(words))
            | self._spar_find_by_phone(value)
            | self._spar_find_by_id(value)
        )

    @api.model
    def _spar_find_by_name(self, words):
        """Return SQL of the contacts whose name has all of these words.

        :param list words: of :func:`~..values.finding.name_patterns`
        """
        self.flush_model(["name"])
        name = SQL("normalize(name, NFKD)")
        conditions = [SQL("%s ~ %s", name, word) for word in words]
        return SQL(
            "(SELECT id FROM res_partner WHERE %s)", SQL(" AND ").join(conditions)
        )

    @api.model
    def _spar_find_by_phone(self, text):
        pattern = phone_pattern(text)
        if not pattern:
            return Domain.FALSE
        self.flush_model(["phone"])
        found = SQL("(SELECT id FROM res_partner WHERE phone ~ %s)", pattern)
        return Domain("id", "in", found)

    @api.model
    def _spar_find_by_id(self, text):
        """Return the domain of contacts with this ID, or one people take for it."""
        owners = self._spar_find({text})[text].ids
        return (
            Domain("id", "in", owners)
            | Domain("spar_id_likeness", "=", likeness(text) or "")
            | Domain("spar_id", "ilike", text)
        )
