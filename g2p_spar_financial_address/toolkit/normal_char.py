"""A text that is found however it is typed."""

from odoo import fields
from odoo.tools import SQL

from ..values.identifiers import normal, spelling_pattern


class NormalChar(fields.Char):
    """A name, code or ID; a search for a part of it takes any blanks and composition.

    One keyboard writes an accented letter as one character, another one as two, and
    both look the same.
    """

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        if operator == "in":
            value = {*value, *(normal(v) for v in value if isinstance(v, str))}
        found = super().condition_to_sql(
            field_expr, operator, value, model, alias, query
        )
        wanted = normal(value) if operator in ("ilike", "=ilike") else ""
        if not wanted or (wanted.isascii() and wanted.isalnum()):
            # Written in one way only.
            return found
        pattern = spelling_pattern(wanted)
        if operator == "=ilike":
            pattern = f"^(?:{pattern})$"
        column = model._field_to_sql(alias, field_expr, query)
        return SQL("(%s OR %s ~* %s)", found, column, pattern)
