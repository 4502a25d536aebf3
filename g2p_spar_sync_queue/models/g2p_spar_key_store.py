"""Private keys in the database: encrypted, in a table without a model."""

import os

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import config

from ..spar import keys
from ..spar.keys import KeyProblem

#: Environment variable, and in small letters option of Odoo's configuration file.
SECRET = "SPAR_KEY_SECRET"  # nosec B105  # a name

SECRET_MISSING = "secret_missing"  # nosec B105  # a code
SECRET_UNFIT = "secret_unfit"  # nosec B105  # a code
SECRET_OTHER = "secret_other"  # nosec B105  # a code
GONE = "gone"
_URL_SAFE = str.maketrans("+/", "-_")


class G2pSparKey(models.Model):
    """The encrypted store.

    A private key that was uploaded or generated here is encrypted with a secret that is
    never in the database, and stored in the table ``g2p_spar_key_store``. It has no
    field, so the ORM cannot read, copy, export, search, group by, report or attach it.
    """

    _inherit = "g2p.spar.key"

    def init(self):
        """Create the table of encrypted keys."""
        self.env.cr.execute(
            """CREATE TABLE IF NOT EXISTS g2p_spar_key_store (
                   key_id integer PRIMARY KEY
                          REFERENCES g2p_spar_key ON DELETE CASCADE,
                   sealed text NOT NULL)"""
        )
        return super().init()

    def _check_secret(self):
        """Refuse to store a key that cannot be encrypted.

        :raise UserError: with a text that says what to do instead
        """
        try:
            _fernet()
        except KeyProblem as problem:
            raise UserError(str(self._with_text(problem))) from None

    def _reseal(self):
        """Encrypt with the newest secret keys that were encrypted with an older one."""
        if len(_secrets()) < 2:
            return
        for key in self:
            try:
                _store_sealed(key, _fernet().rotate(sealed_of(key) or b"").decode())
            except (InvalidToken, KeyProblem):
                # A key that cannot be decrypted is reported when it has to sign.
                continue

    def _secret_problem_texts(self):
        return {
            GONE: self.env._("The key is not stored here any more."),
            SECRET_MISSING: self.env._(
                "No key can be stored here, because the server has no secret to "
                "encrypt it with. Either have SPAR_KEY_SECRET set on the server, or "
                "keep the key in a file on the server."
            ),
            SECRET_UNFIT: self.env._(
                "No key can be stored here, because SPAR_KEY_SECRET on the server is "
                "not fit: it must be 32 random bytes in Base64."
            ),
            SECRET_OTHER: self.env._(
                "The key cannot be opened, because it was stored with another "
                "SPAR_KEY_SECRET than the server has now."
            ),
        }


# Functions rather than methods: server actions and templates can call methods of
# models.


def seal(key, private_key):
    """Store a private key, encrypted.

    :param key: the ``g2p.spar.key`` it belongs to
    :param private_key: an object of ``cryptography``
    :raise KeyProblem: when there is no secret to encrypt it with
    """
    key.ensure_one()
    _store_sealed(key, _fernet().encrypt(keys.to_der(private_key)).decode())


def unseal(key):
    """Return a private key that :func:`seal` has stored.

    :param key: the ``g2p.spar.key`` it belongs to
    :raise KeyProblem: when it is not there, or encrypted with another secret
    """
    key.ensure_one()
    sealed = sealed_of(key)
    if not sealed:
        raise KeyProblem(GONE)
    try:
        return keys.from_der(_fernet().decrypt(sealed))
    except InvalidToken:
        raise KeyProblem(SECRET_OTHER) from None


def sealed_of(key):
    """Return the encrypted private key, or None.

    :param key: the saved ``g2p.spar.key`` it belongs to
    """
    if not isinstance(key.id, int):
        return None
    key.env.cr.execute(
        "SELECT sealed FROM g2p_spar_key_store WHERE key_id = %s", [key.id]
    )
    row = key.env.cr.fetchone()
    return row and row[0]


def _store_sealed(key, sealed):
    key.env.flush_all()
    key.env.cr.execute(
        """INSERT INTO g2p_spar_key_store (key_id, sealed) VALUES (%s, %s)
           ON CONFLICT (key_id) DO UPDATE SET sealed = excluded.sealed""",
        [key.id, sealed],
    )


def _secrets():
    """Return the secrets of this server, newest first."""
    text = os.environ.get(SECRET) or config.get(SECRET.lower()) or ""
    return [part.strip() for part in text.split(",") if part.strip()]


def _fernet():
    secrets = _secrets()
    if not secrets:
        raise KeyProblem(SECRET_MISSING)
    try:
        # Also accepts the alphabet of "openssl rand -base64 32".
        return MultiFernet(
            [Fernet(secret.translate(_URL_SAFE).encode()) for secret in secrets]
        )
    except ValueError:
        raise KeyProblem(SECRET_UNFIT) from None
