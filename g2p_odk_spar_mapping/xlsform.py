"""The form that comes with the addon, with the providers of the directory.

An XLSForm is a workbook of three sheets; https://docs.getodk.org/xlsform/ explains
them. Plain Python without Odoo.
"""

import io

from openpyxl import Workbook

FORM_ID = "payment_address"
TITLE = "Payment address"

SURVEY = (
    "type",
    "name",
    "label",
    "hint",
    "required",
    "relevant",
    "constraint",
    "constraint_message",
    "appearance",
    "choice_filter",
)
CHOICES = ("list_name", "name", "label", "fa_type", "bank", "pattern")
SETTINGS = ("form_title", "form_id", "version", "allow_choice_duplicates")

#: The answers of this form: path, target, transform, required.
READY_MAPPING = (
    ("registrant_id", "registrant_id", "keep", True),
    ("person/given_name", "given_name", "trim", False),
    ("person/family_name", "family_name", "trim", False),
    ("person/contact_phone", "contact_phone", "keep", False),
    ("payment/fa_type", "fa_type", "keep", True),
    ("payment/dfsp_code", "dfsp_code", "keep", False),
    ("payment/branch_code", "branch_code", "keep", False),
    ("payment/account_number", "account_number", "keep", False),
    ("payment/payment_phone", "payment_phone", "keep", False),
    ("payment/wallet_email", "wallet_email", "keep", False),
    ("payment/payee", "payee", "keep", False),
    ("payment/payee_name", "payee_name", "trim", False),
    ("payment/payee_relation", "payee_relation", "keep", False),
    ("payment/payee_id_number", "payee_id_number", "keep", False),
    ("payment/payee_until", "payee_until", "keep", False),
    ("payment/holder_name", "holder_name", "trim", False),
)

