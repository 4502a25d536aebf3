import hashlib
import hmac
import secrets

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.tools import frozendict

from .. import rate_limits, signing
from ..tokens import ALGORITHMS, BadToken, fits, look, read_public_key, verify

#: Seconds an assertion may be good for, and the clocks may differ.
ASSERTION_SECONDS = 300
LEEWAY = 30


class G2pApiClient(models.Model):
    """A program that calls the API for people: the backend of a self-service portal.

    It is trusted to say whom it acts for, so it proves who it is: with a secret, of
    which only a hash is kept, or with a key of which we have the public half.
    """

    _name = "g2p.api.client"
    _description = "Client of the self-service API"
    _inherit = ["g2p.api.rights", "g2p.fa.audited"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    client_id = fields.Char(
        "Client ID",
        readonly=True,
        required=True,
        copy=False,
        default=lambda self: secrets.token_hex(12),
    )
    # 256 random bits cannot be guessed, so a slow hash would only slow us down, and
    # give strangers a way to keep the server busy.
    secret_hash = fields.Char(copy=False, groups=fields.NO_ACCESS)
    secret_date = fields.Datetime(
        "Secret made on", readonly=True, copy=False, tracking=True
    )
    public_key = fields.Text(
        copy=False,
        tracking=True,
        help="PEM. With it the client may sign its requests for tokens (RFC 7523) "
        "instead of sending a secret.",
    )
    audience = fields.Char(
        compute="_compute_audience",
        help="For whom the client's own assertions have to be: their claim “aud”.",
    )

    _client_id_unique = models.Constraint("UNIQUE(client_id)")

    def init(self):
        """Create the table of the keys that tokens are signed with."""
        signing.create_table(self.env.cr)
        return super().init()

    # === COMPUTE METHODS === #

    def _compute_audience(self):
        self.audience = signing.audience(self.env)

    # === CONSTRAINT METHODS === #

    @api.constrains("public_key")
    def _check_public_key(self):
        for client in self.filtered("public_key"):
            try:
                read_public_key(client.public_key)
            except ValueError:
                raise ValidationError(
                    self.env._(
                        "This is no public key that can be used. It begins with "
                        "-----BEGIN PUBLIC KEY-----, and is RSA with 2,048 bits or "
                        "more, or one of the curves P-256, P-384, P-521 and Ed25519."
                    )
                ) from None

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        # What is known of them without a query.
        self.env.registry.clear_cache()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "A client is not deleted, because the calls name it. Disable it."
            )
        )

    @api.model
    def _proof_fields(self):
        return super()._proof_fields() | {"secret_hash", "public_key"}

    # === ACTION METHODS === #

    def action_new_secret(self):
        """Make a secret, in place of the old one, and show it this once.

        :raise AccessError: when the user may not
        """
        self.check_access("write")
        self.ensure_one()
        secret = secrets.token_urlsafe(32)
        self.sudo().write(
            {"secret_hash": _hashed(secret), "secret_date": fields.Datetime.now()}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Secret of %s", self.name),
            "res_model": "g2p.api.client.secret",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_client_id": self.client_id,
                "default_client_secret": secret,
            },
        }

    # === WHO CALLS === #

    @api.model
    @tools.ormcache("client_id")
    def _known(self, client_id):
        """Return what counts of a client, without a query once it is in memory.

        :param str client_id: proved to be one; others would fill the memory
        :rtype: frozendict
        """
        client = self.sudo().search([("client_id", "=", client_id)])
        return frozendict(
            {
                "id": client.id,
                "name": client.name,
                "active": client.state == "active",
                "scopes": client._scopes() if client else frozenset(),
                "rate": client.rate,
                "person_rate": client.person_rate,
                "id_template": client.id_template,
            }
        )

    @api.model
    def _by_secret(self, client_id, secret):
        """Return the client with this secret.

        :raise BadToken: when there is none, or it is disabled
        """
        client = self._in_use(client_id)
        # Also without a client, so that the time tells nothing.
        known = client.secret_hash or _hashed("")
        same = hmac.compare_digest(known, _hashed(secret))
        if not (client.secret_hash and secret and same):
            raise BadToken("secret")
        return client

    @api.model
    def _by_assertion(self, assertion):
        """Return the client that signed an assertion, which is good for once.

        :param str assertion: as of RFC 7523, with ``jti``, and at most five minutes
            long
        :raise BadToken: when it proves nothing, or was used before
        """
        header, said = look(assertion)
        client = self._in_use(said.get("iss"))
        if not client.public_key:
            raise BadToken("key")
        key, algorithm = read_public_key(client.public_key), header["alg"]
        if algorithm not in ALGORITHMS or not fits(key, algorithm):
            raise BadToken("alg")
        claims = verify(
            assertion,
            key,
            algorithm,
            issuer=client.client_id,
            audience=signing.audience(self.env),
            leeway=LEEWAY,
            required=("sub", "jti"),
        )
        if claims["sub"] != client.client_id or not claims["jti"]:
            raise BadToken("sub")
        # No difference: a number may be too large for one.
        if claims["exp"] > claims["iat"] + ASSERTION_SECONDS:
            raise BadToken("exp")
        # A crash of the database forgets these; an assertion that somebody caught is
        # good for no more than these minutes.
        seconds = ASSERTION_SECONDS + 3 * LEEWAY
        once = rate_limits.of_assertion(client.client_id, claims["jti"], seconds)
        if self.env["g2p.fa.rate"].take_all(once):
            raise BadToken("replayed")
        return client

    @api.model
    def _in_use(self, client_id):
        """Return the client with this ID, if it is not disabled, with all rights."""
        if not isinstance(client_id, str) or "\0" in client_id:
            return self.sudo().browse()
        domain = [("client_id", "=", client_id), ("state", "=", "active")]
        return self.sudo().search(domain)

    @api.autovacuum
    def _gc_signing(self):
        """Forget the keys that no valid token is signed with."""
        signing.forget_old(self.env.cr)


def _hashed(secret):
    return hashlib.sha256(secret.encode()).hexdigest()
