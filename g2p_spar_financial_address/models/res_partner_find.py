from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import VIEWER
from ..values.finding import name_patterns, phone_pattern
from ..values.identifiers import likeness, spelling_pattern
from ..values.strategy_template import CONTROL


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
        self._check_may_read_field("spar_find")
        if operator != "ilike" or not isinstance(value, str):
            return NotImplemented
        # No text of the database has any.
        value = CONTROL.sub("", value)
        words = name_patterns(value)
        if not words:
            return Domain.TRUE
        # Names in plain letters, by their length, are not taken apart: it takes long.
        name = SQL(
            "CASE WHEN octet_length(name) = length(name) THEN name"
            " ELSE normalize(name, NFKD) END"
        )
        # An ID, a part of it, or one that people take for it.
        either = [
            SQL(" AND ").join(SQL("%s ~ %s", name, word) for word in words),
            SQL("spar_id ~* %s", spelling_pattern(value)),
            SQL("spar_id_likeness = %s", likeness(value) or ""),
        ]
        if phone := phone_pattern(value):
            either.append(SQL("phone ~ %s", phone))
        self.flush_model(["name", "phone", "spar_id", "spar_id_likeness"])
        found = SQL("(SELECT id FROM res_partner WHERE %s)", SQL(" OR ").join(either))
        owners = self._spar_find({value})[value]
        return Domain("id", "in", found) | Domain("id", "in", owners.ids)