# As the registry normalises a number: without blanks, in capital letters.
_TYPED = "translate(., '{small} ', '{large}')".format(
    small="abcdefghijklmnopqrstuvwxyz", large="ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
_CHOSEN = "name = ${dfsp_code} and fa_type = ${fa_type}"
_ACCOUNT = (
    "${dfsp_code} = '' or "
    f"regex({_TYPED}, instance('dfsp')/root/item[{_CHOSEN}]/pattern)"
)
_PHONE = r"regex(., '^[+]?[0-9 ]{6,20}$')"
_EMAIL = r"regex(., '^[^@ ]+@[^@ ]+[.][^@ ]+$')"

#: Matches any number, for a bank without a pattern of its own.
ANY_NUMBER = "^.+$"


def choice(code):
    """Return a code as the name of a choice, which has no blanks.

    >>> choice("FB 1"), choice("50%")
    ('FB%201', '50%25')
    """
    return code.replace("%", "%25").replace(" ", "%20")


def code_of(name):
    """Return the code of :func:`choice`."""
    return name.replace("%20", " ").replace("%25", "%")


def _label(text):
    # A name in such brackets would be that of a question.
    return text.replace("${", "$ {")


def build(providers, labels, payee, version):
    """Return the workbook.

    :param list providers: dicts with ``fa_type``, ``code``, ``name``, ``pattern`` and
        ``branches`` (pairs of code and name)
    :param dict labels: of the types of address
    :param dict payee: pairs of value and label of ``payee`` and ``payee_relation``
    :param str version: of the form
    :rtype: bytes
    """
    offered = [kind for kind in labels if any(p["fa_type"] == kind for p in providers)]
    branches = any(provider["branches"] for provider in providers)
    book = Workbook()
    _fill(book.active, "survey", SURVEY, _questions(offered, branches))
    _fill(
        book.create_sheet(),
        "choices",
        CHOICES,
        [
            {"list_name": "fa_type", "name": kind, "label": labels[kind]}
            for kind in offered
        ]
        + [
            {"list_name": name, "name": value, "label": label}
            for name, pairs in payee.items()
            for value, label in pairs
        ]
        + [row for provider in providers for row in _choices(provider)],
    )
    settings = {
        "form_title": TITLE,
        "form_id": FORM_ID,
        "version": version,
        # A bank and an operator may have the same code, with different types.
        "allow_choice_duplicates": "yes",
    }
    _fill(book.create_sheet(), "settings", SETTINGS, [settings])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _fill(sheet, name, columns, rows):
    sheet.title = name
    for number, row in enumerate([dict(zip(columns, columns, strict=True)), *rows], 1):
        for column, key in enumerate(columns, 1):
            if value := row.get(key):
                cell = sheet.cell(number, column, value)
                # A name that begins with "=" is a name, and "001" a code.
                cell.data_type = "s"


def _choices(provider):
    yield {
        "list_name": "dfsp",
        "name": choice(provider["code"]),
        "label": _label(provider["name"]),
        "fa_type": provider["fa_type"],
        "pattern": f"^(?:{provider['pattern']})$"
        if provider["pattern"]
        else ANY_NUMBER,
    }
    for code, name in provider["branches"]:
        yield {
            "list_name": "branch",
            "name": choice(code),
            "label": _label(name),
            "bank": choice(provider["code"]),
        }


def _questions(offered, branches):
    yield {"type": "start", "name": "start"}
    yield {"type": "end", "name": "end"}
    yield {
        "type": "text",
        "name": "registrant_id",
        "label": "ID of the registrant",
        "hint": "As it is printed on the card.",
        "required": "yes",
    }
    yield from _person()
    yield {"type": "begin_group", "name": "payment", "label": "Where to pay"}
    yield {
        "type": "select_one fa_type",
        "name": "fa_type",
        "label": "How does the registrant want to be paid?",
        "required": "yes",
    }
    yield {
        "type": "select_one dfsp",
        "name": "dfsp_code",
        "label": "Bank or wallet operator",
        "hint": "Leave it empty if it is not known yet.",
        "choice_filter": "fa_type = ${fa_type}",
    }
    if "bank_account" in offered:
        yield from _bank(branches)
    if "mobile_wallet" in offered:
        yield from _wallet()
    if "email_wallet" in offered:
        yield {
            "type": "text",
            "name": "wallet_email",
            "label": "E-mail address of the wallet",
            "required": "yes",
            "relevant": "${fa_type} = 'email_wallet'",
            "constraint": _EMAIL,
            "constraint_message": "It looks like name@example.org.",
        }
    yield from _payee()
    yield {
        "type": "text",
        "name": "holder_name",
        "label": "Name of the account holder",
        "hint": "Leave it empty if it is the person who receives the money.",
    }
    yield {"type": "end_group"}


def _person():
    yield {"type": "begin_group", "name": "person", "label": "The registrant"}
    yield {"type": "text", "name": "given_name", "label": "Given name"}
    yield {"type": "text", "name": "family_name", "label": "Family name"}
    yield {
        "type": "text",
        "name": "contact_phone",
        "label": "Phone to reach the registrant",
        "hint": "The number of the wallet is asked later.",
        "appearance": "numbers",
        "constraint": _PHONE,
        "constraint_message": "Digits only, with + at the beginning if you like.",
    }
    yield {"type": "end_group"}


def _bank(branches):
    relevant = "${fa_type} = 'bank_account'"
    if branches:
        yield {
            "type": "select_one branch",
            "name": "branch_code",
            "label": "Branch",
            "relevant": relevant,
            "choice_filter": "bank = ${dfsp_code}",
        }
    yield {
        "type": "text",
        "name": "account_number",
        "label": "Account number",
        "required": "yes",
        "relevant": relevant,
        "constraint": _ACCOUNT,
        "constraint_message": "The chosen bank has no such account numbers.",
    }
    yield {
        "type": "text",
        "name": "account_again",
        "label": "Account number once more",
        "required": "yes",
        "relevant": relevant,
        "constraint": ". = ${account_number}",
        "constraint_message": "This is not the number typed above.",
    }


def _wallet():
    yield {
        "type": "text",
        "name": "payment_phone",
        "label": "Phone number of the wallet",
        "hint": "It may differ from the number to reach the registrant.",
        "required": "yes",
        "relevant": "${fa_type} = 'mobile_wallet'",
        "appearance": "numbers",
        "constraint": _PHONE,
        "constraint_message": "Digits only, with + at the beginning if you like.",
    }


def _payee():
    relevant = "${payee} = 'other'"
    yield {
        "type": "select_one payee",
        "name": "payee",
        "label": "Who receives the money?",
        "required": "yes",
    }
    yield {
        "type": "text",
        "name": "payee_name",
        "label": "Name of the person who receives the money",
        "required": "yes",
        "relevant": relevant,
    }
    yield {
        "type": "select_one payee_relation",
        "name": "payee_relation",
        "label": "Relation to the registrant",
        "required": "yes",
        "relevant": relevant,
    }
    yield {
        "type": "text",
        "name": "payee_id_number",
        "label": "ID number of the person who receives the money",
        "relevant": relevant,
    }
    yield {
        "type": "date",
        "name": "payee_until",
        "label": "Last day of the mandate",
        "hint": "Leave it empty if it has no end.",
        "relevant": relevant,
        "constraint": ". >= today()",
        "constraint_message": "This mandate has ended.",
    }
