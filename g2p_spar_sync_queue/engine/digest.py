"""What SPAR's row is compared by, so that the address is not stored a second time.

With the registry's key: a hash without one could be guessed, as the masked number that
stands beside it leaves few digits open.
"""

import hashlib
import json

from odoo.addons.g2p_spar_financial_address.toolkit.keyed_hash import keyed_hash


def digest(env, text, strategy_number, details=None):
    """Return the digest of what a row at SPAR holds.

    With the strategy: read by another one, the same text may mean another account.

    :param Environment env: of any user
    :param str text: the address as SPAR has it, or None
    :param dict details: what else is sent to SPAR; a resolve does not return them, so
        after one they are unknown
    :return: a text, that of the address first, or None when the address is unknown
    """
    if text is None:
        return None
    parts = [f"{strategy_number}:{text}"]
    if details:
        parts.append(json.dumps(details, sort_keys=True))
    return keyed(env, ":".join(_hashed(part) for part in parts))


def of_address(known):
    """Return which part of a digest is that of the address, or None without one."""
    return known and known.partition(":")[0]


def keyed(env, plain):
    """Return the digest made of hashes without a key, as they were stored before.

    :param Environment env: of any user
    :param str plain: one or two hashes, separated by a colon
    :rtype: str
    """
    return ":".join(keyed_hash(env, part) for part in plain.split(":"))


def _hashed(text):
    return hashlib.sha256(text.encode()).hexdigest()
