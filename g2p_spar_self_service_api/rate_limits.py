"""How often who may call: all limits, and what they are counted by, in one place.

Those of a client, of an issuer's citizens and of one person are set on the records.
"""

import ipaddress

MINUTE = 60

#: Calls a minute from one source that prove nothing: refused tokens, wrong secrets.
FAILURES = 30
#: Tokens a minute asked for by one source. A client needs one in ten minutes.
TOKENS = 60
#: How often the keys of one issuer are fetched at most.
FETCHES = 1


def of_caller(caller):
    """Return what a call of this caller counts for: the person, and the caller."""
    takings = [(f"api|{caller.key}", caller.rate, MINUTE)]
    if caller.person:
        # By caller, so that one client does not use up a person's calls of another. It
        # comes first, so that refused calls of one person use up nothing of others.
        key = f"api|{caller.key}|{caller.person}"
        takings.insert(0, (key, caller.person_rate, MINUTE))
    return takings


def of_failure(source):
    """Return what a call without proof counts for."""
    return [(f"api|failure|{_network(source)}", FAILURES, MINUTE)]


def of_token(source):
    """Return what asking for a token counts for."""
    return [(f"api|token|{_network(source)}", TOKENS, MINUTE)]


def of_fetch(issuer_id):
    """Return what fetching an issuer's keys counts for."""
    return [(f"api|jwks|{issuer_id}", FETCHES, MINUTE)]


def of_assertion(client_id, jti, seconds):
    """Return what presenting an assertion counts for: once, while it is valid."""
    return [(f"api|jti|{client_id}|{jti}", 1, seconds)]


def _network(source):
    """Return whom an address belongs to: with IPv6 everybody has a whole network."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    # A server that listens for both writes the one as the other.
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
