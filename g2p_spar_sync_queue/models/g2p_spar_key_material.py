"""Where the private key of a signing key comes from, and what is said if it cannot."""

import base64
import binascii
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
    TRUSTED_WRITE,
    marked,
)
from odoo.addons.g2p_spar_financial_address.toolkit.server_secrets import (
    Unreadable,
    check_saved,
    read_file,
    read_variable,
)

from ..spar import keys
from ..spar.keys import CERTIFICATE, KEY, PASSWORD, KeyProblem
from .g2p_spar_key import MANAGER
from .g2p_spar_key_store import seal, unseal

#: What goes through these fields is taken out of the values before the ORM sees them.
UPLOAD_FIELDS = ("upload_key", "upload_certificate", "upload_password")
#: Their names, which the browser shows meanwhile.
NAME_FIELDS = ("upload_key_name", "upload_certificate_name")
#: Field by way of keeping and by part.
PLACES = {
    "stored": {
        KEY: "upload_key",
        CERTIFICATE: "upload_certificate",
        PASSWORD: "upload_password",
    },
    "file": {
        KEY: "key_path",
        CERTIFICATE: "certificate_path",
        PASSWORD: "password_path",
    },
    "environment": {
        KEY: "key_variable",
        CERTIFICATE: "certificate_variable",
        PASSWORD: "password_variable",
    },
}
NOT_SET = "not_set"
NOT_GIVEN = "not_given"


