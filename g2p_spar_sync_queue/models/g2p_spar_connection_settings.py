"""Where and how a connection sends, and that two managers change it."""

import hashlib
import ipaddress
import json
import logging
import os
import re
from urllib.parse import urlsplit

from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import config

from ..spar import canonical, g2p_connect, partner_api
from ..spar.codes import OPERATIONS
from ..spar.g2p_connect import G2pConnect
from ..spar.partner_api import PartnerApi
from .g2p_spar_key import MANAGER

_logger = logging.getLogger(__name__)

#: Environment variable, and in small letters option of Odoo's configuration file.
PLAIN_HTTP = "SPAR_PLAIN_HTTP_HOSTS"
#: A path below the address: no host, nothing empty between slashes, no query.
_PATH = re.compile(r"(?:/[\w.~%+-]+)+/?", re.ASCII)
_PATH_FIELDS = [f"{operation}_path" for operation in OPERATIONS]
#: With another value of these, payment data may reach another server.
SETTINGS = (
    "base_url",
    "sender_id",
    "dialect",
    "canonical_form",
    *(f"{operation}_path" for operation in OPERATIONS),
    "ca_certificate",
    "tls_certificate_path",
    "tls_key_path",
    "company_ids",
)
#: Changes of these are only logged.
NOTED = ("directory_url", "send_kid")


