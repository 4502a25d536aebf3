"""The registry's own access tokens, and the keys they are signed with.

A key signs for a day. So what a stolen backup holds is soon worth nothing, and nobody
has to think of changing it. Only the registry verifies these tokens, so one secret does
for both.

Functions and no methods, and a table without a model: what the ORM does not know, it
cannot read, export or call in a server action.
"""

import secrets
import time

import jwt

from .tokens import BadToken, verify

ALGORITHM = "HS256"
#: Seconds a token is good for.
LIFETIME = 600
#: How long a key signs. It verifies for as long as the last token it has signed.
_SIGNS_FOR = "1 day"
#: Seconds by which the clock of the database may differ.
_GRACE = 60
_TABLE = """
    CREATE TABLE IF NOT EXISTS g2p_api_signing_store (
        kid text PRIMARY KEY,
        secret bytea NOT NULL,
        made_at timestamptz NOT NULL DEFAULT now())"""

#: Secrets, and when they are over, by database and name of the key. The names are
#: random: that of one database never is that of another.
_remembered = {}
_MAX_REMEMBERED = 64


def create_table(cr):
    """Create the table of the keys, if it is not there."""
    cr.execute(_TABLE)


def forget_old(cr):
    """Forget the keys that no valid token is signed with."""
    cr.execute(
        "DELETE FROM g2p_api_signing_store WHERE made_at < now() - 2 * interval %s",
        [_SIGNS_FOR],
    )


def audience(env):
    """Return the registry's own name: who issues these tokens, and for whom.

    A copy of the database for tests that was given an identity of its own takes no
    token of the original.
    """
    uuid = env["ir.config_parameter"].sudo().get_param("database.uuid")
    return f"urn:uuid:{uuid}"


def issue(env, client_id, scopes):
    """Return an access token.

    :param str client_id: of the client it is for
    :param scopes: what it is good for, as far as the client may still do that
    """
    kid, secret = _newest(env)
    now = int(time.time())
    name = audience(env)
    claims = {
        "iss": name,
        "aud": name,
        "sub": client_id,
        "scope": " ".join(sorted(scopes)),
        "iat": now,
        "exp": now + LIFETIME,
        "jti": secrets.token_urlsafe(12),
    }
    headers = {"kid": kid, "typ": "at+jwt"}
    return jwt.encode(claims, secret, ALGORITHM, headers=headers)


def read(env, token, header):
    """Return the claims of an access token of our own.

    :param str token: as it was sent
    :param dict header: of it
    :raise BadToken: when it is none, or no longer
    """
    if header.get("typ") != "at+jwt":
        raise BadToken("typ")
    name = audience(env)
    return verify(
        token,
        _secret(env.cr, header.get("kid")),
        ALGORITHM,
        issuer=name,
        audience=name,
        leeway=0,
        required=("sub", "scope"),
    )


def _newest(env):
    """Return the key that signs today; a new one is there for everybody at once."""
    with env.registry.cursor() as cr:
        cr.execute(
            """SELECT kid, secret FROM g2p_api_signing_store
                WHERE made_at > now() - interval %s ORDER BY made_at DESC LIMIT 1""",
            [_SIGNS_FOR],
        )
        if row := cr.fetchone():
            return row[0], bytes(row[1])
        kid, secret = secrets.token_urlsafe(9), secrets.token_bytes(32)
        cr.execute(
            "INSERT INTO g2p_api_signing_store (kid, secret) VALUES (%s, %s)",
            [kid, secret],
        )
        return kid, secret


def _secret(cr, kid):
    """Return the secret of a key, without a query once it is in memory.

    :raise BadToken: when there is none of this name
    """
    name = cr.dbname, kid
    known = _remembered.get(name)
    if not known:
        known = _read_secret(cr, kid)
        if len(_remembered) >= _MAX_REMEMBERED:
            _remembered.clear()
        _remembered[name] = known
    secret, over = known
    if time.time() > over:
        raise BadToken("kid")
    return secret


def _read_secret(cr, kid):
    """Return the secret of a key, and when the last token it has signed is over."""
    cr.execute(
        """SELECT secret, extract(epoch FROM made_at + interval %s)::float8
             FROM g2p_api_signing_store WHERE kid = %s""",
        [_SIGNS_FOR, kid],
    )
    row = cr.fetchone()
    if not row:
        raise BadToken("kid")
    return bytes(row[0]), row[1] + LIFETIME + _GRACE