class G2pSparKey(models.Model):
    """The material of a key: uploaded, in files, or in environment variables."""

    _inherit = "g2p.spar.key"

    upload_key = fields.Binary(
        "Key file",
        compute="_compute_upload",
        readonly=False,
        groups=MANAGER,
        help="PEM, or PKCS#12 (.p12, .pfx). Nobody can see or download it again.",
    )
    upload_certificate = fields.Binary(
        "Certificate file",
        compute="_compute_upload",
        readonly=False,
        groups=MANAGER,
        help="Not needed if it is in the same file as the key.",
    )
    upload_password = fields.Char(
        "Password of the key file",
        compute="_compute_upload",
        readonly=False,
        groups=MANAGER,
        help="Needed once, to open the file. It is not kept.",
    )
    upload_key_name = fields.Char(
        compute="_compute_upload", readonly=False, groups=MANAGER
    )
    upload_certificate_name = fields.Char(
        compute="_compute_upload", readonly=False, groups=MANAGER
    )
    key_path = fields.Char(
        "Key file on the server",
        groups=MANAGER,
        help="PEM, or PKCS#12 (.p12, .pfx), readable by Odoo only, in a folder that "
        "the server allows for keys.",
    )
    certificate_path = fields.Char(
        "Certificate file on the server",
        groups=MANAGER,
        help="Not needed if it is in the same file as the key.",
    )
    password_path = fields.Char(
        "File with the password",
        groups=MANAGER,
        help="Only for a key file that has one.",
    )
    key_variable = fields.Char(
        "Variable with the key",
        groups=MANAGER,
        help="It holds the key in PEM form, or a PKCS#12 file in Base64. Its name "
        "begins with SPAR_.",
    )
    certificate_variable = fields.Char(
        "Variable with the certificate",
        groups=MANAGER,
        help="Not needed if it is in the same variable as the key.",
    )
    password_variable = fields.Char(
        "Variable with the password",
        groups=MANAGER,
        help="Only for a key that has one.",
    )

    def _compute_upload(self):
        # Write-only: nothing ever comes back.
        self.update(dict.fromkeys(UPLOAD_FIELDS + NAME_FIELDS, False))

    @api.model
    def _split_upload(self, values):
        """Part what is uploaded from what is stored in fields.

        :return: values without it; what was uploaded, by field, without what is empty
        """
        values = {
            name: value for name, value in values.items() if name not in NAME_FIELDS
        }
        upload = {name: values.pop(name, None) for name in UPLOAD_FIELDS}
        return values, {name: value for name, value in upload.items() if value}

    def _place_fields(self):
        """Return the names of the fields that say where the key is, if any do."""
        self.ensure_one()
        if self.source == "stored":
            return set()
        return {*PLACES[self.source].values(), "password_path", "password_variable"}

    # === TAKING IN === #

    def _take_in(self, upload):
        """Read the key as it was uploaded or where it is; keep what is public of it.

        :param dict upload: what was uploaded, by field
        :raise ValidationError: when it cannot be used
        """
        self.ensure_one()
        if self.source == "stored":
            self._check_secret()
        try:
            if self.source == "stored":
                pair = self._seal_upload(upload)
            else:
                pair = self._read_places()
            self._refuse_expired(pair)
        except KeyProblem as problem:
            raise ValidationError(self._worded_at_field(problem)) from None
        self._note_certificate(pair.certificate)
        # It was not known when the date was chosen.
        self._check_use_from()
        self._start_if_first()

    def _take_certificate(self, upload):
        """Take in the certificate that was issued for a key stored here.

        :param dict upload: what was uploaded, by field
        :raise UserError: when it comes with a key
        :raise ValidationError: when it cannot be used
        """
        self.ensure_one()
        if "upload_certificate" not in upload or len(upload) > 1:
            raise UserError(
                self.env._("A key is never replaced. Add another key instead.")
            )
        try:
            content = _decode(upload["upload_certificate"], keys.NOT_A_CERTIFICATE)
            pair = keys.KeyPair(unseal(self), keys.load_certificate(content))
            self._refuse_expired(pair)
        except KeyProblem as problem:
            raise ValidationError(self._worded_at_field(problem)) from None
        self._note_certificate(pair.certificate)
        # It was not known when the date was chosen.
        self._check_use_from()
        self._start_if_first()

    def _seal_upload(self, upload):
        if "upload_key" not in upload:
            raise KeyProblem(NOT_GIVEN)
        private_key, certificate = keys.load_key(
            _decode(upload["upload_key"], keys.NOT_A_KEY),
            upload.get("upload_password", "").encode(),
        )
        if "upload_certificate" in upload:
            content = _decode(upload["upload_certificate"], keys.NOT_A_CERTIFICATE)
            certificate = keys.load_certificate(content)
        pair = keys.make_pair(private_key, certificate)
        seal(self, private_key)
        return pair

    def _refuse_expired(self, pair):
        try:
            pair.check_dates(fields.Datetime.now())
        except KeyProblem as problem:
            # One that is not valid yet may be brought in beforehand.
            if problem.code == keys.EXPIRED:
                raise

    def _note_certificate(self, certificate):
        pem = keys.certificate_pem(certificate)
        if pem != self.certificate:
            self._note(certificate=pem)

    def _start_if_first(self):
        if not self.use_from and not self.connection_id._keys_in_turn():
            self.use_from = fields.Datetime.now()

    # === READING === #

    def _load_pair(self, known=False):
        """Return the key and its certificate, ready to sign.

        :param bool known: whether it was examined before, when it was named here
        :rtype: ~..spar.keys.KeyPair
        :raise KeyProblem: in words for people, when it cannot be used
        """
        key = self.sudo()
        key.ensure_one()
        try:
            if key.source != "stored":
                return key._read_places(known)
            if not key.certificate:
                raise KeyProblem(keys.NO_CERTIFICATE)
            certificate = keys.load_certificate(key.certificate.encode())
            return keys.KeyPair(unseal(key), certificate)
        except KeyProblem as problem:
            raise self._worded(problem) from None

    def _read_places(self, known=False):
        return _read_pair(self, known)

    def action_read_again(self):
        """Read again what is in the files or variables by now.

        :raise AccessError: when the user is no SPAR manager
        :raise ValidationError: when it cannot be used
        """
        self.check_access("write")
        for key in self.filtered(lambda key: key.source != "stored"):
            key._take_in({})

    # === NEW KEYS === #

    @api.model
    def _generate(self, connection, name, bits, subject, days=None):
        """Make a key; with a certificate, or with a request for one.

        :param connection: whose it is to be
        :param str name: for people
        :param int bits: 2048 or more
        :param subject: see :func:`~..spar.keys.partner_name`
        :param int days: for which a self-signed certificate is valid; None for a
            request
        :raise UserError: when no key can be stored here
        """
        self._check_secret()
        private_key = keys.make_key(bits)
        key = marked(self, TRUSTED_WRITE).create(
            {"name": name, "connection_id": connection.id, "source": "stored"}
        )
        key = key.with_env(self.env)
        seal(key, private_key)
        if days:
            key._note_certificate(keys.self_signed(private_key, subject, days))
            key._start_if_first()
        else:
            request = keys.signing_request(private_key, subject)
            key._note(request=keys.certificate_pem(request))
        return key

    # === WORDS === #

    def _worded(self, problem):
        """Return what is wrong with a key in words that give nothing away.

        :param KeyProblem problem: perhaps with a code only
        :rtype: KeyProblem
        """
        if str(problem) != problem.code:
            return problem
        text = self._texts().get(problem.code) or self._secret_texts()[problem.code]
        detail = problem.detail
        if isinstance(detail, datetime):
            detail = format_date(self.env, detail)
        if detail:
            text = text % detail
        return KeyProblem(problem.code, problem.detail, problem.part, text)

    def _worded_at_field(self, problem):
        """Return what is wrong, after the name of the field it is about."""
        place = PLACES[self.source][problem.part]
        label = self._fields[place]._description_string(self.env)
        return self.env._(
            "%(field)s: %(problem)s", field=label, problem=self._worded(problem)
        )

    def _texts(self):
        return {
            NOT_GIVEN: self.env._("Say which one it is."),
            # The same whatever the cause, which would tell what there is on the server.
            NOT_SET: self.env._(
                "The variable cannot be read. It must be set for Odoo on the server, "
                "and its name begins with SPAR_."
            ),
            keys.UNREADABLE: self.env._(
                "The file cannot be read. It must be in a folder that the server "
                "allows for keys (SPAR_SECRET_FOLDERS), and readable by Odoo."
            ),
            keys.NOT_A_KEY: self.env._(
                "This is not a readable private key. PEM and PKCS#12 (.p12, .pfx) are "
                "understood."
            ),
            keys.NOT_RSA: self.env._(
                "SPAR accepts RSA keys only, and this is another kind."
            ),
            keys.TOO_SHORT: self.env._(
                "This key is too short. SPAR needs 2048 bits or more."
            ),
            keys.PASSWORD_MISSING: self.env._(
                "The key is protected by a password. Give it."
            ),
            keys.PASSWORD_WRONG: self.env._("The password does not open the key."),
            keys.NO_CERTIFICATE: self.env._("There is no certificate with this key."),
            keys.NOT_A_CERTIFICATE: self.env._("This is not a readable certificate."),
            keys.OF_ANOTHER_KEY: self.env._("This certificate belongs to another key."),
            keys.EXPIRED: self.env._(
                "The certificate expired on %s. Set up a new key."
            ),
            keys.NOT_YET_VALID: self.env._("The certificate is not valid before %s."),
            keys.CANNOT_SIGN: self.env._("It cannot sign. Set up a new key."),
        }


