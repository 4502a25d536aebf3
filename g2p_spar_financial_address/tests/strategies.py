"""What people and spreadsheets make of numbers and files: strategies for hypothesis.

Each one knows what is meant. So a test can demand that a channel stores exactly that,
or refuses it: never another number that exists as well.
"""

import csv
import io
import os
from dataclasses import dataclass
from functools import cache, wraps

import openpyxl
import phonenumbers
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

#: Another one tries other texts: ``SPAR_RANDOM_SEED=7 SPAR_TESTS="addons -k random"``.
SEED = int(os.environ.get("SPAR_RANDOM_SEED") or 1)

#: Countries with and without a trunk prefix, with numbers of one length and of several.
COUNTRIES = ["TZ", "KE", "UG", "NG", "GH", "CI", "SN", "BJ", "ID", "IN", "LR", "MX"]
COUNTRIES += ["BR", "BD", "ET", "CM", "MG", "VN", "GB", "CN", "CG"]
#: Zero of the digits of a script.
ZEROS = "0\u0660\u06f0\u0966\u09e6\u0e50\u1040\u07c0\uff10"
#: What stands between groups of digits.
BLANKS = [" ", "\u00a0", "\u202f", "\u2009", "  "]
SIGNS = [*BLANKS, "-", "\u2011", ".", "\u200f", "\u202c"]


def randomized(examples):
    """Run a test with this many examples, the same in each run; a failure has the seed.

    :param int examples: how many
    """

    def decorate(test):
        test = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )(seed(SEED)(test))

        @wraps(test)
        def noted(*args, **kwargs):
            try:
                return test(*args, **kwargs)
            except Exception as problem:
                problem.add_note(f"SPAR_RANDOM_SEED={SEED}")
                raise

        return noted

    return decorate


@dataclass(frozen=True)
class Typed:
    """A number as it is typed, or as a spreadsheet has left it.

    :param str fa_type: of the address
    :param country: of the provider, two letters or None
    :param str text: what is typed
    :param str meant: the number in its normal form
    """

    fa_type: str
    country: str | None
    text: str
    meant: str


def phones():
    """Draw the E.164 form of a mobile number, and its country."""
    return st.sampled_from(COUNTRIES).flatmap(
        lambda country: st.tuples(
            st.just(country),
            st.integers(0, 9999).map(lambda end: _phone(country, end)),
        )
    )


@cache
def _example(country):
    kind = phonenumbers.PhoneNumberType.MOBILE
    return phonenumbers.example_number_for_type(country, kind)


def _phone(country, end):
    number = phonenumbers.PhoneNumber()
    number.merge_from(_example(country))
    number.national_number = number.national_number // 10**4 * 10**4 + end
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def accounts():
    """Draw account numbers of at most 15 digits, some with letters."""
    digits = st.text("0123456789", min_size=5, max_size=15).filter(
        lambda t: t.strip("0")
    )
    letters = st.text("ABCKMXZ", min_size=1, max_size=3)
    return digits | st.tuples(letters, digits).map("".join)


@st.composite
def ibans(draw):
    """Draw IBANs without an own check within their country."""
    code, length = draw(st.sampled_from([("GB", 18), ("DE", 18), ("JO", 26)]))
    head = draw(st.text("ABCDEFGH", min_size=4, max_size=4)) if code != "DE" else ""
    tail = draw(st.text("0123456789", min_size=length, max_size=length))
    bban = head + tail[len(head) :]
    return code + mod_97_10.calc_check_digits(bban + code) + bban


@st.composite
def spelled(draw, number, signs=tuple(SIGNS)):
    """Draw spellings of a number: separators, blanks around it, digits of a script."""
    # One draw for all of it: hypothesis is slow at many small ones.
    chance = draw(st.randoms(use_true_random=True))
    zero = ord(chance.choice(ZEROS))
    text = "".join(
        (chance.choice(signs) if at and chance.random() < 0.25 else "")
        + (chr(zero + int(sign)) if sign.isdecimal() else sign)
        for at, sign in enumerate(number)
    )
    around = ["", "", " ", "\u00a0"]
    return chance.choice(around) + text + chance.choice(around)


@st.composite
def typed_phones(draw):
    """Draw mobile numbers as people write them, and as spreadsheets leave them."""
    country, meant = draw(phones())
    number = phonenumbers.parse(meant)
    national = phonenumbers.national_significant_number(number)
    formats = phonenumbers.PhoneNumberFormat
    at_home = phonenumbers.format_number(number, formats.NATIONAL)
    written = [
        meant,
        f"00{meant[1:]}",
        meant[1:],
        national,
        at_home,
        phonenumbers.format_number(number, formats.INTERNATIONAL),
        # As on cards: +255 (0) 754 ...
        f"+{number.country_code} (0) {national}",
    ]
    one = draw(st.sampled_from(written))
    text = draw(spelled(one) | damaged(one) | doubled(one))
    at = draw(st.sampled_from([country, country, None]))
    return Typed("mobile_wallet", at, text, meant)


