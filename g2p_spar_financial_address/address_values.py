"""Rules for the values of a financial address: clean, check, mask.

Plain functions without database access, so that every channel (form, import,
portal, API) gives the same answer. Errors are ``ValidationError`` with a message
meant for the person who typed the value; ``env`` is only used to translate it.
"""

import re
import unicodedata

import phonenumbers

from odoo.exceptions import ValidationError

# One "@", no blanks, a dot in the domain: wallet operators decide the rest.
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_MASK = "••••"


def clean_text(env, text, label):
    """Return ``text`` trimmed and composed (Unicode NFC).

    :param str text: what was typed, or a falsy value
    :param str label: the field's name as the user sees it
    :raise ValidationError: for control characters, which SPAR cannot store (a NUL
        is an HTTP 500 there) or cannot read back (a newline breaks the pattern)
    """
    text = unicodedata.normalize("NFC", (text or "").strip())
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValidationError(
            env._(
                "%(label)s contains an invisible control character, such as a line "
                "break. Type it again instead of pasting it.",
                label=label,
            )
        )
    return text


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


def clean_account_number(env, text):
    """Return an account number without blanks, in upper case.

    :raise ValidationError: when it is empty or has no digit at all
    """
    number = re.sub(r"\s", "", clean_text(env, text, env._("Account number"))).upper()
    if not number:
        raise ValidationError(env._("Enter the account number."))
    if not any(character.isdigit() for character in number):
        raise ValidationError(env._("An account number has at least one digit."))
    return number


def clean_mobile_number(env, text, country):
    """Return a mobile number in E.164 form, such as ``+255754123456``.

    :param res.country country: the operator's country, for numbers typed without
        their country code; may be empty
    :raise ValidationError: when it is empty or not a possible phone number
    """
    text = clean_text(env, text, env._("Mobile number"))
    if not text:
        raise ValidationError(env._("Enter the mobile number of the wallet."))
    not_a_number = env._("This is not a phone number. Write digits only.")
    if any(character.isalpha() for character in text):
        # Taken for the letters on a keypad, an O for a zero would become a six.
        raise ValidationError(not_a_number)
    try:
        number = phonenumbers.parse(text, country.code or None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == error.INVALID_COUNTRY_CODE:
            raise ValidationError(
                env._(
                    "Write the mobile number with its country code, for example "
                    "+255 754 123 456."
                )
            ) from None
        raise ValidationError(not_a_number) from None
    if not phonenumbers.is_valid_number(number):
        raise ValidationError(
            env._(
                "This mobile number cannot exist in %(region)s. "
                "Check the number of digits and the first digits.",
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
    if not _EMAIL.fullmatch(text):
        raise ValidationError(
            env._("This is not an e-mail address. It looks like name@example.org.")
        )
    local, domain = text.rsplit("@", 1)
    return f"{local}@{domain.lower()}"


def mask(text):
    """Return ``text`` with its middle hidden, short enough not to be guessed back.

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
