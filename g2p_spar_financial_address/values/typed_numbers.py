"""Numbers as people and spreadsheets write them: plain functions without Odoo.

A number with one digit too many or too few may be another person's account. The rules
for payment addresses and the import of ODK submissions use these functions.
"""

import re
import unicodedata
from contextlib import suppress

import phonenumbers
from phonenumbers import PhoneMetadata

from .identifiers import normal, plain_digits

# 123.0 and 123, with or without groups; 8.1E10 and 1E+11. If dots or commas group
# digits, the decimal sign is the other one: 06.12.34.56.00 is a phone number.
_SPREADSHEET = re.compile(
    r"[+-]?(?:"
    r"\d+[.,]0*"
    r"|\d{1,3}(?:(?P<group>[ ,.'\u2019\u00a0\u202f])\d{3})(?:(?P=group)\d{3})*"
    r"(?!(?P=group))[.,]0*"
    r"|\d+(?:[.,]\d+E[+-]?|E\+)\d{1,3}"
    r")",
    re.IGNORECASE,
)

# A phone number with one dot or comma, and only zeros after it. With a letter it may be
# an ID, to which this does not apply.
_DECIMAL_PHONE = re.compile(r"[^.,]*[.,]\s*0+\W*")

# What may have had zeros at both ends.
_DECIMAL = re.compile(r"[1-9]\d*[.,]\d+")

#: Significant digits a spreadsheet keeps of a number; it replaces others by zeros.
KEPT_DIGITS = 15

# Digits only, or in groups of three as the format of a cell shows them.
_WHOLE = re.compile(
    r"[+-]?0*(?P<digits>\d+"
    r"|\d{1,3}(?P<group>[ ,.'\u2019\u00a0\u202f])\d{3}(?:(?P=group)\d{3})*)"
)

#: International prefixes that many people type, also where their country's is another.
_ABROAD = ("00", "0011", "011")

#: Numbers dialled differently within a country and from abroad: the digits as typed,
#: and the national number they mean.
_DIALLED = {
    # A mobile number: 15 behind the area code at home, 9 before it from abroad.
    "AR": [(r"0?(\d{2,4}?)15(\d{6,8})", r"9\1\2")],
    "BY": [(r"80?(\d{9})", r"\1")],
    "GA": [(r"0(\d{8})", r"\1")],
    "LT": [(r"8(\d{8})", r"\1")],
}

#: National numbers of plans that have ended, which the library still knows. One of
#: today that lacks a digit would be taken for one of them.
_ENDED = {"GA": re.compile(r"0?[2-7]\d{6}")}


class NotAPhone(ValueError):
    """A text that is not the number of a phone.

    :param str code: ``spreadsheet``, ``no_country`` (it lacks the country code), or
        ``not_a_phone``
    """

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def is_from_spreadsheet(text):
    """Return whether a spreadsheet has made a decimal number of a number.

    >>> is_from_spreadsheet("81234567890.0"), is_from_spreadsheet("1.23E+11")
    (True, True)
    >>> is_from_spreadsheet("0754.200.001"), is_from_spreadsheet("12E45")
    (False, False)
    """
    return bool(_SPREADSHEET.fullmatch(_plain(text)))


def long_number(text):
    """Return the digits of a number too long for a spreadsheet, ``""`` for others.

    >>> long_number("1234567890123450"), long_number("1,234,567,890,123,450")
    ('1234567890123450', '1234567890123450')
    >>> long_number("000123"), long_number("1234 5678 9012 3450")
    ('', '')
    """
    if len(text) <= KEPT_DIGITS and text.isascii():
        return ""
    match = _WHOLE.fullmatch(_plain(text).strip())
    digits = re.sub(r"\D", "", match["digits"]).lstrip("0") if match else ""
    return digits if len(digits) > KEPT_DIGITS else ""


def is_cut(digits):
    """Return whether a long number is as a spreadsheet writes it: zeros at the end.

    >>> is_cut("1234567890123450"), is_cut("1234567890123456")
    (True, False)
    """
    return not digits[KEPT_DIGITS:].strip("0")


def with_exponent(text):
    """Return a number as a spreadsheet shows long ones, which no channel takes.

    >>> with_exponent("1234567890123450"), with_exponent("2026-05-12")
    ('1.23456789012345E+15', '2.0260512E+7')
    """
    digits = re.sub(r"\D", "", text).lstrip("0") or "0"
    return f"{digits[0]}.{digits[1:KEPT_DIGITS] or 0}E+{len(digits) - 1}"


def _plain(text):
    """Return text with digits, dots and commas of every script as those of ASCII."""
    return plain_digits(unicodedata.normalize("NFKC", text).replace("\u066b", "."))


