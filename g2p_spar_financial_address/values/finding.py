"""Find a person by what is said or read out: name, or phone. Plain Python.

The results are regular expressions for Python and PostgreSQL.
"""

import re
import unicodedata
from contextlib import suppress

from .identifiers import normal, plain_digits
from .typed_numbers import NotAPhone, parse_phone

#: Fewer digits say nothing about a phone.
LEAST_DIGITS = 3

# Accents, and the marks of Arabic and Hebrew that are written in some texts only, with
# the stroke that lengthens Arabic letters. The vowels of Indian scripts are no accents.
_MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u0640\u064b-\u065f\u0670"
_MARK = re.compile(f"[{_MARKS}]")
# Zero of each script in which phones are written.
_ZEROS = (
    "0\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66"
    "\u0e50\u0ed0\u0f20\u1040\u17e0\uff10"
)
_PHONE = re.compile(r"[\d\s+()./-]+")
_DIGITS = "".join(f"{zero}-{chr(ord(zero) + 9)}" for zero in _ZEROS)
# Between two digits of a phone, and between two phones of one field.
_GAP = f"[^{_DIGITS},;]*"
_ENDS = f"{_GAP}([,;]|$)"


def name_patterns(text):
    """Return an expression for each word of a name, to match names apart (NFKD).

    Case, accents, composition and width do not matter.

    >>> bool(re.search(name_patterns("jose")[0], unicodedata.normalize("NFKD", "JOSÉ")))
    True

    :param str text: what is typed
    :rtype: list[str]
    """
    apart = _MARK.sub("", unicodedata.normalize("NFKD", normal(text)))
    return [f"[{_MARKS}]*".join(map(_letter_pattern, word)) for word in apart.split()]


def _letter_pattern(letter):
    # The database may know only the case of Latin letters.
    forms = {letter, letter.lower(), letter.upper()}
    single = sorted(re.escape(form) for form in forms if len(form) == 1)
    return single[0] if len(single) == 1 else f"(?:{'|'.join(single)})"


def phone_pattern(text):
    """Return an expression for a phone, by all of it or its last digits, or ``None``.

    With or without the country code, in the digits of any script.

    >>> bool(re.search(phone_pattern("0754 100 001"), "+255 754 100-001"))
    True
    >>> bool(re.search(phone_pattern("001"), "+255 754 100 012")), phone_pattern("Asha")
    (False, None)

    :param str text: what is typed
    """
    text = plain_digits(normal(text))
    if not _PHONE.fullmatch(text):
        return None
    digits = re.sub(r"\D", "", text)
    if len(digits) < LEAST_DIGITS:
        return None
    tail = digits.lstrip("0") if len(digits) > 6 else digits
    if text.startswith(("+", "00")):
        with suppress(NotAPhone):
            tail = str(parse_phone(text, "").national_number)
    if not tail:
        return None
    return _GAP.join(map(_digit_pattern, tail)) + _ENDS


def _digit_pattern(digit):
    return f"[{''.join(chr(ord(zero) + int(digit)) for zero in _ZEROS)}]"
