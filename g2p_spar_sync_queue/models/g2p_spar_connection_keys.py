"""The signing keys of a connection, and its certificates for TLS."""

from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.g2p_spar_financial_address.toolkit.server_secrets import opened

from ..spar import keys, tls
from ..spar.jws import Signer
from ..spar.keys import NO_CERTIFICATE, KeyProblem
from ..spar.tls import Tls, TlsProblem, read_authorities


class G2pSparConnection(models.Model):
    """Of the keys whose start date is past, the one with the latest date signs.

    Workers see another key without a restart (``engine/sync_run.py``). SPAR's
    certificate is always verified; no setting turns that off.
    """

    _inherit = "g2p.spar.connection"

    # === SIGNING KEYS === #

    key_ids = fields.One2many("g2p.spar.key", "connection_id", string="Signing keys")
    key_id = fields.Many2one(
        "g2p.spar.key", string="Signing key", compute="_compute_key_id"
    )
    previous_key_id = fields.Many2one(
        "g2p.spar.key", string="Previous key", compute="_compute_key_id"
    )
    key_until = fields.Datetime("Key valid until", compute="_compute_key_id")

    @api.depends("key_ids.use_from", "key_ids.certificate", "key_ids.not_after")
    def _compute_key_id(self):
        for connection in self:
            started = connection._started_keys()
            connection.key_id = started[:1]
            connection.key_until = started[:1].not_after
            connection.previous_key_id = started[1:2]

    def _started_keys(self):
        """Return the keys whose start date is past, the current one first."""
        now = fields.Datetime.now()
        return self.key_ids.filtered(
            lambda key: key._is_ready() and key.use_from and key.use_from <= now
        ).sorted(lambda key: (key.use_from, key._origin.id or 0), reverse=True)

    def _signer(self, key=None):
        """Return a signer with the current key, or with another of this connection.

        :rtype: ~..spar.jws.Signer
        :raise KeyProblem: with a text for people, when no key can be used
        """
        self.ensure_one()
        key = key or self._started_keys()[:1]
        if not key:
            text = self.env._("There is none yet. Add one to the connection.")
            raise KeyProblem(NO_CERTIFICATE, text=text)
        pair = key._load_pair(known=True)
        try:
            pair.check_dates(fields.Datetime.now())
        except KeyProblem as problem:
            raise key._with_text(problem) from None
        return Signer(pair, self.send_kid, key.kid)

    @api.private
    def key_trouble(self):
        """Return why the current key or a certificate cannot be used, or ``""``.

        :rtype: str
        """
        self.ensure_one()
        connection = self.sudo()
        try:
            connection._signer()
            connection._http(connection.base_url).close()
        except KeyProblem as problem:
            return self._key_problem_text(problem)
        return ""

    def _log_switch(self, before, after):
        """Log, on the connection and both keys, that a user switched the key.

        :param before: the key that signed
        :param after: the key that signs from now on
        """
        body = self.env._(
            "“%(after)s” signs from now on, instead of “%(before)s”.",
            after=after.name,
            before=before.name,
        )
        for record in (self, before, after):
            record._message_log(body=body)

    def action_previous_key(self):
        """Go back to the key that signed before the current one.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: when there is none that can be used
        """
        self.check_access("write")
        self.ensure_one()
        self.key_id.action_set_aside()

    # === TLS === #

    ca_certificate = fields.Text(
        string="Certificates to trust",
        help="For a SPAR whose certificate comes from an authority of its own: that "
        "authority's certificate in PEM form. Then no other is trusted. Leave it empty "
        "to trust what the server trusts.",
    )
    tls_certificate_path = fields.Char(
        "Client certificate",
        groups="g2p_spar_sync_queue.group_manager",
        help="Where SPAR's gateway asks callers for a certificate: a file on the "
        "server, in PEM form. It has nothing to do with the signature.",
    )
    tls_key_path = fields.Char(
        "Key of the client certificate",
        groups="g2p_spar_sync_queue.group_manager",
        help="A file on the server, readable by Odoo only, without a password.",
    )

    @api.constrains("ca_certificate")
    def _check_ca_certificate(self):
        for connection in self.filtered("ca_certificate"):
            try:
                read_authorities(connection.ca_certificate)
            except TlsProblem as problem:
                text = connection._tls_problem_text(problem)
                raise ValidationError(
                    self.env._("Certificates to trust: %s", text)
                ) from None

    @api.constrains("tls_certificate_path", "tls_key_path")
    def _check_client_certificate(self):
        for connection in self.sudo():
            if bool(connection.tls_certificate_path) != bool(connection.tls_key_path):
                raise ValidationError(
                    self.env._(
                        "A client certificate and its key go together. Name both files "
                        "or neither."
                    )
                )

    def _tls(self):
        """Return the TLS settings, or None if the server's own are enough.

        :rtype: ~..spar.tls.Tls
        """
        connection = self.sudo()
        connection.ensure_one()
        if not connection.ca_certificate and not connection.tls_certificate_path:
            return None
        return Tls(
            connection.ca_certificate or None,
            connection.tls_certificate_path or None,
            connection.tls_key_path or None,
            _open_for_openssl,
        )

    def _tls_problem_text(self, problem):
        """Return the text of a problem with a certificate of the connection."""
        # The file is not named: also people without rights on keys read this.
        texts = {
            keys.UNREADABLE: self.env._(
                "A file of the client certificate cannot be read. It must be in a "
                "folder that the server allows for keys (SPAR_SECRET_FOLDERS), and "
                "readable by Odoo."
            ),
            tls.UNFIT: self.env._(
                "The client certificate and its key cannot be used together, or the "
                "key has a password."
            ),
            tls.HAS_PRIVATE_KEY: self.env._(
                "This text contains a private key, which only its owner may see. Enter "
                "certificates only."
            ),
            tls.NOT_PEM: self.env._("This is not a certificate in PEM form."),
            tls.DAMAGED: self.env._("A certificate in this text is damaged."),
        }
        text = texts[problem.code]
        return text % problem.detail if problem.detail else text


@contextmanager
def _open_for_openssl(path):
    """Return, as a context manager, a path of an open file that OpenSSL can read."""
    with opened(path, keys.MAX_BYTES) as number:
        yield f"/dev/fd/{number}"
