"""Which SPAR it is, and where its operations answer."""

import ipaddress
import os
import re
from functools import lru_cache
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import config

from ..spar import canonical, g2p_connect, partner_api
from ..spar.g2p_connect import G2pConnect
from ..spar.partner_api import PartnerApi
from ..spar.words import OPERATIONS

#: Environment variable, and in small letters option of Odoo's configuration file.
PLAIN_HTTP = "SPAR_PLAIN_HTTP_HOSTS"
#: A path below the address: no host, nothing empty between slashes, no query.
_PATH = re.compile(r"(?:/[\w.~%+-]+)+/?", re.ASCII)
_PATH_FIELDS = [f"{operation}_path" for operation in OPERATIONS]


class G2pSparConnection(models.Model):
    _inherit = "g2p.spar.connection"

    dialect = fields.Selection(
        [
            (g2p_connect.NAME, "SPAR 1.x (G2P Connect)"),
            (partner_api.NAME, "SPAR 2.x (partner API)"),
        ],
        string="Version",
        required=True,
        default=g2p_connect.NAME,
        help="Which SPAR it is. The two are spoken to differently. Detect finds out.",
    )
    canonical_form = fields.Selection(
        [
            (canonical.ASCII, "Escaped (SPAR 1.1.0)"),
            (canonical.UTF8, "UTF-8 (SPAR 1.1 branch and later)"),
        ],
        string="Canonical form",
        compute="_compute_canonical_form",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="How SPAR rewrites a request before it verifies the signature. With the "
        "wrong form, requests with accents or other scripts are refused.",
    )
    link_path = fields.Char(
        "Path of link", help="Where to link, if it is not where it usually is."
    )
    update_path = fields.Char(
        "Path of update", help="Where to update, if it is not where it usually is."
    )
    unlink_path = fields.Char(
        "Path of unlink", help="Where to unlink, if it is not where it usually is."
    )
    resolve_path = fields.Char(
        "Path of resolve",
        help="Where to ask what SPAR holds, if it is not where it usually is.",
    )

    # === COMPUTE METHODS === #

    @api.depends("dialect")
    def _compute_canonical_form(self):
        for connection in self:
            newer = connection.dialect == partner_api.NAME
            connection.canonical_form = canonical.UTF8 if newer else canonical.ASCII

    # === CONSTRAINTS === #

    @api.constrains("base_url")
    def _check_base_url(self):
        for connection in self:
            connection._check_server_address(connection.base_url)

    def _check_server_address(self, address):
        """Refuse what is no address of a server to send requests to.

        :param str address: what somebody typed
        :raise ValidationError: saying what is wrong with it
        """
        url = self._split_server_address(address)
        if url.scheme not in ("http", "https"):
            raise ValidationError(
                self.env._("The address of SPAR starts with https:// or http://.")
            )
        if url.username is not None or url.password is not None:
            raise ValidationError(
                self.env._(
                    "Leave the name and password out of the address: addresses are "
                    "shown and logged. SPAR knows this registry by its signature."
                )
            )
        if not url.hostname or url.query or url.fragment:
            raise self._not_an_address()
        if url.scheme == "http" and not self._may_be_plain(url.hostname):
            raise ValidationError(
                self.env._(
                    "The address begins with https://, as payment data goes there. "
                    "Plain http:// is for this server itself, and for hosts its "
                    "configuration names (spar_plain_http_hosts)."
                )
            )

    def _may_be_plain(self, host):
        """Whether requests to a host may go without encryption.

        :param str host: its name or IP address, in small letters
        """
        try:
            local = ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = host == "localhost"
        return local or host in self._plain_http_hosts()

    def _plain_http_hosts(self):
        """Return the hosts that the server's own configuration names."""
        hosts = os.environ.get(PLAIN_HTTP) or config.get(PLAIN_HTTP.lower()) or ""
        return {host.strip().lower() for host in hosts.split(",")} - {""}

    def _split_server_address(self, address):
        try:
            url = urlsplit(address)
            # It is read only now, and may be no number.
            _port = url.port
        except ValueError:
            raise self._not_an_address() from None
        if re.search(r"\s", address):
            raise self._not_an_address()
        return url

    def _not_an_address(self):
        return ValidationError(
            self.env._(
                "This is not the address of a server. It looks like "
                "https://spar.example.org/api/mapper."
            )
        )

    @api.constrains(*_PATH_FIELDS)
    def _check_paths(self):
        for connection in self:
            for name in _PATH_FIELDS:
                path = connection[name]
                if path and (not _PATH.fullmatch(path) or ".." in path):
                    raise ValidationError(
                        self.env._(
                            "%(field)s: write only what comes after the address of "
                            "SPAR, beginning with a slash, such as /mapper/link.",
                            field=self._fields[name]._description_string(self.env),
                        )
                    )

    # === BUSINESS METHODS === #

    def _dialect(self):
        """Return how this SPAR is spoken to.

        :rtype: ..spar.dialect.Dialect
        """
        self.ensure_one()
        if self.dialect == partner_api.NAME:
            # Looked up once for as long as the client lives, which is short.
            numbered = lru_cache(self.env["g2p.fa.strategy"].sudo()._spar_numbered)
            return PartnerApi(lambda number, parts: numbered(number)._spar_write(parts))
        return G2pConnect()

    def _paths(self):
        """Return the paths that differ from the usual ones, by operation."""
        self.ensure_one()
        return {
            operation: self[f"{operation}_path"]
            for operation in OPERATIONS
            if self[f"{operation}_path"]
        }
