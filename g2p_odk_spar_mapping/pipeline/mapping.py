"""From a submission to the values of a registrant and of an address.

Plain functions without Odoo, so that the preview and the import cannot differ, and so
that neither needs a database.
"""

from collections import namedtuple
from itertools import islice

from .transforms import Unusable, as_text, check_parts, transform

#: Targets of answers, in the order of the selection list.
TARGETS = (
    "registrant_id",
    "full_name",
    "given_name",
    "family_name",
    "contact_phone",
    "fa_type",
    "dfsp_code",
    "branch_code",
    "account_number",
    "payment_phone",
    "wallet_email",
    "holder_name",
    "payee",
    "payee_name",
    "payee_relation",
    "payee_id_number",
    "payee_until",
)

#: Targets that say who receives the money.
PAYEE_TARGETS = tuple(name for name in TARGETS if name.startswith("payee"))

#: Targets of account and wallet numbers, by type of address.
NUMBER_TARGET = {
    "bank_account": "account_number",
    "mobile_wallet": "payment_phone",
    "email_wallet": "wallet_email",
}

#: Targets that cannot be read from an integer question: it drops leading zeros.
DIGIT_TARGETS = frozenset(
    {
        "registrant_id",
        "contact_phone",
        "account_number",
        "payment_phone",
        "payee_id_number",
    }
)

#: Targets that are masked.
SECRET_TARGETS = frozenset(NUMBER_TARGET.values())

#: Targets that must differ between persons: otherwise all would be paid at one place.
OWN_TARGETS = SECRET_TARGETS | {"registrant_id"}

#: One line: the paths of its answers, its target, and its transform.
Line = namedtuple("Line", "paths target transform parameter required pick")

#: An error of one target: a code, and details for the text. Never the answer.
Problem = namedtuple("Problem", "target code details")

#: Choice among several answers in a repeated group.
PICKS = ("only", "first", "last")

#: Length at which answers that cannot be read are cut.
MAX_RAW = 200

#: Combinations of entries from which a submission counts as unclear.
MAX_ENTRIES = 10_000


def answers_at(payload, path):
    """Return all answers at a path; several when it lies in a repeated group.

    A group without answers is present with empty answers, and a repeated group without
    entries is absent: both give none.

    :param dict payload: a submission as Central gives it with ``$expand=*``
    :param str path: names of groups and question with slashes between
    :rtype: list
    """
    return [answer for _place, answer in _find(payload, path)]


def _find(payload, path):
    """Return all answers at a path, each with its place.

    A place is the entries of repeated groups that the answer lies in: pairs of the path
    of the group and the number of the entry.

    :rtype: list[tuple]
    """
    found, way = [((), payload)], ""
    for name in path.strip("/").split("/"):
        way = f"{way}/{name}"
        inner = [(p, node.get(name)) for p, node in found if isinstance(node, dict)]
        found = []
        for place, node in inner:
            if isinstance(node, list):
                found += [((*place, (way, n)), entry) for n, entry in enumerate(node)]
            else:
                found.append((place, node))
    return [(place, answer) for place, answer in found if answer is not None]


def answer_at(payload, path, pick="only"):
    """Return the one answer at a path as text.

    :param str pick: ``only``, ``first`` or ``last``
    :raise Unusable: ``several`` when there are several different answers and only one
        was expected: one of them would be lost
    """
    return _pick(payload, path, pick)[0]


def _pick(payload, path, pick):
    """Return :func:`answer_at`, and all places where the same was answered."""
    found = [(place, as_text(answer)) for place, answer in _find(payload, path)]
    found = [(place, text) for place, text in found if text]
    if not found:
        return "", [()]
    if pick == "only" and len({text for _place, text in found}) > 1:
        raise Unusable("several", count=len(found))
    text = found[-1 if pick == "last" else 0][1]
    return text, [place for place, other in found if other == text]


