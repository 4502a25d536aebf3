"""How SPAR 2.x writes an address as one line of text, and reads it back."""

import re

BANK, EMAIL, PHONE = (
    ("account_number", "branch_name", "branch_code", "bank_name", "bank_code"),
    ("email_address", "wallet_provider_name", "wallet_provider_code"),
    ("mobile_number", "wallet_provider_name", "wallet_provider_code"),
)


def _both(labels):
    """Return format string and pattern of an address with these labels."""
    labels = (*labels, "fa_type")
    construct = ".".join(f"{label}:{{{label}}}" for label in labels)
    groups = r"\.".join(f"{label}:(?P<{label}>.*)" for label in labels)
    return construct, f"^{groups}$"


#: Format string and pattern, by number: SPAR's seeds.
STRATEGIES = {
    1: ("token:{sub}@nationalId", r"^token:(?P<sub>.[^.]*)@nationalId$"),
    2: _both(BANK),
    3: _both(EMAIL),
    4: _both(PHONE),
    5: (
        "account_number:{account_number}.branch_code:{branch_code}"
        ".bank_code:{bank_code}.mobile_number:.email_address:.fa_type:BANK_ACCOUNT",
        r"^account_number:(?P<account_number>.*)\.branch_code:(?P<branch_code>.*)"
        r"\.bank_code:(?P<bank_code>.*)\.mobile_number:(?P<mobile_number>.*)"
        r"\.email_address:(?P<email_address>.*)\.fa_type:(?P<fa_type>.*)$",
    ),
}


def construct(fields, strategies):
    """Return an address as a line of text.

    :param dict fields: of a structured address, with its ``strategy_id``.
    :param dict strategies: SPAR's table, as :data:`STRATEGIES`.
    :raises KeyError: when the strategy is unknown, or of another kind of address.
    """
    pattern, _read = strategies[fields["strategy_id"]]
    return pattern.format(**fields)


def deconstruct(row, strategies):
    """Return a stored address in parts, as far as its strategy is known.

    :param Row row: as stored.
    :param dict strategies: SPAR's table, as :data:`STRATEGIES`.
    :return: an object, or None when nothing is stored about the strategy.
    """
    if not row.additional_info:
        return None
    number = row.additional_info[0].get("strategy_id")
    if number not in strategies:
        return {}
    # Not beyond the end of a line: `.` does not match one.
    found = re.match(strategies[number][1], row.fa)
    return {**(found.groupdict() if found else {}), "strategy_id": number}
