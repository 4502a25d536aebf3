"""Speaks to a SPAR of any version with hand-made bodies and signatures.

Nothing of the client under test is used here, or it would only prove itself.
"""

import base64
import copy
import hashlib
import json
from dataclasses import dataclass

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs12

from tools import keys

MOMENT = "2026-05-04T09:12:33.120+00:00"


@dataclass(frozen=True)
class Column:
    """One version of SPAR, a column of the table.

    :param str name: of the column.
    :param str dialect: ``A`` or ``B``.
    :param str form: canonical form, ``ascii`` or ``utf8``.
    :param str seen: the real version its rows were seen on.
    """

    name: str
    dialect: str
    form: str
    seen: str


COLUMNS = {
    name: Column(name, dialect, form, seen)
    for name, dialect, form, seen in (
        ("1.1.0", "A", "ascii", "openg2p-spar-mapper-api 1.1.0"),
        ("1.1", "A", "utf8", "none: read in the source of the 1.1 branch"),
        ("2.1", "B", "utf8", "SPAR 2.1 (dfefb05) with its helpers 1.1.6"),
        ("newest", "B", "utf8", "SPAR after 2.1 with partner-auth 1.1.6"),
    )
}


class Key:
    """A partner's key and certificate.

    :param PartnerKey files: where they are: PEM, or both in one file of PKCS#12. The
        certificate may be missing.
    :param bytes password: of the file with the key.
    :raises ValueError: when a file cannot be read so, or the password is wrong.
    """

    def __init__(self, files, password=None):
        content = files.private_key.read_bytes()
        chain = None
        if b"-----BEGIN" in content:
            self.private = serialization.load_pem_private_key(content, password)
        else:
            self.private, chain, _more = pkcs12.load_key_and_certificates(
                content, password
            )
        if files.certificate:
            chain = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        self.certificate = chain

    @property
    def der(self):
        """The certificate in binary form."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def kid(self):
        """The certificate's thumbprint; None without a certificate."""
        return b64(hashlib.sha256(self.der).digest()) if self.certificate else None

    def sign(self, payload, middle="", **header):
        """Return the ``Signature`` header over these bytes.

        :param bytes payload: the canonical form of a body.
        :param str middle: what is between the dots; SPAR does not look at it.
        :param header: of the signature, beside the algorithm.
        """
        header = {name: text for name, text in header.items() if text is not None}
        first = b64(json.dumps({"alg": "RS256", **header}).encode())
        signed = f"{first}.{b64(payload)}".encode()
        last = self.private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return f"{first}.{middle}.{b64(last)}"


class Speaker:
    """A partner of one server.

    :param Column column: the server's version.
    :param str url: its address.
    :param Key key: the partner's key.
    :param str sender: the partner's name.
    """

    def __init__(self, column, url, key, sender=keys.DEMO_SENDER):
        self.column = column
        self.url = url
        self.key = key
        self.sender = sender
        self.session = requests.Session()
        self.session.trust_env = False

    def path(self, operation):
        """Return the path of an operation."""
        return f"/{'sync' if self.column.dialect == 'A' else 'mapper'}/{operation}"

    def envelope(self, operation, items):
        """Return the body of a request around these items."""
        payload = {"transaction_id": "t-1", f"{operation}_request": items}
        if self.column.dialect == "A":
            header = {
                "version": "1.0.0",
                "message_id": "m-1",
                "message_ts": MOMENT,
                "action": operation,
                "sender_id": self.sender,
                "total_count": len(items),
            }
            return {"header": header, "message": payload}
        header = {
            "request_id": "m-1",
            "request_timestamp": MOMENT,
            "sender_app_mnemonic": self.sender,
            "sender_app_url": "",
        }
        return {"request_header": header, "request_body": {"request_payload": payload}}

    def canonical(self, body, form=None):
        """Return a body in canonical form, that of the column by default."""
        if (form or self.column.form) == "ascii":
            return json.dumps(body, separators=(",", ":")).encode()
        return json.dumps(
            body, separators=(",", ":"), sort_keys=True, ensure_ascii=False
        ).encode()

    def ask(self, operation, items, tweak=None):
        """Send a good request; return HTTP status and the parsed answer.

        :param Callable tweak: changes the body before it is signed.
        """
        body = self.envelope(operation, copy.deepcopy(items))
        if tweak:
            tweak(body)
        payload = self.canonical(body)
        return self.post(operation, payload, self.key.sign(payload, kid=self.key.kid))

    def post(self, operation, content, signature, path=None, method="POST"):
        """Send bytes as they are; return HTTP status and the parsed answer.

        :param signature: the header; None sends none.
        """
        headers = {"Content-Type": "application/json", "Signature": signature}
        response = self.session.request(
            method,
            self.url + (path or self.path(operation)),
            data=content,
            headers=headers,
            timeout=30,
            # The client of the suite follows none either.
            allow_redirects=False,
        )
        if response.status_code >= 500:
            # SPAR closes the connection, perhaps in the middle of the next request.
            self.session.close()
        return response.status_code, json.loads(response.content)

    # === WHAT CAME BACK === #

    def summary(self, operation, status, answer):
        """Return an answer in few words.

        :return: the HTTP status and, of an answer of the business layer, its own
            status, its code and ``reference: code`` of each item; of an HTTP error the
            number of its messages and the first one.
        """
        if status != 200:
            messages = [error["message"] for error in answer["errors"]]
            return status, len(messages), messages[0]
        if self.column.dialect == "A":
            header, code = answer["header"], answer["header"]["status_reason_code"]
            head = header["status"]
        else:
            header = answer["response_header"]
            head, code = header["response_status"], header["response_error_code"]
        words = [
            f"{entry['reference_id']}: {entry['status_reason_code'] or entry['status']}"
            for entry in self.entries(operation, answer)
        ]
        return status, head, code, words

    def entries(self, operation, answer):
        """Return the list of an answer."""
        if self.column.dialect == "A":
            return answer["message"].get(f"{operation}_response", [])
        payload = answer["response_body"]["response_payload"]
        return payload[f"{operation}_response"]


def b64(content):
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
