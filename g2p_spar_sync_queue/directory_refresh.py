"""SPAR's directory as rows for the import of providers, and what is wrong with it.

Plain functions without database access; ``env`` is only used to translate.
"""

from collections import Counter

from .spar.dialect import clean_text

#: SPAR's words for wallets, and the import's.
WALLET_TYPES = {"MOBILE_WALLET": "mobile_wallet", "EMAIL_WALLET": "email_wallet"}
BANK = "bank"
#: Things named in one sentence; a directory may have one mistake in all its rows.
NAMED = 10


def import_rows(env, directory):
    """Return what the import of providers is given.

    Rows that contradict each other are left out, all of them: which one is right is not
    known here.

    :param ~.spar.directory.Directory directory: as SPAR tells it
    :return: rows by the import's columns, and sentences about what was left out
    :rtype: tuple[list, list]
    """
    banks, complaints = _providers(env, directory.banks, "bank", lambda row: BANK)
    wallets, more = _providers(
        env,
        directory.wallets,
        "sp",
        lambda row: WALLET_TYPES.get(row.get("wallet_type")),
    )
    branches, last = _branches(env, directory, banks)
    return banks + wallets + branches, complaints + more + last


def _providers(env, rows, prefix, type_of):
    """Return the rows of banks or wallets, and what is wrong with the others."""
    named = [
        {
            "type": type_of(row),
            "provider_code": _text(row, f"{prefix}_code"),
            "provider_name": _text(row, f"{prefix}_name"),
        }
        for row in rows
    ]
    whole = [row for row in named if all(row.values())]
    broken = [row for row in named if not all(row.values())]
    counts = Counter((row["type"], row["provider_code"]) for row in whole)
    single, twice = [], []
    for row in whole:
        once = counts[row["type"], row["provider_code"]] == 1
        (single if once else twice).append(row)
    complaints = []
    if broken:
        complaints.append(
            env._(
                "Without a code, a name or a type we know: %s.",
                _listed(env, broken, "provider"),
            )
        )
    if twice:
        complaints.append(
            env._("The same code more than once: %s.", _listed(env, twice, "provider"))
        )
    return single, complaints


def _branches(env, directory, banks):
    """Return the rows of branches, and what is wrong with the others."""
    known = {row["provider_code"]: row for row in banks}
    codes = {
        bank["id"]: _text(bank, "bank_code")
        for bank in directory.banks
        if bank.get("id") is not None
    }
    rows, broken, homeless = [], [], []
    for branch in directory.branches:
        bank = known.get(codes.get(branch.get("bank_id")))
        row = {
            **(bank or {}),
            "branch_code": _text(branch, "branch_code"),
            "branch_name": _text(branch, "branch_name"),
        }
        if not row["branch_code"] or not row["branch_name"]:
            broken.append(row)
        elif bank is None:
            homeless.append(row)
        else:
            rows.append(row)
    counts = Counter((row["provider_code"], row["branch_code"]) for row in rows)
    single, twice = [], []
    for row in rows:
        once = counts[row["provider_code"], row["branch_code"]] == 1
        (single if once else twice).append(row)
    complaints = []
    if broken:
        complaints.append(
            env._(
                "Branches without a code or a name: %s.",
                _listed(env, broken, "branch"),
            )
        )
    if homeless:
        complaints.append(
            env._(
                "Branches of a bank that is not taken over: %s.",
                _listed(env, homeless, "branch"),
            )
        )
    if twice:
        complaints.append(
            env._(
                "Branches with the same code more than once: %s.",
                _listed(env, twice, "branch"),
            )
        )
    return single, complaints


def _text(row, name):
    """Return a text of SPAR's, or an empty one for what cannot be stored."""
    return (clean_text(row.get(name)) or "").strip()


def _listed(env, rows, kind):
    """Name rows in a sentence."""
    names = [
        f"{row[f'{kind}_name'] or '?'} ({row[f'{kind}_code'] or '?'})" for row in rows
    ]
    if len(names) <= NAMED:
        return ", ".join(names)
    return env._(
        "%(names)s and %(count)s more",
        names=", ".join(names[:NAMED]),
        count=len(names) - NAMED,
    )
