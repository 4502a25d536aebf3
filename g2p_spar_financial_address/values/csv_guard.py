"""Texts that a spreadsheet would take for a formula.

A formula in an exported file runs on the computer of the person who opens it. The names
in it were typed by others: citizens, collectors, other systems.
"""

import re
import unicodedata

_TEXT = re.compile(r'="([^"]*)"')

#: Signs with which a formula begins in one spreadsheet or another.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def begins_formula(text):
    """Return whether a text begins like a formula, also in wide characters.

    >>> begins_formula("=1+1"), begins_formula("\uff1d1"), begins_formula("Asha = Juma")
    (True, True, False)
    """
    return unicodedata.normalize("NFKC", text).startswith(FORMULA)


def guarded(text):
    """Return a text as a CSV file may hold it: an apostrophe makes it a text.

    >>> guarded("=1+1"), guarded("Asha"), unguarded(guarded("+255"))
    ("'=1+1", 'Asha', '+255')
    """
    return f"'{text}" if begins_formula(text) else text


def unguarded(text):
    """Return a text of a CSV file without what :func:`guarded` has added.

    Other programs write ``="0123"``, so that a spreadsheet keeps the zeros.

    >>> unguarded('="0123"'), unguarded('="A"&B1')
    ('0123', '="A"&B1')
    """
    if text.startswith("=") and (match := _TEXT.fullmatch(text)):
        return match[1]
    return text[1:] if text.startswith("'") and begins_formula(text[1:]) else text