class G2pSparConnection(models.Model):
    """Settings of a SPAR, their changes, and the confirmation of those.

    A changed setting of a connection that has ever been started pauses it. It sends
    again when a manager who did not make the change has confirmed it.
    """

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

    #: By name of the setting: the confirmed value, and who set the one it has now.
    unconfirmed = fields.Json(readonly=True, copy=False, groups=MANAGER)
    unconfirmed_text = fields.Text(
        "Changes to confirm", compute="_compute_unconfirmed", groups=MANAGER
    )
    # The page hands it back on Confirm, so that what was seen is what is confirmed.
    unconfirmed_mark = fields.Char(compute="_compute_unconfirmed", groups=MANAGER)
    may_confirm = fields.Boolean(
        compute="_compute_may_confirm",
        groups=MANAGER,
        help="Whether another manager made some of these changes.",
    )

    _confirmed_when_running = models.Constraint(
        "CHECK(state != 'running' OR unconfirmed IS NULL)",
        "Changed settings are confirmed by another manager before sending goes on.",
    )

    # === COMPUTE METHODS === #

    @api.depends("dialect")
    def _compute_canonical_form(self):
        for connection in self:
            newer = connection.dialect == partner_api.NAME
            connection.canonical_form = canonical.UTF8 if newer else canonical.ASCII

    @api.depends("unconfirmed", *SETTINGS)
    def _compute_unconfirmed(self):
        for connection in self.sudo():
            lines, changes = [], connection.unconfirmed or {}
            for name, change in changes.items():
                user = self.env["res.users"].sudo().browse(change["by"]).exists()
                lines.append(
                    self.env._(
                        "%(change)s (by %(user)s)",
                        change=connection._change_text(name, change["old"]),
                        user=user.name or self.env._("a deleted user"),
                    )
                )
            connection.unconfirmed_text = "\n".join(lines)
            seen = json.dumps([changes, connection._settings()], sort_keys=True)
            mark = hashlib.sha256(seen.encode()).hexdigest()
            connection.unconfirmed_mark = mark if changes else False

    @api.depends_context("uid")
    @api.depends("unconfirmed")
    def _compute_may_confirm(self):
        for connection in self:
            connection.may_confirm = bool(connection._changes_of_others())

    def _changes_of_others(self):
        """Return the names of the changed settings that this user may confirm."""
        changes = self.sudo().unconfirmed or {}
        return [name for name, one in changes.items() if one["by"] != self.env.uid]

    # === CONSTRAINTS === #

    @api.constrains("base_url")
    def _check_base_url(self):
        for connection in self:
            connection._check_server_address(connection.base_url)

    def _check_server_address(self, address):
        """Refuse an address to which no requests can be sent.

        :param str address: as typed
        :raise ValidationError: with the reason
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
        # Also with nothing behind them: what is added would not be the path.
        if not url.hostname or {"?", "#"} & set(address):
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

    # === CRUD METHODS === #

    def write(self, vals):
        """Write; a changed setting of a started connection pauses it.

        :raise AccessError: when the user is no SPAR manager
        """
        names = [name for name in (*SETTINGS, *NOTED) if name in vals]
        changing = self.filtered(
            lambda connection: any(
                connection._setting(name) != connection._new_setting(name, vals[name])
                for name in names
            )
        )
        if not changing:
            return super().write(vals)
        self.check_access("write")
        started = changing.filtered(lambda connection: connection.state != "draft")
        if not set(names).isdisjoint(SETTINGS):
            # Before the change: two that run never lead to one place.
            started._pause(
                self.env._(
                    "Settings of the connection were changed. Sending goes on when "
                    "another manager has confirmed them and the connection is resumed."
                )
            )
            # Or one part would be compared with one SPAR, the rest with another.
            runs = self.env["g2p.spar.reconciliation"].sudo()
            running = [("connection_id", "in", changing.ids), ("state", "=", "running")]
            runs.search(running).action_cancel()
            # A test says nothing of other settings, and nothing of another SPAR.
            values = {"tested_at": False, "test_problem": False}
            if "base_url" in vals:
                values["is_unverified"] = False
            changing.sudo().write(values)
        former = {connection: connection._settings() for connection in changing}
        done = super().write(vals)
        for connection in changing:
            connection._note_settings(former[connection])
            if connection in started:
                connection._ask_for_second(former[connection])
        return done

    # === ACTION METHODS === #

    def action_confirm_settings(self):
        """Confirm what other managers have changed, as the page shows it.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: when the user made the changes, or they are not those that
            the page shows
        """
        self.ensure_one()
        self.check_access("write")
        if self.env.context.get("unconfirmed_mark") != self.unconfirmed_mark:
            raise UserError(
                self.env._(
                    "The settings were changed since this page was opened. Load it "
                    "again, and look at them once more."
                )
            )
        if self.env.uid == SUPERUSER_ID:
            raise UserError(
                self.env._(
                    "Settings are confirmed by a user of their own, or on the server."
                )
            )
        others = self._changes_of_others()
        if not others:
            raise self._needs_second()
        self._confirm_settings(others)

    # === BUSINESS METHODS === #

    def _dialect(self):
        """Return the dialect of this SPAR.

        :rtype: ..spar.dialect.Dialect
        """
        self.ensure_one()
        if self.dialect == partner_api.NAME:
            writers = self.env["g2p.fa.strategy"].sudo()._spar_writers()

            def write(number, parts):
                writer = writers.get(number)
                return writer and writer.text_of(parts)

            return PartnerApi(write)
        return G2pConnect()

    def _paths(self):
        """Return the paths that differ from the dialect's own, by operation."""
        self.ensure_one()
        return {
            operation: self[f"{operation}_path"]
            for operation in OPERATIONS
            if self[f"{operation}_path"]
        }

    def _confirm_settings(self, names=None):
        """Confirm changed settings; called on the server where there is one manager.

        :param list names: of the settings; by default all that were changed
        """
        for connection in self.sudo():
            changes = dict(connection.unconfirmed or {})
            chosen = sorted(changes.keys() & set(names or changes))
            texts = [connection._story(n, changes.pop(n)["old"]) for n in chosen]
            connection.unconfirmed = changes or False
            connection._log_lines(self.env._("Confirmed:"), texts)
            _logger.info(
                "connection %s: user %s confirmed %s",
                *(connection.id, self.env.uid, ", ".join(chosen)),
            )

    def _refuse_unconfirmed(self):
        """Raise while a changed setting is not confirmed.

        :raise UserError: which says so
        """
        for connection in self.sudo():
            if connection.unconfirmed:
                raise self._needs_second()

    def _needs_second(self):
        return UserError(
            self.env._(
                "The settings of the connection were changed: another manager has to "
                "confirm them first."
            )
        )

    def _propose_further(self):
        """Have another manager confirm drafts where other connections are in use.

        :return: those that wait for that now
        """
        drafts = self.filtered(lambda connection: connection.state == "draft")
        in_use = [("state", "!=", "draft")]
        if not drafts or not self.sudo().search_count(in_use, limit=1):
            return self.browse()
        for connection in drafts.sudo():
            connection.write(
                {
                    "state": "paused",
                    "paused_at": fields.Datetime.now(),
                    "pause_reason": self.env._(
                        "A further connection is started when another manager has "
                        "confirmed its settings and it is resumed."
                    ),
                }
            )
            connection._ask_for_second(dict.fromkeys(SETTINGS, False))
        return drafts

    def _settings(self):
        """Return all values that are watched, by name."""
        return {name: self._setting(name) for name in (*SETTINGS, *NOTED)}

    def _setting(self, name):
        """Return the value of a setting as it is kept to be confirmed."""
        value = self.sudo().with_context(active_test=False)[name]
        if self._fields[name].type == "many2many":
            return sorted(value.ids, key=str) or False
        return value or False

    def _new_setting(self, name, value):
        """Return what :meth:`_setting` will return once this value is written."""
        field = self._fields[name]
        if field.type == "many2many":
            ids = field.convert_to_cache(value, self.with_context(active_test=False))
            return sorted(ids, key=str) or False
        return value or False

    def _ask_for_second(self, former):
        """Store the confirmed values of settings that have to be confirmed.

        :param dict former: the values before, by name
        """
        connection = self.sudo()
        changes = dict(connection.unconfirmed or {})
        for name in SETTINGS:
            value = connection._setting(name)
            if value == former[name]:
                continue
            old = changes.pop(name, {"old": former[name]})["old"]
            if value != old:
                changes[name] = {"old": old, "by": self.env.uid}
        connection.unconfirmed = changes or False

    def _note_settings(self, former):
        """Log who changed which settings, from what to what.

        :param dict former: the values before, by name
        """
        now = self._settings()
        names = [name for name in now if now[name] != former[name]]
        texts = [self._story(name, former[name]) for name in names]
        self._log_lines(self.env._("Changed:"), texts)
        _logger.info(
            "connection %s: user %s changed %s",
            *(self.id, self.env.uid, ", ".join(names)),
        )

    def _story(self, name, old):
        """Return a change as text for the log, which operators read, too."""
        if self._fields[name].groups:
            return self._fields[name]._description_string(self.env)
        return self._change_text(name, old)

    def _change_text(self, name, old):
        label = self._fields[name]._description_string(self.env)
        texts = [self._value_text(name, value) for value in (old, self._setting(name))]
        return f"{label}: {texts[0]} → {texts[1]}"

    def _value_text(self, name, value):
        field = self._fields[name]
        if field.type == "selection":
            value = dict(field._description_selection(self.env)).get(value)
        elif field.type == "boolean":
            value = self.env._("Yes") if value else self.env._("No")
        elif field.type == "many2many" and value:
            names = self.env[field.comodel_name].sudo().browse(value).mapped("name")
            value = ", ".join(names)
        elif field.type == "text" and value:
            value = f"SHA-256 {hashlib.sha256(value.encode()).hexdigest()[:32]}"
        return value or self.env._("empty")

    def _log_lines(self, title, texts):
        lines = Markup().join(Markup("<li>{}</li>").format(text) for text in texts)
        self.sudo()._message_log(body=Markup("{}<ul>{}</ul>").format(title, lines))
