"""Transforms of one answer of a form into a value of the registry.

Plain functions without database access. Errors are :class:`Unusable` with a code, for
which the caller has the text. No code and no detail repeats the answer, which may be an
account number.
"""

import json
import re

import phonenumbers

from odoo.addons.g2p_spar_financial_address.values.typed_numbers import (
    NotAPhone,
    parse_phone,
)

#: Length from which an answer is refused.
MAX_LENGTH = 1000

#: Above this a decimal number cannot represent every integer.
MAX_EXACT = 2**53


class Unusable(Exception):
    """An answer, or the parameter of a transform, that cannot be used.

    :param str code: of the error
    :param details: for its text; never the answer itself
    """

    def __init__(self, code, **details):
        super().__init__(code)
        self.code = code
        self.details = details


def as_text(value):
    """Return an answer of ODK Central as text, or ``""`` for none.

    >>> as_text(None), as_text(" a "), as_text(7), as_text(7.0), as_text(0.5)
    ('', 'a', '7', '7', '0.5')

    :raise Unusable: ``not_text`` for what is no single answer: a group, a place on the
        map; ``too_long``; ``spreadsheet`` for a number whose last digits are lost
    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Unusable("not_text")
    if isinstance(value, float):
        if not abs(value) <= MAX_EXACT:
            raise Unusable("spreadsheet")
        value = int(value) if value.is_integer() else value
    text = str(value).strip()
    if len(text) > MAX_LENGTH:
        raise Unusable("too_long", limit=MAX_LENGTH)
    return text


def keep(text, _parameter):
    """Return the text as it is."""
    return text


def trim(text, _parameter):
    """Return the text with single blanks only.

    >>> trim("Asha   Juma", "")
    'Asha Juma'
    """
    return re.sub(r"\s+", " ", text).strip()


def upper(text, _parameter):
    """Return the text in capital letters."""
    return text.upper()


def lower(text, _parameter):
    """Return the text in small letters."""
    return text.lower()


def title(text, _parameter):
    """Return the text with a capital letter at the beginning of each word.

    >>> title("ASHA  o'neil-JUMA", "")
    "Asha O'neil-Juma"
    """
    return re.sub(
        r"[^\W\d_]+(?:['’][^\W\d_]+)?",
        lambda word: word[0][:1].upper() + word[0][1:].lower(),
        trim(text, ""),
    )


def map_values(text, parameter):
    """Return the text's value in the table, in any case of letters.

    >>> map_values("Bank", "bank = bank_account; momo = mobile_wallet")
    'bank_account'

    :param str parameter: see :func:`read_table`
    :raise Unusable: ``not_listed`` when the table does not contain the text
    """
    table = read_table(parameter)
    found = table.get(text.casefold(), table.get("*"))
    if found is None:
        raise Unusable("not_listed")
    return found


def read_table(parameter):
    """Return the table in a parameter.

    >>> read_table("a = b; c=d")
    {'a': 'b', 'c': 'd'}

    :param str parameter: ``answer = value``, one on each line or with semicolons
        between; the answer ``*`` means all others
    :raise Unusable: ``bad_table``
    """
    table = {}
    for row in re.split(r"[;\n]", parameter or ""):
        if not row.strip():
            continue
        answer, equals, value = (part.strip() for part in row.partition("="))
        if not equals or not answer or answer.casefold() in table:
            raise Unusable("bad_table")
        table[answer.casefold()] = value
    if not table:
        raise Unusable("bad_table")
    return table


def phone(text, parameter):
    """Return a phone number in E.164 form.

    >>> phone("0754 100 001", "TZ")
    '+255754100001'

    :param str parameter: two letters of the country of numbers without a country code
    :raise Unusable: ``not_a_phone``; ``spreadsheet`` for a decimal number
    """
    country = read_country(parameter)
    try:
        number = parse_phone(text, country)
    except NotAPhone as error:
        known = error.code == "spreadsheet"
        raise Unusable(error.code if known else "not_a_phone") from None
    if not phonenumbers.is_valid_number(number):
        raise Unusable("not_a_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_country(parameter):
    """Return the country a parameter names, in capital letters, or ``None``.

    :raise Unusable: ``bad_country``
    """
    country = (parameter or "").strip().upper()
    if country and country not in phonenumbers.SUPPORTED_REGIONS:
        raise Unusable("bad_country")
    return country or None


def join(texts, parameter):
    """Return several answers in one, those without an answer left out.

    >>> join(["Asha", "", "Juma"], None), join(["12", "34"], "-")
    ('Asha Juma', '12-34')

    :param str parameter: the separator; empty means a blank, and the word ``none`` no
        separator
    """
    between = {None: " ", "": " ", False: " ", "none": ""}.get(parameter, parameter)
    return between.join(text for text in texts if text)


def check_parts(texts, parameter):
    """Refuse to join alternatives to one number, or parts of one that lacks others.

    :param list texts: the answers
    :param str parameter: of ``join``; a separator says that they are parts
    :raise Unusable: ``joined``; ``part`` for a number that lacks one
    """
    answered = sum(map(bool, texts))
    if not parameter and answered > 1:
        raise Unusable("joined")
    if parameter and 0 < answered < len(texts):
        raise Unusable("part")


#: Transforms of one answer, by name. ``join`` takes several and ``constant`` none.
OF_ONE = {
    "keep": keep,
    "trim": trim,
    "upper": upper,
    "lower": lower,
    "title": title,
    "map": map_values,
    "phone": phone,
}


def transform(name, texts, parameter):
    """Return the value of answers.

    :param str name: a key of :data:`OF_ONE`, ``join`` or ``constant``
    :param list texts: the answers as text
    :param str parameter: of the transform
    :return: the value, ``""`` for none
    :raise Unusable: when it cannot be made
    """
    if name == "constant":
        return (parameter or "").strip()
    if name == "join":
        return join(texts, parameter)
    text = texts[0] if texts else ""
    return OF_ONE[name](text, parameter) if text else ""


def check_parameter(name, parameter):
    """Refuse a parameter that its transform cannot use.

    :raise Unusable: ``bad_table``, ``bad_country`` or ``no_constant``
    """
    if name == "map":
        read_table(parameter)
    elif name == "phone":
        read_country(parameter)
    elif name == "constant" and not (parameter or "").strip():
        raise Unusable("no_constant")


def fingerprint_text(values):
    """Return values as one text, the same for the same values in any order.

    :param values: dicts and lists of texts, numbers and falsy values
    """
    return json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
