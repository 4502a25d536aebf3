"""Rules for the values of a financial address: clean, check, mask.

Plain functions, so that every channel (form, import, portal, API) gives the same
answer. ``toolkit/value_checks.py`` applies them where Odoo is known, and translates
their messages.
"""

import re
import unicodedata

import phonenumbers

from . import identifiers, numbers_in_text, typed_numbers
from .csv_guard import begins_formula
from .invalid import InvalidValue, _lt, from_spreadsheet
from .strategy_template import CONTROL

# RFC 5321 without quotes, and a domain with a dot; the operator decides the rest.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
_ACCOUNT = re.compile(r"[A-Z0-9][A-Z0-9/-]*")
_EMAIL_IN_TEXT = re.compile(r"\S*[@\uff20\ufe6b]\S*")
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
# Marks that have the text after them written in the other direction, so that a file
# shows another ending than it has. Names in no script need them.
_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

#: Characters a text may have, and an e-mail address (RFC 5321).
MAX_TEXT = 250
MAX_EMAIL = 254


def clean_text(text, label):
    """Return ``text`` trimmed and composed (Unicode NFC).

    :param str text: the typed text, or a falsy value
    :param str label: the label of the field
    :raise InvalidValue: for control characters, which SPAR cannot store (a NUL
        is an HTTP 500 there) or cannot read back (a newline breaks the pattern), and
        for very long texts
    """
    text = unicodedata.normalize("NFC", (text or "").strip())
    if len(text) > MAX_TEXT:
        raise InvalidValue(
            _lt(
                "%(label)s is too long: at most %(limit)s characters.",
                label=label,
                limit=MAX_TEXT,
            )
        )
    if CONTROL.search(text):
        raise InvalidValue(
            _lt(
                "%(label)s contains an invisible control character, such as a line "
                "break. Type it again instead of pasting it.",
                label=label,
            )
        )
    return text


def clean_name(text, label, known=()):
    """Return the name of a person, cleaned as by :func:`clean_public_text`.

    :raise InvalidValue: also if a spreadsheet would take it for a formula, with
        which no name begins
    """
    text = clean_public_text(text, label, known)
    if begins_formula(text):
        raise InvalidValue(
            _lt(
                "%(label)s begins with “%(sign)s”, as a formula of a spreadsheet does. "
                "Write the name only.",
                label=label,
                sign=text[0],
            )
        )
    return text


def clean_number_text(text, label):
    """Return a number or an ID cleaned as by :func:`clean_text`.

    :param text: the typed text, or a falsy value; may be a number sent by a program
    :raise InvalidValue: also if a spreadsheet has made a decimal number of it, whose
        last zero would count as a digit
    """
    text = clean_text(str(text) if text else "", label)
    if typed_numbers.is_from_spreadsheet(text):
        raise from_spreadsheet(label)
    return text


def clean_id(text, label, placeholders=frozenset()):
    """Return an ID in its normal form, cleaned as by :func:`clean_number_text`.

    :param text: the typed text, or a falsy value
    :param placeholders: what people write where there is no ID, see
        :func:`~.identifiers.placeholders`
    :raise InvalidValue: also for one of those: all who have none would be one person
    """
    text = clean_number_text(identifiers.normal(str(text) if text else ""), label)
    if text.casefold() in placeholders:
        raise InvalidValue(
            _lt(
                "%(label)s: this is what people write where there is no ID. Enter the "
                "ID, or leave it empty.",
                label=label,
            )
        )
    return text


def check_part(text, label):
    """Refuse a provider's or branch's name or code that would break SPAR's strings.

    :raise InvalidValue: for control characters, or for text that looks like one of
        the labels between the parts, such as ``.bank_code:``
    """
    if clean_text(text, label) and re.search(r"\.\w+:", text):
        raise InvalidValue(
            _lt(
                "%(label)s contains “%(part)s”, which SPAR would take for the "
                "beginning of the next part of an address. Remove the dot or the "
                "colon.",
                label=label,
                part=re.search(r"\.\w+:", text).group(),
            )
        )


def check_code(text, label):
    """Refuse a provider's or branch's code with a sign that a spreadsheet has added.

    :raise InvalidValue: for an apostrophe before it, which marks a text there
    """
    if re.match(r"['\u2019]", text or ""):
        raise InvalidValue(
            _lt(
                "%(label)s begins with an apostrophe, by which a spreadsheet marks a "
                "text. Leave it out.",
                label=label,
            )
        )


def clean_public_text(text, label, known=()):
    """Return a text that all viewers see, without the number of an address.

    :param known: numbers that are being entered along with it. Never those that are in
        use: what is refused would tell which candidate is right
    :raise InvalidValue: when it contains one of those
    """
    text = clean_text(text, label).translate(_DIRECTIONS)
    if numbers_in_text.holds(text, known):
        raise InvalidValue(
            _lt(
                "“%(label)s” contains the number of a payment address. Leave it out: "
                "everybody who sees the history reads it.",
                label=label,
            )
        )
    return text