# Functions and no methods: what is a method of a model can be called in server actions
# and templates.


def _read_pair(key, known):
    """Read a key where its record says; only for a record that is saved.

    :raise KeyProblem: when it cannot be used
    """
    try:
        check_saved(key)
    except Unreadable:
        raise KeyProblem(keys.UNREADABLE) from None
    read = _read_file if key.source == "file" else _read_variable
    places = PLACES[key.source]
    if not key[places[KEY]]:
        raise KeyProblem(NOT_GIVEN)
    certificate = key[places[CERTIFICATE]]
    return keys.load_pair(
        read(key[places[KEY]], KEY),
        certificate and read(certificate, CERTIFICATE),
        _read_password(key),
        known,
    )


def _read_password(key):
    """Return the password of a key, wherever it is."""
    if key.password_variable:
        try:
            return read_variable(key.password_variable).encode()
        except Unreadable:
            raise KeyProblem(NOT_SET, part=PASSWORD) from None
    if key.password_path:
        return _read_file(key.password_path, PASSWORD).rstrip(b"\r\n")
    return None


def _decode(content, code):
    try:
        return base64.b64decode(content, validate=True)
    except (ValueError, binascii.Error, TypeError):
        raise KeyProblem(code) from None


def _read_file(path, part):
    try:
        return read_file(path, keys.MAX_BYTES)
    except Unreadable:
        raise KeyProblem(keys.UNREADABLE, part=part) from None


def _read_variable(name, part):
    try:
        content = read_variable(name)
    except Unreadable:
        raise KeyProblem(NOT_SET, part=part) from None
    if "-----BEGIN" in content:
        return content.encode()
    code = keys.NOT_A_KEY if part == KEY else keys.NOT_A_CERTIFICATE
    return _decode("".join(content.split()), code)
