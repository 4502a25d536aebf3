"""Where a private key is read from, and the texts for what can be wrong with it."""

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

#: Values of these fields are removed before the ORM gets them: they are never stored.
UPLOAD_FIELDS = ("upload_key", "upload_certificate", "upload_password")
#: Names of the uploaded files, which the browser shows until the form is saved.
NAME_FIELDS = ("upload_key_name", "upload_certificate_name")
#: The field for each part of a key, by source.
LOCATION_FIELDS = {
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
    """The private key: uploaded, in a file, or in an environment variable."""

    _inherit = "g2p.spar.key"

    upload_key = fields.Binary(
        "Key file",
        compute="_compute_upload",
        readonly=False,
        groups=MANAGER,
        help="PEM, DER, or PKCS#12 (.p12, .pfx). It cannot be shown or downloaded "
        "afterwards.",
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
        help="PEM, DER, or PKCS#12 (.p12, .pfx), readable by Odoo only, in a folder "
        "that the server allows for keys.",
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
        help="It holds the key in PEM form, or a DER or PKCS#12 file in Base64. Its "
        "name begins with SPAR_.",
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
        # Write-only: reading always returns nothing.
        self.update(dict.fromkeys(UPLOAD_FIELDS + NAME_FIELDS, False))

    @api.model
    def _split_upload(self, values):
        """Separate uploads from the values that are stored in fields.

        :return: the values without uploads; the uploads by field, without empty ones
        """
        values = {
            name: value for name, value in values.items() if name not in NAME_FIELDS
        }
        upload = {name: values.pop(name, None) for name in UPLOAD_FIELDS}
        return values, {name: value for name, value in upload.items() if value}

    def _location_fields(self):
        """Return the names of the fields that say where the key is; none if stored."""
        self.ensure_one()
        if self.source == "stored":
            return set()
        return {
            *LOCATION_FIELDS[self.source].values(),
            "password_path",
            "password_variable",
        }

    # === IMPORT AND CHECK === #

    def _import_key(self, upload):
        """Read and check the key, from the upload or from its location.

        The certificate is stored in its field; an uploaded key is stored encrypted.

        :param dict upload: uploaded values by field
        :raise UserError: when the server has no secret to encrypt an uploaded key
        :raise ValidationError: when it cannot be used
        """
        self.ensure_one()
        if self.source == "stored":
            self._check_secret()
        try:
            if self.source == "stored":
                pair = self._seal_upload(upload)
            else:
                pair = self._read_location()
            self._refuse_expired(pair)
        except KeyProblem as problem:
            raise ValidationError(self._field_text(problem)) from None
        self._store_certificate(pair.certificate)
        # It was not known when the date was chosen.
        self._check_use_from()
        self._start_if_first()

    def _import_certificate(self, upload):
        """Check and store the certificate that was issued for a key stored here.

        :param dict upload: uploaded values by field
        :raise UserError: when a key is uploaded with it
        :raise ValidationError: when it cannot be used
        """
        self.ensure_one()
        if "upload_certificate" not in upload or len(upload) > 1:
            raise UserError(
                self.env._("A key is never replaced. Add another key instead.")
            )
        try:
            content = _decode(upload["upload_certificate"], keys.NOT_A_CERTIFICATE)
            private_key = unseal(self)
            certificate = keys.load_certificate(content, private_key)
            pair = keys.KeyPair(private_key, certificate)
            self._refuse_expired(pair)
        except KeyProblem as problem:
            raise ValidationError(self._field_text(problem)) from None
        self._store_certificate(pair.certificate)
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
            certificate = keys.load_certificate(content, private_key)
        pair = keys.make_pair(private_key, certificate)
        seal(self, private_key)
        return pair

    def _refuse_expired(self, pair):
        try:
            pair.check_dates(fields.Datetime.now())
        except KeyProblem as problem:
            # A certificate that is not valid yet may be imported beforehand.
            if problem.code == keys.EXPIRED:
                raise

    def _store_certificate(self, certificate):
        pem = keys.certificate_pem(certificate)
        if pem != self.certificate:
            # What SPAR said of another certificate does not count any more.
            self._store_facts(certificate=pem, tried_at=False, try_problem=False)

    def _start_if_first(self):
        if not self.use_from and not self.connection_id._started_keys():
            self.use_from = fields.Datetime.now()

    # === READING === #

    def _load_pair(self, known=False):
        """Return the key and its certificate, ready to sign.

        :param bool known: whether it was checked before, when it was entered here
        :rtype: ~..spar.keys.KeyPair
        :raise KeyProblem: with a text for people, when it cannot be used
        """
        key = self.sudo()
        key.ensure_one()
        try:
            if key.source != "stored":
                return key._read_location(known)
            if not key.certificate:
                raise KeyProblem(keys.NO_CERTIFICATE)
            certificate = keys.load_certificate(key.certificate.encode())
            return keys.KeyPair(unseal(key), certificate)
        except KeyProblem as problem:
            raise self._with_text(problem) from None

    def _read_location(self, known=False):
        return _read_pair(self, known)

    def action_read_again(self):
        """Read the files or variables again.

        :raise AccessError: when the user is no SPAR manager
        :raise ValidationError: when it cannot be used
        """
        self.check_access("write")
        for key in self.filtered(lambda key: key.source != "stored"):
            key._import_key({})

    # === NEW KEYS === #

    @api.model
    def _generate(self, connection, name, bits, subject, days=None):
        """Generate a key, with a certificate or with a request for one.

        :param connection: the connection the key belongs to
        :param str name: the record's name
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
            key._store_certificate(keys.self_signed(private_key, subject, days))
            key._start_if_first()
        else:
            request = keys.signing_request(private_key, subject)
            key._store_facts(request=keys.certificate_pem(request))
        return key

    # === TEXTS OF PROBLEMS === #

    def _with_text(self, problem):
        """Return a problem with its text for people, which contains no secret.

        :param KeyProblem problem: may have a code only
        :rtype: KeyProblem
        """
        if str(problem) != problem.code:
            return problem
        text = (
            self._problem_texts().get(problem.code)
            or self._secret_problem_texts()[problem.code]
        )
        detail = problem.detail
        if isinstance(detail, datetime):
            detail = format_date(self.env, detail)
        if detail:
            text = text % detail
        return KeyProblem(problem.code, problem.detail, problem.part, text)

    def _field_text(self, problem):
        """Return the text of a problem after the label of its field."""
        place = LOCATION_FIELDS[self.source][problem.part]
        label = self._fields[place]._description_string(self.env)
        return self.env._(
            "%(field)s: %(problem)s", field=label, problem=self._with_text(problem)
        )

    def _problem_texts(self):
        return {
            NOT_GIVEN: self.env._("Say which one it is."),
            # One text for all causes: the cause would tell what exists on the server.
            NOT_SET: self.env._(
                "The variable cannot be read. It must be set for Odoo on the server, "
                "and its name begins with SPAR_."
            ),
            keys.UNREADABLE: self.env._(
                "The file cannot be read. It must be in a folder that the server "
                "allows for keys (SPAR_SECRET_FOLDERS), and readable by Odoo."
            ),
            keys.NOT_A_KEY: self.env._(
                "This is not a readable private key. PEM, DER and PKCS#12 (.p12, .pfx) "
                "are understood."
            ),
            keys.JAVA_KEYSTORE: self.env._(
                "This is a Java keystore. Convert it: keytool -importkeystore "
                "-srckeystore FILE -destkeystore key.p12 -deststoretype PKCS12"
            ),
            keys.OTHER_PROGRAM: self.env._(
                "This key is in the form of SSH. Convert it: ssh-keygen -p -m PKCS8 -f "
                "FILE; one of PuTTY first: puttygen FILE -O private-openssh -o NEW"
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
            keys.NOT_A_CERTIFICATE: self.env._(
                "This is not a readable certificate. PEM, DER and PKCS#7 (.p7b) are "
                "understood."
            ),
            keys.OF_ANOTHER_KEY: self.env._("This certificate belongs to another key."),
            keys.EXPIRED: self.env._(
                "The certificate expired on %s. Set up a new key."
            ),
            keys.NOT_YET_VALID: self.env._("The certificate is not valid before %s."),
            keys.CANNOT_SIGN: self.env._("It cannot sign. Set up a new key."),
        }


# Functions rather than methods: server actions and templates can call methods of
# models.


def _read_pair(key, known):
    """Read a key from its location; the record must be saved.

    :raise KeyProblem: when it cannot be used
    """
    try:
        check_saved(key)
    except Unreadable:
        raise KeyProblem(keys.UNREADABLE) from None
    read = _read_file if key.source == "file" else _read_variable
    places = LOCATION_FIELDS[key.source]
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
    """Return the password of a key from its variable or file, or None."""
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
