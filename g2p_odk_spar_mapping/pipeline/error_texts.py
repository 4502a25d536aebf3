"""Texts of the errors of submissions, for users of the registry.

No text here repeats an answer: it may be an account number, and these texts are read
by people who may not see one.
"""

from odoo.addons.g2p_spar_financial_address.values.checks import mask

from .mapping import SECRET_TARGETS

#: Kinds of errors; each has its own remedy.
ERROR_KINDS = [
    ("missing", "Something is missing"),
    ("answer", "An answer does not fit"),
    ("no_registrant", "No such registrant"),
    ("conflict", "Not sure who it is"),
    ("provider", "Provider or branch not known"),
    ("number", "Number not accepted"),
    ("twins", "Two questions with one name"),
    ("newer", "A newer address is there"),
    ("refused", "Refused by the registry"),
    ("held", "Behind an earlier one"),
    ("decided", "Decided by a user"),
]

#: Kinds that a user can settle by confirming the submission.
CONFIRMABLE = ("conflict", "newer")

#: Number of digits in a row from which an answer is shown masked.
_LONG = 5


def target_labels(env):
    """Return the label of each target.

    :rtype: dict[str, str]
    """
    return {
        "registrant_id": env._("ID of the registrant"),
        "full_name": env._("Full name"),
        "given_name": env._("Given name"),
        "family_name": env._("Family name"),
        "contact_phone": env._("Contact phone"),
        "fa_type": env._("Type of payment address"),
        "dfsp_code": env._("Provider"),
        "branch_code": env._("Branch"),
        "account_number": env._("Account number"),
        "payment_phone": env._("Payment phone"),
        "wallet_email": env._("Wallet e-mail"),
        "holder_name": env._("Account holder"),
        "payee": env._("Who receives the money"),
        "payee_name": env._("Name of the payee"),
        "payee_relation": env._("Relation to the registrant"),
        "payee_id_number": env._("ID number of the payee"),
        "payee_until": env._("Mandate until"),
    }


def explain(env, problem):
    """Return the error and its value, in words.

    :param mapping.Problem problem: from reading a submission
    """
    return env._(
        "%(target)s: %(reason)s",
        target=target_labels(env)[problem.target],
        reason=explain_code(env, problem.code, problem.details),
    )


def explain_code(env, code, details):
    """Return the text of an error of a transform or its parameter."""
    texts = {
        "missing": env._("there is no answer, and one is required."),
        "not_text": env._(
            "the answer is not a text or a number. Choose another question."
        ),
        "too_long": env._("the answer is too long."),
        "not_listed": env._(
            "the answer is not in the table of the mapping. Add it there, or * for "
            "all others."
        ),
        "not_a_phone": env._("the answer is not a phone number of that country."),
        "spreadsheet": env._(
            "the answer is a decimal number, such as 123.0 or 1.23E+11, so digits may "
            "be wrong. Let the form ask for a text."
        ),
        "whole_number": env._(
            "this question takes whole numbers, so zeros at the beginning are lost. "
            "Make it a text question in the form."
        ),
        "several": env._(
            "the repeated group has several different answers, and only one is "
            "expected. Say in the mapping which one counts."
        ),
        "joined": env._(
            "several of its questions were answered. If they are parts of one number, "
            "write in the mapping what stands between them, or “none”."
        ),
        "part": env._(
            "one of its questions was not answered, so the number lacks a part. "
            "Correct this value. If one of the questions suffices, write nothing in "
            "the mapping between them."
        ),
        "mixed": env._(
            "the answers come from different entries of a repeated group, which may be "
            "about different persons. Correct this value."
        ),
        "twins": env._(
            "Central calls several questions of the form by this one's name, so their "
            "answers ran together or took each other's place. Rename all of them but "
            "one in the form. Or, if the new question is the right one, remove the "
            "line, read the questions again, and map it."
        ),
        "bad_table": env._(
            "write the table as “answer = value”, one on each line, each answer once."
        ),
        "bad_country": env._("write the country as two letters, such as TZ."),
        "no_constant": env._("write the value that is always the same."),
    }
    return texts[code]


def kind_of(problem):
    """Return the kind (:data:`ERROR_KINDS`) of a problem of reading."""
    return problem.code if problem.code in ("missing", "twins") else "answer"


def shown(target, text):
    """Return a value as shown to users who map or correct: numbers masked.

    >>> shown("account_number", "0123456789"), shown("full_name", "Asha")
    ('••••789', 'Asha')

    :param str target: of the value, or a falsy value when that is not known
    """
    digits = sum(character.isdigit() for character in text)
    if target in SECRET_TARGETS or "@" in text or (not target and digits >= _LONG):
        return mask(text)
    if target in ("contact_phone", "payee_id_number"):
        return mask(text)
    return text