def clean_note(text, label, known=()):
    """Return a reason or note, without any number that has to stay masked.

    :param known: as of :func:`clean_public_text`
    :raise InvalidValue: when it contains one of those, or may contain another phone or
        account number or an e-mail address, because all viewers of the history read it
    """
    text = clean_public_text(text, label, known)
    if mask_note(text) != text:
        raise InvalidValue(
            _lt(
                "Leave numbers and e-mail addresses out of “%(label)s”: everybody who "
                "sees the history reads it.",
                label=label,
            )
        )
    return text


def mask_note(text):
    """Return a note with the numbers hidden that :func:`clean_note` refuses.

    >>> mask_note("Call 0754 200 001 or asha@home.example")
    'Call •••• or ••••'
    """
    # From the end, so that the places before it stay.
    for begin, end in reversed(numbers_in_text.find(text)):
        text = text[:begin] + _MASK + text[end:]
    return _EMAIL_IN_TEXT.sub(_MASK, text)


def clean_account_number(text):
    """Return an account number, cleaned as by :func:`read_account_number`.

    :raise InvalidValue: also when it has zeros only, as people write where there is no
        account
    """
    number = read_account_number(text)
    if not re.search("[1-9A-Z]", number):
        raise InvalidValue(
            _lt(
                "An account number does not have zeros only. Where there is no "
                "account, leave it out."
            )
        )
    return number


def read_account_number(text):
    """Return an account number without blanks, in upper case, in plain digits.

    :raise InvalidValue: when it is empty, has no digit at all, or characters that no
        account number has, such as look-alikes or invisible ones
    """
    text = clean_number_text(text, _lt("Account number"))
    number = identifiers.plain_digits(re.sub(r"\s", "", text)).upper()
    if not number:
        raise InvalidValue(_lt("Enter the account number."))
    if not any(character.isdecimal() for character in number):
        raise InvalidValue(_lt("An account number has at least one digit."))
    if not _ACCOUNT.fullmatch(number):
        raise InvalidValue(
            _lt(
                "An account number has digits, the letters A to Z, dashes and slashes "
                "only. Type it again instead of pasting it."
            )
        )
    return number


def clean_mobile_number(text, country_code, name_of):
    """Return a mobile number in E.164 form, such as ``+255754123456``.

    :param str country_code: two letters of the operator's country, for numbers typed
        without its calling code; may be empty
    :param name_of: function that returns the name of a country by its two letters, or
        nothing
    :raise InvalidValue: when it is empty or not the number of a mobile phone
    """
    label = _lt("Mobile number")
    text = clean_number_text(text, label)
    if not text:
        raise InvalidValue(_lt("Enter the mobile number of the wallet."))
    try:
        number = typed_numbers.parse_phone(text, country_code)
    except typed_numbers.NotAPhone as error:
        if error.code == "spreadsheet":
            raise from_spreadsheet(label) from None
        if error.code == "no_country":
            raise InvalidValue(
                _lt(
                    "Write the mobile number with its country code, for example "
                    "+255 754 123 456."
                )
            ) from None
        raise InvalidValue(
            _lt("This is not a phone number. Write digits only.")
        ) from None
    kind = typed_numbers.phone_type(number)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        raise InvalidValue(
            _lt(
                "This mobile number cannot exist in %(region)s. "
                "Check the number of digits and the first digits.",
                region=_region(number, country_code, name_of),
            )
        )
    if kind in _NOT_MOBILE:
        raise InvalidValue(
            _lt(
                "This is not a mobile number in %(region)s, so it cannot be a mobile "
                "wallet.",
                region=_region(number, country_code, name_of),
            )
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _region(number, country_code, name_of):
    """Return the name of a number's country, or its calling code.

    :param str country_code: of the operator, which is meant where several countries
        have the same calling code; may be empty
    """
    code = phonenumbers.region_code_for_country_code(number.country_code)
    home = (country_code or "").upper()
    if phonenumbers.country_code_for_region(home) == number.country_code:
        code = home
    return name_of(code) or f"+{number.country_code}"


def clean_email_address(text):
    """Return an e-mail address with its domain in lower case.

    Only the domain: the part before the "@" may be case sensitive at the operator.

    :raise InvalidValue: when it is empty or not an e-mail address
    """
    text = clean_text(text, _lt("E-mail address"))
    if not text:
        raise InvalidValue(_lt("Enter the e-mail address of the wallet."))
    if len(text) > MAX_EMAIL or not _EMAIL.fullmatch(text):
        raise InvalidValue(
            _lt("This is not an e-mail address. It looks like name@example.org.")
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
