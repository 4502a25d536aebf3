"""Rules for the values of a financial address: clean, check, mask.

Plain functions without database access, so that every channel (form, import,
portal, API) gives the same answer. Errors are ``ValidationError`` with a message
meant for the person who typed the value; ``env`` is only used to translate it.
"""

import re
import unicodedata

import phonenumbers

from odoo.exceptions import ValidationError

from ..toolkit.csv_guard import begins_formula
from . import typed_numbers
from .strategy_template import CONTROL

# RFC 5321 without quotes, and a domain with a dot; the operator decides the rest.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
_ACCOUNT = re.compile(r"[A-Z0-9][A-Z0-9/-]*")
# Seven digits in a row, blanks aside, or three groups of three with dashes; not a date.
_NUMBER_IN_TEXT = re.compile(r"\d(?: ?\d){6,}|\d{3,}-\d{3,}-\d{3,}")
_NOT_MOBILE = {
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
    phonenumbers.PhoneNumberType.SHARED_COST,
    phonenumbers.PhoneNumberType.PAGER,
    phonenumbers.PhoneNumberType.UAN,
    phonenumbers.PhoneNumberType.VOICEMAIL,
}
_MASK = "••••"

#: Characters a text may have, and an e-mail address (RFC 5321).
MAX_TEXT = 250
MAX_EMAIL = 254


def clean_text(env, text, label):
    """Return ``text`` trimmed and composed (Unicode NFC).

    :param str text: the typed text, or a falsy value
    :param str label: the label of the field
    :raise ValidationError: for control characters, which SPAR cannot store (a NUL
        is an HTTP 500 there) or cannot read back (a newline breaks the pattern), and
        for very long texts
    """
    text = unicodedata.normalize("NFC", (text or "").strip())
    if len(text) > MAX_TEXT:
        raise ValidationError(
            env._(
                "%(label)s is too long: at most %(limit)s characters.",
                label=label,
                limit=MAX_TEXT,
            )
        )
    if CONTROL.search(text):
        raise ValidationError(
            env._(
                "%(label)s contains an invisible control character, such as a line "
                "break. Type it again instead of pasting it.",
                label=label,
            )
        )
    return text


def clean_name(env, text, label):
    """Return the name of a person, cleaned as by :func:`clean_text`.

    :raise ValidationError: also if a spreadsheet would take it for a formula, with
        which no name begins
    """
    text = clean_text(env, text, label)
    if begins_formula(text):
        raise ValidationError(
            env._(
                "%(label)s begins with “%(sign)s”, as a formula of a spreadsheet does. "
                "Write the name only.",
                label=label,
                sign=text[0],
            )
        )
    return text


def clean_number_text(env, text, label):
    """Return a number or an ID cleaned as by :func:`clean_text`.

    :param text: the typed text, or a falsy value; may be a number sent by a program
    :raise ValidationError: also if a spreadsheet has made a decimal number of it, whose
        last zero would count as a digit
    """
    text = clean_text(env, str(text) if text else "", label)
    if typed_numbers.is_from_spreadsheet(text):
        raise _from_spreadsheet(env, label)
    return text


def _from_spreadsheet(env, label):
    return ValidationError(
        env._(
            "%(label)s looks like a number that a spreadsheet has changed, such as "
            "123.0 or 1.23E+11. Format the column as text, and write all digits again. "
            "A number of more than 15 digits is only taken from a cell of text; from a "
            "CSV file, only if it does not end in zeros.",
            label=label,
        )
    )


def check_part(env, text, label):
    """Refuse a provider's or branch's name or code that would break SPAR's strings.

    :raise ValidationError: for control characters, or for text that looks like one of
        the labels between the parts, such as ``.bank_code:``
    """
    if clean_text(env, text, label) and re.search(r"\.\w+:", text):
        raise ValidationError(
            env._(
                "%(label)s contains “%(part)s”, which SPAR would take for the "
                "beginning of the next part of an address. Remove the dot or the "
                "colon.",
                label=label,
                part=re.search(r"\.\w+:", text).group(),
            )
        )


def check_parts(records, names):
    """Apply :func:`check_part` to these fields of each record.

    :raise ValidationError: for the first one that would break SPAR's strings
    """
    for record in records:
        for name in names:
            label = record._fields[name]._description_string(record.env)
            check_part(record.env, record[name], label)