@st.composite
def typed_accounts(draw):
    """Draw account numbers and IBANs as people write them, and damaged ones."""
    meant = draw(accounts() | ibans())
    # Dashes are a part of it.
    blanks = tuple(BLANKS)
    wrong = mistyped if meant[:2].isalpha() and len(meant) > 20 else damaged
    text = draw(spelled(meant, blanks) | spelled(meant.lower(), blanks) | wrong(meant))
    return Typed("bank_account", draw(st.sampled_from(["TZ", None])), text, meant)


def typed_numbers():
    """Draw numbers of wallets and accounts."""
    return typed_phones() | typed_accounts()


@st.composite
def damaged(draw, text):
    """Draw what spreadsheets and keyboards make of a number."""
    digits = "".join(filter(str.isdecimal, text)) or "0"
    value = int(digits)
    return draw(
        st.sampled_from(
            [
                f"{value}.0",
                f"{value}.00",
                f"{value},0",
                f"{value:.4E}",
                f"{value:.2e}",
                f"{value:,}.00",
                f"{value:,}.00".replace(",", "\u202f"),
                f"{text}#",
                f"-{value}",
                # Read as a decimal number, which has no zeros at its ends.
                str(float(f"{digits[:4]}.{digits[4:] or 0}")),
            ]
        )
    )


def doubled(text):
    """Draw what a phone number is not, and an account number may be."""
    with_letter = text.replace("0", "O") if "0" in text else f"{text}O"
    return st.sampled_from([with_letter, f"{text}/{text}", f"{text} ::: {text}"])


@st.composite
def mistyped(draw, text):
    """Draw an IBAN with one wrong digit, two changed, or other check digits."""
    places = [n for n in range(2, len(text)) if text[n].isdecimal()]
    at = draw(st.sampled_from(places))
    other = draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    check = int(text[2:4])
    alias = next((n for n in (check - 97, check + 97) if 0 <= n <= 99), None)
    wrong = [text[:at] + other + text[at + 1 :]]
    if alias is not None:
        wrong.append(f"{text[:2]}{alias:02}{text[4:]}")
    # With a letter among its check digits it does not look like an IBAN.
    if at + 1 in places and text[at] != text[at + 1]:
        wrong.append(text[:at] + text[at + 1] + text[at] + text[at + 2 :])
    return draw(st.sampled_from(wrong))


@st.composite
def csv_contents(draw, rows):
    """Draw CSV files of these rows: encodings, line ends, separators, quotes.

    :param list rows: of texts, the titles first
    """
    separator = draw(st.sampled_from(",;\t|"))
    end = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
    if encoding == "utf-16" and end == "\r":
        encoding = "utf-8"
    text = io.StringIO(newline="")
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    for row in rows:
        writer.writerow(row)
        if draw(st.integers(0, 5)) == 0:
            text.write(end)
    first = draw(st.sampled_from(["", f"sep={separator}{end}"]))
    return (first + text.getvalue()).encode(encoding), separator


@st.composite
def damaged_texts(draw, text, separator):
    """Draw CSV files with a quotation mark or separator too few or too many."""
    begin = text.index("\n") + 1
    at = draw(st.integers(begin, len(text) - 1))
    sign = draw(st.sampled_from(['"', '"', separator, ""]))
    skipped = draw(st.integers(0, 1)) if text[at] in f'"{separator}' else 0
    return text[:at] + sign + text[at + skipped :]


@st.composite
def cells_of(draw, number):
    """Draw cells of a spreadsheet that show this number; whether it is all there.

    :param str number: digits only
    :return: the value, the format, and whether the number can be read from it
    """
    kinds = [
        (number, "General", True),
        (number, "@", True),
        (int(number), "0" * len(number), True),
        (int(number), "0.00E+00", False),
        (int(number), "0000\\ 0000000000000000", False),
    ]
    if not number.startswith("0"):
        kinds += [(int(number), "General", True), (float(number), "0", True)]
    return draw(st.sampled_from(kinds))


def xlsx_content(rows):
    """Return an Excel file.

    :param list rows: of texts, or of pairs of a value and its format
    """
    book = openpyxl.Workbook()
    for line, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            value, shown = cell if isinstance(cell, tuple) else (cell, "@")
            target = book.active.cell(line, column)
            target.value, target.number_format = value, shown
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
