"""Certificates of the connection to SPAR: trusted authorities, client certificate.

They are not used for the signature of a request. The server's certificate is always
verified; there is no setting to turn that off.
"""

import re
import ssl
from contextlib import nullcontext

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from .keys import UNREADABLE, KeyProblem

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)

# Codes of problems with a certificate of the connection.
UNFIT = "tls_unfit"
HAS_PRIVATE_KEY = "tls_has_private_key"
NOT_PEM = "tls_not_pem"
DAMAGED = "tls_damaged"


class TlsProblem(KeyProblem):
    """A certificate of the connection cannot be used; ``code`` says why."""


class Tls:
    """The TLS settings of one connection.

    :param str authorities: certificates in PEM form; if given, only servers whose
        certificate one of these has issued are trusted
    :param str certificate_path: a file with the client certificate, or None
    :param str key_path: a file with its private key, without a password
    :param open_file: a function of a path that returns a context manager; entered, it
        returns the path of a file that may be read, or raises OSError
    """

    def __init__(
        self,
        authorities=None,
        certificate_path=None,
        key_path=None,
        open_file=nullcontext,
    ):
        self.authorities = authorities
        self._open_file = open_file
        self._certificate_path = certificate_path
        self._key_path = key_path

    def context(self):
        """Return an SSL context with these settings.

        :rtype: ssl.SSLContext
        :raise TlsProblem: when a certificate or key cannot be used
        """
        if self.authorities:
            read_authorities(self.authorities)
        context = ssl.create_default_context(cadata=self.authorities or None)
        if self._certificate_path:
            self._load_client_certificate(context)
        return context

    def _load_client_certificate(self, context):
        try:
            with (
                self._open_file(self._certificate_path) as certificate,
                self._open_file(self._key_path) as key,
            ):
                context.load_cert_chain(
                    certificate,
                    key,
                    # Otherwise OpenSSL would wait for a password at the terminal.
                    password=lambda: "",
                )
        except ssl.SSLError:
            raise TlsProblem(UNFIT) from None
        except (OSError, TypeError, ValueError):
            # Without path and cause: also people without rights on keys read this.
            raise TlsProblem(UNREADABLE) from None

    def __repr__(self):
        return "<Tls>"


def read_authorities(pem):
    """Return the certificates in a text in PEM form.

    :param str pem: one or more certificates
    :rtype: list
    :raise TlsProblem: when there is none, one is damaged, or the text contains other
        PEM blocks
    """
    kinds = [match.group(1) for match in _BLOCK.finditer(pem)]
    if any("PRIVATE KEY" in kind for kind in kinds):
        raise TlsProblem(HAS_PRIVATE_KEY)
    if not kinds or set(kinds) != {"CERTIFICATE"}:
        raise TlsProblem(NOT_PEM)
    try:
        return [
            x509.load_pem_x509_certificate(match.group().encode())
            for match in _BLOCK.finditer(pem)
        ]
    except (ValueError, UnsupportedAlgorithm):
        raise TlsProblem(DAMAGED) from None
