"""The rules of ``values/`` for records: what they refuse, in the user's language."""

from odoo.exceptions import ValidationError

from ..values.checks import check_code, check_part
from ..values.invalid import InvalidValue, Text


def checked(env, rule, *args):
    """Apply a rule of ``values/``.

    :param env: of the user who reads the message
    :param rule: a function of that package
    :param args: its arguments
    :return: what it returns
    :raise ValidationError: with the rule's message, where it refuses a value
    """
    try:
        return rule(*args)
    except InvalidValue as refusal:
        message = " ".join(_translated(env, text) for text in refusal.texts)
    raise ValidationError(message)


def _translated(env, text):
    if not isinstance(text, Text):
        return str(text)
    params = {name: _translated(env, value) for name, value in text.params.items()}
    return env._(text.template, **params)


def check_parts(records, names):
    """Apply :func:`~..values.checks.check_part` to these fields of each record.

    :raise ValidationError: for the first one that would break SPAR's strings
    """
    for record in records:
        for name in names:
            label = record._fields[name]._description_string(record.env)
            checked(record.env, check_part, record[name], label)
            if name == "code":
                checked(record.env, check_code, record[name], label)


def describe(record):
    """Return the masked name of an address or a shared address.

    :param record: with ``fa_type``, ``dfsp_id`` and ``masked``
    """
    labels = dict(record._fields["fa_type"]._description_selection(record.env))
    parts = labels.get(record.fa_type), record.dfsp_id.name, record.masked
    return " · ".join(part for part in parts if part)