def parse_phone(text, country_code=None):
    """Return the phone number in a text; it need not be a valid one.

    Apart from the international prefix, the country code and one trunk prefix, the
    digits typed must be those of the national number: the library removes and adds
    others, such as those of a carrier. Blanks and dashes may be any of Unicode, and
    ``00`` is read as ``+`` where there is no such number otherwise.

    :param str text: what was typed
    :param str country_code: two letters, for numbers without a country code
    :rtype: phonenumbers.PhoneNumber
    :raise NotAPhone: when there is none
    """
    if is_from_spreadsheet(text) or _DECIMAL_PHONE.fullmatch(_plain(text)):
        raise NotAPhone("spreadsheet")
    text = normal(text)
    if any(character.isalpha() for character in text):
        # The library reads letters as on a keypad: an O typed for a zero would be a
        # six.
        raise NotAPhone("not_a_phone")
    # With a country code, the country is not needed.
    region = None if text.startswith("+") else country_code or None
    try:
        number = _parsed(text, region)
    except NotAPhone as problem:
        if problem.code == "two_countries":
            raise NotAPhone("no_country") from None
        if not (abroad := _with_plus(text)):
            raise
        return abroad
    if phonenumbers.is_valid_number(number):
        if _may_lack_zeros(text, number):
            raise NotAPhone("spreadsheet")
        return number
    return _with_plus(text) or number


def phone_type(number):
    """Return the type of a number, unknown if there is no such number any more.

    :param phonenumbers.PhoneNumber number: as parsed
    :return: a constant of ``phonenumbers.PhoneNumberType``
    """
    region = phonenumbers.region_code_for_country_code(number.country_code)
    national = phonenumbers.national_significant_number(number)
    if region in _ENDED and _ENDED[region].fullmatch(national):
        return phonenumbers.PhoneNumberType.UNKNOWN
    return phonenumbers.number_type(number)


def _may_lack_zeros(text, number):
    """Return whether a number may be one with zeros behind it, read as a decimal.

    A spreadsheet makes 812.34567 of 0812.345670. Where both exist, it is not clear
    which one is meant.
    """
    if not _DECIMAL.fullmatch(_plain(text)):
        return False
    for zeros in (10, 100, 1000):
        longer = phonenumbers.PhoneNumber(
            country_code=number.country_code,
            national_number=number.national_number * zeros,
        )
        if phonenumbers.is_valid_number(longer):
            return True
    return False


def _with_plus(text):
    """Return the number that a text means if ``00`` stands for ``+``, if it exists."""
    # No number of the countries of +1 begins with a 1: another prefix was typed.
    if match := re.match(r"\W*0\W*0(?!\W*1\W*1)", plain_digits(text)):
        with suppress(NotAPhone):
            number = _parsed(f"+{text[match.end() :]}", None)
            if phonenumbers.is_valid_number(number):
                return number
    return None


def _parsed(text, region):
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        missing = error.error_type == error.INVALID_COUNTRY_CODE
        raise NotAPhone("no_country" if missing else "not_a_phone") from None
    typed = "".join(filter(str.isdecimal, _plain(text)))
    if region and _is_of_two_countries(typed, number, region):
        raise NotAPhone("two_countries")
    if number.extension or not _says_all(typed, number, region):
        raise NotAPhone("not_a_phone")
    return number


def _is_of_two_countries(typed, number, region):
    """Return whether the international prefix could be read in two ways.

    Where carriers have prefixes of their own, ``0091`` is 00 and India, or 009 and
    America.
    """
    if number.country_code == phonenumbers.country_code_for_region(region.upper()):
        return False
    for prefix in _ABROAD:
        if typed.startswith(prefix):
            with suppress(phonenumbers.NumberParseException):
                other = phonenumbers.parse(f"+{typed.removeprefix(prefix)}")
                if other != number and phonenumbers.is_valid_number(other):
                    return True
    return False


def _says_all(typed, number, region):
    """Return whether the digits typed are those of the number, and no others."""
    national = phonenumbers.national_significant_number(number)
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[number.country_code]
    found = [PhoneMetadata.metadata_for_region(code, None) for code in regions]
    trunks = {data.national_prefix for data in found if data and data.national_prefix}
    trunk = "|".join(map(re.escape, sorted(trunks, reverse=True)))
    home = region and PhoneMetadata.metadata_for_region(region.upper(), None)
    abroad = f"(?:{home.international_prefix})?" if home else ""
    code = f"(?:{abroad}{number.country_code})?"
    # Without the national number, the pattern is the same for a whole country, and
    # compiled once.
    before = f"{code}(?:{trunk})?"
    if typed.endswith(national) and re.fullmatch(before, typed.removesuffix(national)):
        return True
    if home and number.country_code == 1 and len(typed) == 7:
        # The whole country has one area code, which is not dialled within it.
        return national == f"{home.leading_digits}{typed}"
    return any(
        (match := re.fullmatch(f"(?:{code})?{pattern}", typed))
        and match.expand(template) == national
        for pattern, template in _DIALLED.get(
            phonenumbers.region_code_for_country_code(number.country_code), ()
        )
    )
