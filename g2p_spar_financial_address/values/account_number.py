"""Rules for account numbers: the bank's own pattern, and IBANs.

No message repeats the number that was typed. The countries that use IBANs, and the
lengths of their IBANs, come from python-stdnum, which has those of SWIFT's registry.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.machinery import SourceFileLoader

import stdnum
from stdnum import numdb

from .invalid import InvalidValue, _lt, from_spreadsheet

if not hasattr(stdnum.__spec__.loader, "get_resource_reader"):
    # Odoo 19 patches stdnum as it is imported, and leaves it with a loader that cannot
    # open the library's data files. Without this, importing stdnum.iban fails.
    stdnum.__spec__.loader = SourceFileLoader(stdnum.__name__, stdnum.__file__)
iban = import_module("stdnum.iban")

#: Characters of the IBANs of countries that use them without an entry in SWIFT's
#: registry. Source: the experimental IBANs of https://www.iban.com/structure. Banks
#: there also use other numbers, so only whole ones are checked.
_UNREGISTERED = {
    "AO": 25,
    "BF": 28,
    "BJ": 28,
    "CF": 27,
    "CG": 27,
    "CI": 28,
    "CM": 27,
    "CV": 25,
    "DZ": 26,
    "GA": 27,
    "GQ": 27,
    "GW": 25,
    "IR": 26,
    "KM": 27,
    "MA": 28,
    "MG": 27,
    "ML": 28,
    "MZ": 25,
    "NE": 28,
    "SN": 28,
    "TD": 27,
    "TG": 28,
}

MAX_PATTERN_LENGTH = 200
#: Longer numbers match no pattern. The longest IBAN has 34 characters, and a limit
#: keeps the time a pattern may take within bounds.
MAX_NUMBER_LENGTH = 40
MAX_OPEN_REPETITIONS = 4
MAX_ALTERNATIVES = 8

_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_OPEN_REPETITION = re.compile(r"[?*+]|\{\d*,\d*\}")
_REPEATED_GROUP = re.compile(r"\)[*+{]")

# What spreadsheets make of numbers with dashes and slashes.
_DATE = re.compile(
    r"(?:19|20)\d\d([-/])\d{1,2}\1\d{1,2}|\d{1,2}([-/])\d{1,2}\2(?:19|20)\d\d"
    r"|\d{1,2}-(?:JANV?|FEB|MARS?|A[PV]R|MA[IY]|JUN|JUI[NL]|JUL|AUG|SEPT?|OCT|NOV|DEC)"
    r"(?:-\d+)?"
)


@dataclass(frozen=True)
class AccountFormat:
    """What a bank says about its account numbers; each part may be empty."""

    bank: str = ""
    country_code: str = ""
    pattern: str = ""
    hint: str = ""
    example: str = ""


def check_account_number(number, expected):
    """Refuse an account number that is invalid at this bank, or at all banks.

    A bank's own pattern decides first; without one, a date is not taken. Where the
    bank's country uses IBANs and the bank has no pattern, only an IBAN of that country
    is valid. At a bank of another country, a number is an IBAN if it begins like one
    and has its length; its check digits must fit then, unless the bank's pattern
    accepts it. Where the bank's country is not known, all that begins like an IBAN must
    be a valid one.

    :param str number: the number, already without blanks and in upper case
    :param AccountFormat expected: what the bank says about its numbers
    :raise InvalidValue: with the expected format
    """
    country_code = expected.country_code
    if expected.pattern:
        if not matches(expected.pattern, number):
            raise InvalidValue(*_mismatch(expected))
        if country_code and not iban_length(country_code):
            return
    elif _DATE.fullmatch(number):
        raise from_spreadsheet(_lt("Account number"))
    elif iban_length(country_code) and not _begins_like_iban(number, country_code):
        raise InvalidValue(
            _lt(
                "An account number at %(bank)s is an IBAN: it begins with %(code)s and "
                "two digits and has %(length)s characters.",
                bank=expected.bank,
                code=country_code,
                length=iban_length(country_code),
            )
        )
    if _is_whole_iban(number):
        _check_digits(number)
    elif _begins_like_iban(number, number[:2]) and (
        iban_length(country_code) or not country_code
    ):
        _check_iban(number)


def matches(pattern, number):
    """Return whether the whole account number matches the bank's pattern.

    Digits are only 0 to 9, because account numbers have no others.
    """
    return len(number) <= MAX_NUMBER_LENGTH and bool(
        re.fullmatch(pattern, number, re.ASCII)
    )


def check_pattern(pattern):
    """Refuse a pattern that is invalid, or whose matching could take too long.

    The rule is simple, so that it can be explained: only characters are repeated, never
    groups in round brackets (a group may be optional), and there are few repetitions of
    open length and few alternatives.

    :param str pattern: a regular expression
    :raise InvalidValue: with the necessary change
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise InvalidValue(
            _lt(
                "The pattern is too long: at most %(limit)s characters.",
                limit=MAX_PATTERN_LENGTH,
            )
        )
    try:
        re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        raise InvalidValue(
            _lt(
                "The pattern is not a valid regular expression. Ten digits, for "
                "example, are written %(pattern)s.",
                pattern=r"\d{10}",
            )
        ) from None
    if _is_hostile(pattern):
        raise InvalidValue(
            _lt(
                "The pattern is too complicated to be checked quickly. Repeat single "
                "characters, not groups in round brackets; use ?, *, + or {2,5} at "
                "most %(repetitions)s times and | at most %(alternatives)s times; and "
                "leave out look-arounds, named groups and back-references.",
                repetitions=MAX_OPEN_REPETITIONS,
                alternatives=MAX_ALTERNATIVES,
            )
        )


