"""The normal form of IDs and codes, and which of them look alike: plain Python.

SPAR compares IDs character by character. So two IDs that look the same to a person are
two registrants at SPAR, and the wrong one may be paid.
"""

import re
import unicodedata

# Invisible characters: Unicode's Default_Ignorable_Code_Point, and the marks around
# interlinear notes.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Blanks of any width, but no tab and no line break: those are control characters.
_BLANKS = re.compile(
    "[ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000]+"
)
_DASHES = re.compile(
    "[-\u02d7\u058a\u1806\u2010-\u2015\u2043\u2212\u2796\ufe58\ufe63\uff0d]"
)

# Characters that look like a Latin letter, in small letters, or a sign of a keyboard;
# then those that look like a digit.
_DRAWN_ALIKE = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458"
    "\u0455\u03b1\u03b2\u03b5\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7"
    "\u03b6\u0131\u0501\u04bb\u051b\u051d\u04af\u04cf\u03f3\u0261"
    "\u2018\u2019\u02bc\u2032`\u2044\u2215\ua789\u2236\u06d4\u05be\u1400\u2500\u30fc\u30a0",
    "abekmhopctyxij" + "sabehikmnoptyx" + "zidhqwyijg" + "'''''//::.-----",
)
_READ_ALIKE = str.maketrans("oil|", "0111")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
# Zeros at the end of a decimal number: 12.10 is the tenth person of a household;
# without its zero, 12.1 is the first.
_LAST_ZEROS = re.compile(r"(?<![0-9.,])([0-9]+[.,][0-9]*?)0+(?![0-9.,])")
# A spreadsheet takes 1E5 for a number, and keeps 100000.
_POWER = re.compile(
    r"(?<![0-9a-z.,])([0-9]+)e([0-9]{1,2})(?![0-9a-z.,])", re.IGNORECASE
)


def normal(text):
    """Return an ID or a code in its normal form.

    Composed (Unicode NFC), without characters that no screen shows, with plain dashes
    and single plain blanks, none at the ends. Letters, their case, and digits stay as
    they are: SPAR distinguishes them.

    >>> normal(" AB\\u200b\\u2011 \\u00a012\\ufeff ")
    'AB- 12'

    :param str text: the typed text, or a falsy value
    :rtype: str
    """
    text = text or ""
    if not text.isascii():
        text = _DASHES.sub("-", _INVISIBLE.sub("", text))
    # Removing a character may bring a letter and its accent together.
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", text)).strip()


def spellings(text):
    """Return a text as it was typed, in its normal form, and with its accents apart."""
    plain = normal(text)
    return {text, plain, unicodedata.normalize("NFD", plain)}


def spelling_pattern(text):
    """Return a regular expression for a text as different keyboards write it.

    Composed or not, with any blanks and dashes; for Python and PostgreSQL.

    >>> bool(re.fullmatch(spelling_pattern("é 1"), "e\\u0301\\u00a0 1"))
    True

    :param str text: a part of a name, code or ID
    """
    return "".join(map(_sign_pattern, normal(text)))


def _sign_pattern(sign):
    if sign == " ":
        return _BLANKS.pattern
    if sign == "-":
        return _DASHES.pattern
    apart = unicodedata.normalize("NFD", sign)
    forms = {
        unicodedata.normalize("NFC", apart[:n]) + apart[n:]
        for n in range(1, len(apart) + 1)
    } | {apart}
    return f"(?:{'|'.join(map(re.escape, sorted(forms)))})"


def plain_digits(text):
    """Return text with the digits of all scripts replaced by 0 to 9."""
    if text.isascii():
        # Nearly all of the cells of a file: the loop would be much of its import.
        return text
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in text
    )


def placeholders(text):
    """Return what people write where there is no ID, to compare.

    >>> sorted(placeholders("0, N/A,, \u2010 "))
    ['-', '0', 'n/a']

    :param str text: with commas between
    :rtype: frozenset
    """
    parts = (normal(part).casefold() for part in (text or "").split(","))
    return frozenset(part for part in parts if part)


def likeness(text):
    """Return a key that an ID shares with those that look alike, or ``False``.

    IDs look alike if they differ only in case, alphabet, similar signs, ``O`` and
    ``0``, ``l``, ``I`` and ``1``, or insignificant zeros, or if a spreadsheet takes
    them for the same number.

    >>> likeness("SR-007") == likeness("sr-7") == likeness("SR-OO7")
    True
    >>> likeness("\u0410-7") == likeness("A-7"), likeness("A-7") == likeness("A-70")
    (True, False)
    >>> likeness("1E5") == likeness("100000"), likeness("1E5A") == likeness("100000A")
    (True, False)
    """
    text = normal(unicodedata.normalize("NFKC", normal(text))).casefold()
    plain = plain_digits(text.translate(_DRAWN_ALIKE).translate(_READ_ALIKE))
    return _without_zeros(plain) or False


def differ_in_zeros(first, second):
    """Return whether two IDs differ only in zeros that a spreadsheet drops or adds.

    >>> differ_in_zeros("0070123", "70123"), differ_in_zeros("70123", "70123")
    (True, False)
    >>> differ_in_zeros("token:070@x", "token:70@x"), differ_in_zeros("70", "700")
    (True, False)
    >>> differ_in_zeros("12.10", "12.1"), differ_in_zeros("1.2.10", "1.2.1")
    (True, False)
    >>> differ_in_zeros("1e5", "100000"), differ_in_zeros("1E5", "1E6")
    (True, False)
    """
    first, second = normal(first), normal(second)
    return first != second and _without_zeros(first) == _without_zeros(second)


def _without_zeros(text):
    text = _POWER.sub(lambda found: found[1] + "0" * int(found[2]), text)
    return _LAST_ZEROS.sub(r"\1", _ZEROS.sub("", text))