def clean_note(env, text, label):
    """Return a reason or note, without any number that has to stay masked.

    :raise ValidationError: when it may contain a phone or account number or an e-mail
        address, because all viewers of the history read it
    """
    text = clean_text(env, text, label)
    if _NUMBER_IN_TEXT.search(text) or "@" in text:
        raise ValidationError(
            env._(
                "Leave numbers and e-mail addresses out of “%(label)s”: everybody who "
                "sees the history reads it.",
                label=label,
            )
        )
    return text


def clean_account_number(env, text):
    """Return an account number without blanks, in upper case, in plain digits.

    :raise ValidationError: when it is empty, has no digit at all, or characters that no
        account number has, such as look-alikes or invisible ones
    """
    text = clean_number_text(env, text, env._("Account number"))
    number = _plain_digits(re.sub(r"\s", "", text)).upper()
    if not number:
        raise ValidationError(env._("Enter the account number."))
    if not any(character.isdecimal() for character in number):
        raise ValidationError(env._("An account number has at least one digit."))
    if not _ACCOUNT.fullmatch(number):
        raise ValidationError(
            env._(
                "An account number has digits, the letters A to Z, dashes and slashes "
                "only. Type it again instead of pasting it."
            )
        )
    return number


def _plain_digits(text):
    """Return text with the digits of all scripts replaced by 0 to 9."""
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in text
    )


def clean_mobile_number(env, text, country):
    """Return a mobile number in E.164 form, such as ``+255754123456``.

    :param res.country country: the operator's country, for numbers typed without
        their country code; may be empty
    :raise ValidationError: when it is empty or not the number of a mobile phone
    """
    label = env._("Mobile number")
    text = clean_number_text(env, text, label)
    if not text:
        raise ValidationError(env._("Enter the mobile number of the wallet."))
    try:
        number = typed_numbers.parse_phone(text, country.code)
    except typed_numbers.NotAPhone as error:
        if error.code == "spreadsheet":
            raise _from_spreadsheet(env, label) from None
        if error.code == "no_country":
            raise ValidationError(
                env._(
                    "Write the mobile number with its country code, for example "
                    "+255 754 123 456."
                )
            ) from None
        raise ValidationError(
            env._("This is not a phone number. Write digits only.")
        ) from None
    if not phonenumbers.is_valid_number(number):
        raise ValidationError(
            env._(
                "This mobile number cannot exist in %(region)s. "
                "Check the number of digits and the first digits.",
                region=_region_name(env, number),
            )
        )
    if phonenumbers.number_type(number) in _NOT_MOBILE:
        raise ValidationError(
            env._(
                "This is not a mobile number in %(region)s, so it cannot be a mobile "
                "wallet.",
                region=_region_name(env, number),
            )
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _region_name(env, number):
    code = phonenumbers.region_code_for_country_code(number.country_code)
    country = env["res.country"].sudo().search([("code", "=", code)], limit=1)
    return country.name or f"+{number.country_code}"


def clean_email_address(env, text):
    """Return an e-mail address with its domain in lower case.

    Only the domain: the part before the "@" may be case sensitive at the operator.

    :raise ValidationError: when it is empty or not an e-mail address
    """
    text = clean_text(env, text, env._("E-mail address"))
    if not text:
        raise ValidationError(env._("Enter the e-mail address of the wallet."))
    if len(text) > MAX_EMAIL or not _EMAIL.fullmatch(text):
        raise ValidationError(
            env._("This is not an e-mail address. It looks like name@example.org.")
        )
    local, domain = text.rsplit("@", 1)
    return f"{local}@{domain.lower()}"


def mask(text):
    """Return ``text`` with its middle hidden, so that it cannot be guessed.

    >>> mask("+255754123456")
    '+2557••••456'
    >>> mask("0123456789")
    '••••789'
    >>> mask("asha@mpay.example")
    'a••••@mpay.example'
    >>> mask("12345"), mask("+6834002")
    ('••••', '••••002')
    """
    if not text:
        return ""
    if "@" in text:
        local, domain = text.rsplit("@", 1)
        return f"{local[:1]}{_MASK}@{domain}"
    if len(text) < 8:
        return _MASK
    head = text[:5] if text.startswith("+") and len(text) > 10 else ""
    return f"{head}{_MASK}{text[-3:]}"


def describe(record):
    """Return the masked name of an address or a shared address.

    :param record: with ``fa_type``, ``dfsp_id`` and ``masked``
    """
    labels = dict(record._fields["fa_type"]._description_selection(record.env))
    parts = labels.get(record.fa_type), record.dfsp_id.name, record.masked
    return " · ".join(part for part in parts if part)
