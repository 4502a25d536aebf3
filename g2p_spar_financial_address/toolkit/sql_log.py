"""Keeps values out of the log of statements that the database refuses.

Odoo logs such a statement as a whole, with the row it was to store, and PostgreSQL's
answer, which repeats the row. Two users who enter the same ID at the same moment are
enough for that: one of them is refused by an index.

Part of the process, not of a database: it is in force once the addon is imported.
"""

import logging
import re

import psycopg2

_VALUES = re.compile(r"'(?:[^'\\]|''|\\.)*'|\b\d+(?:\.\d+)?\b", re.DOTALL)
#: Characters of a statement that are logged; the rest are values, most often.
LENGTH = 500
#: Errors of this class quote the value.
_DATA_EXCEPTION = "22"


class WithoutValues(logging.Filter):
    """Replaces the values in messages about refused statements."""

    def filter(self, record):
        if str(record.msg).startswith("bad query") and len(record.args or ()) == 2:
            query, error = record.args
            record.args = shape(query), cause(error)
        return True


def shape(query):
    """Return a statement without its values.

    >>> shape(b"UPDATE t SET name = 'O''Neil', n = 12 WHERE id = 7")
    'UPDATE t SET name = ?, n = ? WHERE id = ?'
    """
    text = query.decode(errors="replace") if isinstance(query, bytes) else str(query)
    return _VALUES.sub("?", text)[:LENGTH]


def cause(error):
    """Return the type of an error, and what it says without quoting a row."""
    name = type(error).__name__
    if not isinstance(error, psycopg2.Error) or not error.pgcode:
        return name
    if error.pgcode.startswith(_DATA_EXCEPTION):
        return f"{name} ({error.pgcode})"
    return f"{name} ({error.pgcode}): {error.diag.message_primary}"


logging.getLogger("odoo.sql_db").addFilter(WithoutValues())
