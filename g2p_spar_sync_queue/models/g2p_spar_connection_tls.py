"""The certificates of the connection itself, where the usual ones do not do."""

from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.g2p_spar_financial_address.server_secrets import opened

from ..spar import keys, tls
from ..spar.tls import Tls, TlsProblem, read_authorities


class G2pSparConnection(models.Model):
    """SPAR's certificate is always verified; there is no switch for that."""

    _inherit = "g2p.spar.connection"

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
        """Return what is not usual about the connection.

        :rtype: ..spar.tls.Tls
        """
        connection = self.sudo()
        connection.ensure_one()
        if not connection.ca_certificate and not connection.tls_certificate_path:
            return None
        return Tls(
            connection.ca_certificate or None,
            connection.tls_certificate_path or None,
            connection.tls_key_path or None,
            _opened,
        )

    def _tls_problem_text(self, problem):
        """Return what is wrong with a certificate of the connection, in words."""
        # The file is not named: people without rights on keys read this, too.
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
                "This text contains a private key, which nobody but its owner may see. "
                "Only certificates belong here."
            ),
            tls.NOT_PEM: self.env._("This is not a certificate in PEM form."),
            tls.DAMAGED: self.env._("A certificate in this text is damaged."),
        }
        text = texts[problem.code]
        return text % problem.detail if problem.detail else text


@contextmanager
def _opened(path):
    """Give the path by which OpenSSL reads a file that may be read and is open."""
    with opened(path, keys.MAX_BYTES) as number:
        yield f"/dev/fd/{number}"
