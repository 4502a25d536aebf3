"""What SPAR wants a request to look like, and how it says that it does not.

Its answers name no field: one line for each thing wrong, in the order of the fields.
A checker is a function from a value to the list of complaints about it.
"""

import datetime

REQUIRED = "Field required"
_FLAGS = [0, 1, "0", "1", "f", "t", "n", "y", "no", "yes", "off", "on", "false", "true"]
NOT_AN_OBJECT = "Input should be a valid dictionary or object to extract fields from"


def text(value):
    """Complain about what is no text."""
    return [] if isinstance(value, str) else ["Input should be a valid string"]


def anything(_value):
    """Complain about nothing."""
    return []


def whole_number(value):
    """Complain about what cannot be read as a whole number."""
    if isinstance(value, str):
        try:
            int(value)
        except ValueError:
            return [
                "Input should be a valid integer, unable to parse string as an integer"
            ]
        return []
    if isinstance(value, float) and value != int(value):
        return ["Input should be a valid integer, got a number with a fractional part"]
    known = isinstance(value, int | float)
    return [] if known else ["Input should be a valid integer"]


def flag(value):
    """Complain about what cannot be read as yes or no."""
    if isinstance(value, str):
        value = value.lower()
    if value not in _FLAGS:
        return ["Input should be a valid boolean, unable to interpret input"]
    return []


def moment(value):
    """Complain about what is no date with a time."""
    try:
        datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return ["Input should be a valid datetime"]
    return []


def plain_object(value):
    """Complain about what is no object."""
    return [] if isinstance(value, dict) else ["Input should be a valid dictionary"]


def one_of(*words):
    """Make a checker for one of these words."""
    listed = " or ".join([", ".join(map(repr, words[:-1])), repr(words[-1])])

    def check(value):
        return [] if value in words else [f"Input should be {listed}"]

    return check


def maybe(check):
    """Make a checker that also takes null."""
    return lambda value: [] if value is None else check(value)


def list_of(check):
    """Make a checker for a list."""

    def check_list(value):
        if not isinstance(value, list):
            return ["Input should be a valid list"]
        return [complaint for entry in value for complaint in check(entry)]

    return check_list


def fields(required, optional=None):
    """Make a checker for an object; fields that are not named are welcome.

    :param dict required: checkers by field.
    :param dict optional: the same for fields that may be missing.
    """

    def check(value):
        if not isinstance(value, dict):
            return [NOT_AN_OBJECT]
        complaints = []
        for name, check_field in {**required, **(optional or {})}.items():
            if name in value:
                complaints += check_field(value[name])
            elif name in required:
                complaints.append(REQUIRED)
        return complaints

    return check


def any_of(*checks):
    """Make a checker for what one of several takes; else all of them complain."""

    def check(value):
        found = [check_one(value) for check_one in checks]
        if not all(found):
            return []
        return [complaint for complaints in found for complaint in complaints]

    return check