def read(payload, lines, corrected=None, twins=()):
    """Return the values of a submission, by the lines of a mapping.

    An answer that cannot be separated from another is not read: the two together may
    be another person's number. So may answers of different entries of a repeated group:
    they are read together only if one entry has all of them.

    :param dict payload: the submission
    :param lines: of the mapping, each a :class:`Line`
    :param dict corrected: values by which a person has replaced answers
    :param twins: paths that several questions have at Central
    :return: the values by target, without empty ones, and the errors
    :rtype: tuple[dict, list[Problem]]
    """
    corrected = corrected or {}
    values, problems = {}, []
    entries = {frozenset()}
    for line in lines:
        if line.target in corrected:
            continue
        if is_unclear(line.paths, twins):
            problems.append(Problem(line.target, "twins", {}))
            continue
        try:
            value, places = _value(payload, line)
            entries = _within_one(entries, places)
        except Unusable as error:
            problems.append(Problem(line.target, error.code, error.details))
            continue
        if value:
            values[line.target] = value
        elif line.required:
            problems.append(Problem(line.target, "missing", {}))
    values.update((target, text) for target, text in corrected.items() if text)
    return values, problems


def is_unclear(paths, twins):
    """Return whether answers at these paths cannot be separated from others.

    If a question has the name of the submission's own ID, no answer is clear.

    >>> is_unclear(("payment/phone",), ["payment/phone"]), is_unclear(("id",), [])
    (True, False)

    :param paths: of a line of the mapping
    :param twins: paths that several questions have at Central
    """
    return "__id" in twins or not set(paths).isdisjoint(twins)


def _value(payload, line):
    answers = [one for path in line.paths for one in answers_at(payload, path)]
    if line.target in DIGIT_TARGETS and any(
        isinstance(a, int | float) for a in answers
    ):
        # Refused in the mapping; but a new version of the form may have changed the
        # type.
        raise Unusable("whole_number")
    picked = [_pick(payload, path, line.pick) for path in line.paths]
    texts = [text for text, _places in picked]
    if line.transform == "join" and line.target in OWN_TARGETS:
        check_parts(texts, line.parameter)
    value = transform(line.transform, texts, line.parameter)
    return value, [places for _text, places in picked]


def _within_one(entries, chosen):
    """Return those of these entries in which the chosen answers lie, too.

    :param set entries: combinations of entries, each as the pairs of a place
    :param list chosen: for each answer the places where it was given
    :raise Unusable: ``mixed`` when no entry has all of them
    """
    for places in chosen:
        joined = (_joined(entry, place) for entry in entries for place in places)
        fit = (entry for entry in joined if entry is not None)
        entries = set(islice(fit, MAX_ENTRIES))
        if not entries or len(entries) == MAX_ENTRIES:
            raise Unusable("mixed")
    return entries


def _joined(entry, place):
    """Return an entry and a place as one, or None if they are different entries."""
    numbers = dict(entry)
    if any(numbers.setdefault(way, number) != number for way, number in place):
        return None
    return frozenset(numbers.items())


def raw_answers(payload, paths):
    """Return the answers at these paths as they were given, as one text.

    For answers that cannot be read as a value: what is wrong must be seen.

    >>> raw_answers({"a": "0754", "b": [{"c": 1.5}, {"c": "x"}]}, ["a", "b/c"])
    '0754 · 1.5 · x'
    """
    answers = [answer for path in paths for answer in answers_at(payload, path)]
    texts = [
        str(answer).strip()
        for answer in answers
        if isinstance(answer, str | int | float) and not isinstance(answer, bool)
    ]
    return " · ".join(dict.fromkeys(filter(None, texts)))[:MAX_RAW]


def full_name(values):
    """Return the name in a submission: whole, or made of its parts.

    >>> full_name({"given_name": "Asha", "family_name": "Juma"})
    'Asha Juma'
    >>> full_name({})
    ''
    """
    parts = (values.get("given_name"), values.get("family_name"))
    return values.get("full_name") or " ".join(part for part in parts if part)


def payment(values):
    """Return those of the values that belong to the payment address.

    :return: the type, the provider, the branch, the number, the holder and the payee;
        the numbers of other types are left out
    :rtype: dict
    """
    fa_type = values.get("fa_type")
    numbers = {
        target: values.get(target)
        for kind, target in NUMBER_TARGET.items()
        if not fa_type or kind == fa_type
    }
    others = ("fa_type", "dfsp_code", "branch_code", "holder_name", *PAYEE_TARGETS)
    kept = {**{name: values.get(name) for name in others}, **numbers}
    return {name: value for name, value in kept.items() if value}
