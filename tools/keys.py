"""Signing keys and certificates of partners of the SPAR mapper.

Run ``python -m tools.keys --folder F --partners P`` to make those of the demo.
"""

import argparse
import datetime
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

DEMO_SENDER = "social-registry"


@dataclass(frozen=True)
class PartnerKey:
    """Files of one partner.

    :param pathlib.Path private_key: RSA key, PEM, readable by its owner only.
    :param pathlib.Path certificate: self-signed certificate, PEM.
    """

    private_key: Path
    certificate: Path


def connection_values(key):
    """Return the fields by which a connection of the registry signs with a key.

    It has signed for a day: one that SPAR refuses is not taken for a new one, which
    SPAR may not know yet.

    :param PartnerKey key: whose files stay where they are.
    """
    began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    values = {
        "name": "Demo key",
        "use_from": f"{began:%Y-%m-%d %H:%M:%S}",
        "source": "file",
        "key_path": str(key.private_key),
        "certificate_path": str(key.certificate),
    }
    return {"key_ids": [(0, 0, values)]}


def make_partner_key(folder, sender_id=DEMO_SENDER, valid_days=365):
    """Make an RSA key of 2048 bits and a self-signed certificate.

    :param pathlib.Path folder: where to put both files.
    :param str sender_id: name of the partner, also of the files.
    :param int valid_days: days from now until the certificate expires; a negative
        number makes an expired one.
    :return: a :class:`PartnerKey`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(valid_days)
    common_name = f"{sender_id} demo partner"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - datetime.timedelta(abs(valid_days) + 1))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    made = PartnerKey(folder / f"{sender_id}.key.pem", folder / f"{sender_id}.cert.pem")
    made.private_key.unlink(missing_ok=True)
    # The file must never have been readable by others, not even for a moment.
    made.private_key.touch(mode=0o600)
    made.private_key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return made


def partner_reference(sender_id):
    """Return the name under which SPAR asks the key service for a partner.

    :param str sender_id: ``header.sender_id`` of the partner's messages.
    :return: for example ``PARTNER_SOCIAL_REGISTRY``.
    """
    return "PARTNER_" + sender_id.replace("-", "_").upper()


def register_partner(certificate, partners, sender_id=DEMO_SENDER):
    """Make a partner's certificate known to the key service.

    :param pathlib.Path certificate: certificate file, PEM.
    :param pathlib.Path partners: folder of registered certificates.
    :param str sender_id: name of the partner.
    :return: path of the registered copy.
    """
    partners.mkdir(parents=True, exist_ok=True)
    registered = partners / f"{partner_reference(sender_id)}.pem"
    # A reader must never see half a file.
    scratch = registered.with_suffix(".new")
    shutil.copyfile(certificate, scratch)
    scratch.replace(registered)
    return registered


def demo_partner_key(folder, partners, sender_id=DEMO_SENDER):
    """Return the demo partner's registered key, making it at the first call.

    :param pathlib.Path folder: folder of key and certificate.
    :param pathlib.Path partners: folder of registered certificates.
    :param str sender_id: name of the partner.
    :return: a :class:`PartnerKey`.
    """
    key = PartnerKey(folder / f"{sender_id}.key.pem", folder / f"{sender_id}.cert.pem")
    if not (key.private_key.exists() and key.certificate.exists()):
        key = make_partner_key(folder, sender_id)
    register_partner(key.certificate, partners, sender_id)
    return key


def main(arguments=None):
    """Make and register the demo partner's key; see ``--help``."""
    parser = argparse.ArgumentParser(prog="tools.keys", description=main.__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--partners", type=Path, required=True)
    options = parser.parse_args(arguments)
    demo_partner_key(options.folder, options.partners)


if __name__ == "__main__":
    main()
