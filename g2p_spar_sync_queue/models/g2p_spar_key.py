"""A signing key: its public data, and from when it signs."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_datetime

from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
    TRUSTED_WRITE,
    is_marked,
    marked,
)

from ..spar import keys
from ..spar.keys import KeyProblem

MANAGER = "g2p_spar_sync_queue.group_manager"
#: From when and with which ID a key signs: changes are logged on its connection.
LOGGED_FIELDS = {"use_from", "kid"}
#: Fields that never change; another key is another record.
FIXED_FIELDS = frozenset({"connection_id", "source"})
#: The files that can be downloaded, with the ending of their names.
PUBLIC_FILES = {"certificate": "cert", "public": "pub", "request": "csr"}
#: A person is reminded so many days before a certificate expires.
EXPIRY_NOTICE_DAYS = 30


class G2pSparKey(models.Model):
    """A key this registry signs with, and the certificate by which SPAR knows it.

    The private key is in no field of any model: ``g2p_spar_key_material.py`` reads and
    checks it, ``g2p_spar_key_store.py`` encrypts and stores it. The reminder before a
    certificate expires is in ``g2p_spar_key_expiry.py``.
    """

    _name = "g2p.spar.key"
    _description = "SPAR signing key"
    _inherit = ["g2p.fa.audited", "g2p.fa.todo", "g2p.spar.engine.fields"]
    _watch_managers = "g2p_spar_sync_queue.group_manager"
    _order = "connection_id, use_from desc, id desc"

    name = fields.Char(required=True, default=lambda self: self._default_name())
    connection_id = fields.Many2one(
        "g2p.spar.connection",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env["g2p.spar.connection"].search([], limit=1),
    )
    source = fields.Selection(
        [
            ("stored", "Stored here (encrypted file)"),
            ("file", "A file on the server"),
            ("environment", "An environment variable"),
        ],
        string="Kept",
        required=True,
        default="stored",
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting for its certificate"),
            ("idle", "Not in use"),
            ("next", "Next"),
            ("current", "Current"),
            ("retired", "Retired"),
        ],
        compute="_compute_state",
    )
    previous_key_id = fields.Many2one(related="connection_id.previous_key_id")
    use_from = fields.Datetime(
        "Signs from",
        copy=False,
        tracking=True,
        help="From then on this key signs instead of the one before it. Have its "
        "certificate registered with SPAR first.",
    )
    kid = fields.Char(
        "Other key ID",
        copy=False,
        tracking=True,
        help="Only if SPAR's operator knows the key by another ID than its "
        "certificate's thumbprint.",
    )
    certificate = fields.Text(readonly=True, copy=False)
    request = fields.Text("Certificate request", readonly=True, copy=False)
    subject = fields.Char("Issued to", compute="_compute_facts", store=True)
    thumbprint = fields.Char(
        "Fingerprint",
        compute="_compute_facts",
        store=True,
        tracking=True,
        help="SHA-256 of the certificate. Unless told otherwise it is the key ID that "
        "is sent to SPAR.",
    )
    bits = fields.Integer("Length in bits", compute="_compute_facts", store=True)
    not_before = fields.Datetime("Valid from", compute="_compute_facts", store=True)
    not_after = fields.Datetime("Valid until", compute="_compute_facts", store=True)
    validity = fields.Selection(
        [
            ("early", "Not valid yet"),
            ("valid", "Valid"),
            ("soon", "Ends soon"),
            ("expired", "Expired"),
        ],
        compute="_compute_validity",
    )

    tried_at = fields.Datetime("Tested on", readonly=True, copy=False)
    try_problem = fields.Char(
        "SPAR does not accept it", readonly=True, copy=False, help="Empty if it does."
    )

    @api.model
    def _default_name(self):
        return self.env._("Key of %s", fields.Date.today().isoformat())

    # === COMPUTE METHODS === #

    @api.depends("certificate")
    def _compute_facts(self):
        for key in self:
            facts = dict.fromkeys(
                ("subject", "thumbprint", "bits", "not_before", "not_after"), False
            )
            if key.certificate:
                certificate = keys.load_certificate(key.certificate.encode())
                facts["subject"] = certificate.subject.rfc4514_string()
                facts["thumbprint"] = keys.thumbprint(certificate)
                facts["bits"] = certificate.public_key().key_size
                facts["not_before"], facts["not_after"] = keys.validity(certificate)
            key.update(facts)

    @api.depends("not_before", "not_after")
    def _compute_validity(self):
        now = fields.Datetime.now()
        for key in self:
            if not key.certificate:
                key.validity = False
            elif key.not_before > now:
                key.validity = "early"
            elif key.not_after < now:
                key.validity = "expired"
            else:
                is_soon = key.not_after < now + timedelta(days=EXPIRY_NOTICE_DAYS)
                key.validity = "soon" if is_soon else "valid"

    @api.depends(
        "use_from",
        "certificate",
        "connection_id.key_ids.use_from",
        "connection_id.key_ids.certificate",
    )
    def _compute_state(self):
        now = fields.Datetime.now()
        for key in self:
            if not key._is_ready():
                key.state = "waiting"
            elif not key.use_from:
                key.state = "idle"
            elif key.use_from > now:
                key.state = "next"
            else:
                is_current = key == key.connection_id._started_keys()[:1]
                key.state = "current" if is_current else "retired"

    def _is_ready(self):
        """Whether it has all that it needs to sign; the key itself is not read."""
        return bool(self.certificate) or self.source != "stored"

    # === CONSTRAINT METHODS === #

    @api.constrains("use_from")
    def _check_use_from(self):
        now = fields.Datetime.now()
        for key in self.filtered(lambda key: key.use_from and key.certificate):
            # A key that already signs may get a certificate that begins later.
            begin = max(key.use_from, now)
            if begin < key.not_before:
                raise ValidationError(
                    self.env._(
                        "Signs from: this certificate is not valid before %s.",
                        format_datetime(self.env, key.not_before),
                    )
                )
            if begin > key.not_after:
                raise ValidationError(
                    self.env._(
                        "Signs from: this certificate has expired by then, on %s.",
                        format_datetime(self.env, key.not_after),
                    )
                )

    # === CRUD METHODS === #

    def _check_access(self, operation):
        """Let only users change a key who may change its connection."""
        refused = super()._check_access(operation)
        if refused or operation == "read":
            return refused
        others = self.sudo().connection_id.with_env(self.env)._of_others()
        forbidden = self.filtered(lambda key: key.sudo().connection_id in others)
        return others._refusal(forbidden)

    @api.model_create_multi
    def create(self, vals_list):
        """Create keys; uploaded files go to the encrypted store only, into no field.

        :raise UserError: when the server has no secret to encrypt an uploaded key
        :raise ValidationError: when a key or certificate cannot be used
        """
        split = [self._split_upload(values) for values in vals_list]
        records = super().create([values for values, _upload in split])
        if not is_marked(self, TRUSTED_WRITE):
            for key, (_values, upload) in zip(records, split, strict=True):
                key._import_key(upload)
        return records

    def write(self, vals):
        """Change fields, or take in the certificate issued for a key stored here.

        :raise UserError: when the connection, the source or the key would change
        :raise ValidationError: when a key or certificate cannot be used
        """
        values, upload = self._split_upload(vals)
        for name in FIXED_FIELDS & values.keys():
            field = self._fields[name]
            if any(
                field.convert_to_write(key[name], key) != values[name] for key in self
            ):
                raise UserError(self.env._("Add another key instead."))
        watched = values.keys() & LOGGED_FIELDS
        former = [(key, {name: key[name] for name in watched}) for key in self]
        done = super().write(values)
        for key, before in former:
            key._log_signing_fields(before)
        for key in self:
            if upload:
                key._import_certificate(upload)
            elif key._location_fields() & values.keys():
                key._import_key({})
        return done

    def _log_signing_fields(self, former):
        """Log on the connection which signing fields were changed, and by whom.

        :param dict former: the values before, by name
        """
        for name, old in former.items():
            if self[name] != old:
                self.connection_id._log_lines(
                    self.env._("Signing key “%s”:", self.name),
                    [
                        f"{self._fields[name]._description_string(self.env)}: "
                        f"{old or '–'} → {self[name] or '–'}"
                    ],
                )

    def _may_write_engine_fields(self):
        # Not even in superuser mode: these values are read from the key itself.
        return is_marked(self, TRUSTED_WRITE)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_current(self):
        for key in self:
            if key.state == "current" and key.connection_id.state != "draft":
                raise UserError(
                    self.env._("This key signs now. Switch to another one first.")
                )

    # === ACTION METHODS === #

    def action_try(self):
        """Ask SPAR, by a query that changes nothing, whether it accepts this key.

        Before it signs: the current key goes on signing.

        :raise AccessError: when the user is no SPAR manager
        """
        self.check_access("write")
        self.ensure_one()
        connection = self.connection_id
        # Not what no request is made for: a copy.
        connection._refuse_copies()
        problem = ""
        try:
            connection._test(self)
        except UserError as error:
            problem = error.args[0]
        self._store_facts(tried_at=fields.Datetime.now(), try_problem=problem or False)

    def action_switch_now(self):
        """Make this the current key.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: when it cannot be used
        """
        self.check_access("write")
        self.ensure_one()
        before = self.connection_id.key_id
        now = fields.Datetime.now()
        try:
            self._load_pair().check_dates(now)
        except KeyProblem as problem:
            raise UserError(str(self._with_text(problem))) from None
        # Two keys must not begin in the same second: the order would be random.
        same = self.connection_id.key_ids.filtered(lambda key: key.use_from == now)
        (same - self).use_from = now - timedelta(seconds=1)
        self.use_from = now
        if before and before != self:
            self.connection_id._log_switch(before, self)

    def action_set_aside(self):
        """Go back to the key that signed before this one.

        :raise AccessError: when the user is no SPAR manager
        :raise UserError: when there is none that can be used
        """
        self.check_access("write")
        self.ensure_one()
        connection = self.connection_id
        if self != connection.key_id or not connection.previous_key_id:
            raise UserError(self.env._("There is no key to go back to."))
        previous = connection.previous_key_id
        try:
            previous._load_pair().check_dates(fields.Datetime.now())
        except KeyProblem as problem:
            raise UserError(str(previous._with_text(problem))) from None
        self.use_from = False
        connection._log_switch(self, previous)

    def action_download_certificate(self):
        """Download the certificate, which SPAR's operator registers."""
        return self._download("certificate")

    def action_download_public_key(self):
        """Download the public key."""
        return self._download("public")

    def action_download_request(self):
        """Download the certificate request, which a certificate authority signs."""
        return self._download("request")

    def _download(self, what):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/spar/key/{self.id}/{what}",
            "target": "download",
        }

    def _public_file(self, what):
        """Return a file for download.

        :param str what: one of ``PUBLIC_FILES``
        :return: the file's name and text; no text if the key has no such file
        """
        self.ensure_one()
        name = f"{self.connection_id.sender_id}-{self.id}.{PUBLIC_FILES[what]}.pem"
        if what == "public":
            return name, self._public_key()
        return name, self[what]

    def _public_key(self):
        if self.certificate:
            return keys.public_key_pem(keys.load_certificate(self.certificate.encode()))
        if self.request:
            return keys.public_key_pem(keys.load_request(self.request.encode()))
        return None

    def _store_facts(self, **values):
        """Write fields that only this model may write."""
        marked(self, TRUSTED_WRITE).write(values)