def _is_hostile(pattern):
    """Return whether a valid pattern breaks the rule of :func:`check_pattern`."""
    # Keep only signs with a meaning outside of character classes: an "x" replaces an
    # escaped character or a class, the backslash alone a back-reference.
    skeleton = _ESCAPE_OR_CLASS.sub(
        lambda match: "\\" if re.fullmatch(r"\\[1-9]", match[0]) else "x", pattern
    ).replace("(?:", "(")
    return (
        "\\" in skeleton
        or "(?" in skeleton
        or bool(_REPEATED_GROUP.search(skeleton))
        or len(_OPEN_REPETITION.findall(skeleton)) > MAX_OPEN_REPETITIONS
        or skeleton.count("|") > MAX_ALTERNATIVES
    )


@lru_cache(maxsize=512)
def iban_length(country_code):
    """Return how many characters an IBAN of this country has, or 0 if it uses none.

    :param country_code: the two letters, or a falsy value
    """
    if not country_code:
        return 0
    _code, facts = numdb.get("iban").info(country_code)[0]
    lengths = re.findall(r"(\d+)!", facts.get("bban", ""))
    return 4 + sum(map(int, lengths)) if lengths else 0


def is_iban(number):
    """Return whether this account number is an IBAN, which is unique in the world."""
    return _is_whole_iban(number) and _digits_fit(number)


def _is_whole_iban(number):
    """Return whether the number has the beginning and the length of an IBAN."""
    length = iban_length(number[:2]) or _UNREGISTERED.get(number[:2])
    return len(number) == length and bool(
        re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]+", number)
    )


def _digits_fit(number):
    # 00, 01 and 99 leave the same remainder as the digits that banks write.
    if number[2:4] != iban.calc_check_digits(number):
        return False
    return number[:2] in _UNREGISTERED or iban.is_valid(number)


def _check_digits(number):
    if not _digits_fit(number):
        raise InvalidValue(
            _lt(
                "This IBAN cannot exist: its check digits do not fit. A character is "
                "mistyped, or two have changed places."
            )
        )


def _begins_like_iban(number, country_code):
    """Return whether the number begins like the IBANs of this country."""
    return bool(iban_length(country_code)) and bool(
        re.match(f"{country_code}[0-9]{{2}}", number)
    )


def _check_iban(number):
    """Refuse a number that begins like an IBAN and is not valid as one."""
    length = iban_length(number[:2])
    if not re.fullmatch(r"[A-Z0-9]*", number):
        raise InvalidValue(
            _lt("An IBAN has letters and digits only. Leave out dashes and dots.")
        )
    if len(number) != length:
        raise InvalidValue(
            _lt(
                "An IBAN that begins with %(code)s has %(length)s characters. "
                "This one has %(typed)s.",
                code=number[:2],
                length=length,
                typed=len(number),
            )
        )


def _mismatch(expected):
    """Return the sentences that describe this bank's account numbers."""
    yield _lt("%(bank)s has no such account numbers.", bank=expected.bank)
    if expected.hint:
        yield f"{expected.hint.rstrip('. ')}."
    if expected.example:
        yield _lt("Example: %(number)s", number=expected.example)
