"""Numbers of accounts and phones in a free text, however they are written.

Many people read reasons and notes; numbers they should not know do not belong there.
"""

import re

from .identifiers import normal
from .typed_numbers import plain_digits

#: Digits from which a number may be that of an account or phone.
MIN_DIGITS = 7
#: Characters from which a known number is looked for: shorter ones are house numbers.
_MIN_KNOWN = 4
#: Digits among them.
_MIN_DIGITS_KNOWN = 3
#: The end of a phone number is the same with and without its country code.
_END_OF_PHONE = 7

# Digits with anything but letters between them.
_RUN = re.compile(r"\d(?:[\W_]*\d)*")

_YEAR = r"(?:19|20)\d\d"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
# A part of a longer number is neither a date nor a time.
_BEFORE, _AFTER = r"(?<!\d)(?<!\d[-./:_])", r"(?![-./:_]?\d)"
_NO_NUMBER = re.compile(
    _BEFORE
    + "(?:"
    + "|".join(
        (
            rf"{_YEAR}([-./]){_MONTH}\1{_DAY}",
            rf"{_DAY}([-./]){_MONTH}\2{_YEAR}",
            rf"{_MONTH}([-./]){_DAY}\3{_YEAR}",
            # A ticket: a day or a year, and a number.
            rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[-/]\d{{1,4}})?",
            rf"{_YEAR}[-/]\d{{1,4}}",
            r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?",
        )
    )
    + ")"
    + _AFTER
)


def find(text):
    """Return where a text may have the number of an account or phone.

    Digits of any script count, across any separators but letters; dates, times, and
    ticket numbers that begin with a day or a year do not.

    >>> find("now 0754.396.107"), find("Ticket 20261130-17, 30.11.2026 14:30")
    ([(4, 16)], [])

    :param str text: a reason or note
    :return: beginning and end of each, in order
    :rtype: list
    """
    blank = _NO_NUMBER.sub(lambda found: "x" * len(found[0]), text)
    return [
        run.span()
        for run in _RUN.finditer(blank)
        if sum(map(str.isdecimal, run[0])) >= MIN_DIGITS
    ]


def holds(text, known):
    """Return whether a text has one of these numbers, however it is written.

    >>> holds("was 123-45", ["12345"]), holds("was 1234", ["12345"])
    (True, False)
    >>> holds("call 754x200x001", ["+255754200001"])
    True

    :param str text: a reason or note
    :param known: account numbers and phone numbers; falsy ones count for none
    """
    digits = _digits(text)
    if len(digits) < _MIN_DIGITS_KNOWN:
        return False
    plain = plain_digits(normal(text)).upper()
    for number in filter(None, known):
        wanted = _digits(number)
        if number.startswith("+"):
            wanted = wanted[-_END_OF_PHONE:]
        if wanted not in digits:
            continue
        if len(wanted) >= MIN_DIGITS:
            # Also with words between.
            return True
        signs = re.findall(r"[^\W_]", number.upper())
        if len(wanted) >= _MIN_DIGITS_KNOWN and len(signs) >= _MIN_KNOWN:
            written = r"[\W_]*".join(signs)
            if re.search(rf"(?<![^\W_]){written}(?![^\W_])", plain):
                return True
    return False


def _digits(text):
    return "".join(filter(str.isdecimal, plain_digits(text)))
