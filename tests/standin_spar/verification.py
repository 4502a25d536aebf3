"""How each version of SPAR comes to believe, or not, who sent a request.

The verdict is about the certificate registered for the partner, over the body as SPAR
writes it again in its own canonical form. What the signature's header brings along
(``x5c``, ``jwk``) counts for nothing.
"""

import base64
import hashlib
import json
import time

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from spar_stand_in.table import Crash

from tools import key_service, keys

ASCII = "ascii"
UTF8 = "utf8"
ALGORITHMS = ["RS256"]

#: What ends as HTTP 500, and not as a refused signature.
CRASHES_1_1_0 = {"missing", "hangs"}
CRASHES_SINCE = {"parts", "unknown", "down", "hangs"}
#: What makes the verifier of each version, from the folder of certificates.
VERIFIERS = {
    "1.1.0": lambda partners: KeyServiceVerifier(partners, ASCII, CRASHES_1_1_0),
    "1.1": lambda partners: KeyServiceVerifier(partners, UTF8, CRASHES_SINCE),
    "2.1": lambda partners: KeyServiceVerifier(partners, UTF8, CRASHES_SINCE),
    "newest": lambda partners: LocalVerifier(partners),
}
#: Seconds for which the newest keeps a partner's keys, and that it has none; between
#: two look-ups because of a key it does not know; and until it gives up a look-up.
KEPT, NONE_KEPT, LOOKED_UP_AGAIN, GIVEN_UP = 300, 30, 10, 3
#: Integers that fit into 64 bits, with sign or without.
INTEGERS = range(-(2**63), 2**64)


def canonical(body, form):
    """Return a body as SPAR writes it again.

    :param bytes body: as it came.
    :param str form: ``ascii`` leaves the order of the keys, and escapes; ``utf8``
        sorts them, and takes integers beyond 64 bits for floats. The two also write
        floats differently, which is left out here: requests hold no floats.
    :rtype: bytes
    """
    if form == ASCII:
        return json.dumps(json.loads(body), separators=(",", ":")).encode()
    content = json.loads(body, parse_int=_integer_or_float)
    text = json.dumps(
        content, separators=(",", ":"), sort_keys=True, ensure_ascii=False
    )
    return text.encode()


def _integer_or_float(digits):
    number = int(digits)
    return number if number in INTEGERS else float(number)


class KeyServiceVerifier:
    """Asks a key service, as 1.1.0, the 1.1 branch and 2.1 do.

    :param pathlib.Path partners: folder of registered certificates.
    :param str form: canonical form.
    :param set crashes: what of ``missing`` (no signature), ``parts`` (not three),
        ``unknown`` (partner), ``down`` and ``hangs`` (key service) ends as HTTP 500.
    """

    def __init__(self, partners, form, crashes):
        self.certificates = key_service.Certificates(partners)
        self.form = form
        self.crashes = crashes

    def believes(self, request, keys_down=None):
        """Whether this is the partner it says it is.

        :param Request request: as it came.
        :param keys_down: seconds after which the key service fails; None when it works.
        :raises Crash: where SPAR answers HTTP 500.
        """
        if request.signature is None:
            return self._no("missing")
        if request.signature.count(".") != 2:
            return self._no("parts")
        sender = sender_of(request.content)
        data = _b64(canonical(request.body, self.form))
        if keys_down is not None:
            time.sleep(keys_down)
            return self._no("hangs" if keys_down else "down")
        inner = {
            "jwtSignatureData": request.signature,
            "actualData": data,
            "referenceId": keys.partner_reference(sender),
        }
        answer = key_service.verify({"request": inner}, self.certificates)
        if answer["response"] is None:
            return self._no("unknown")
        return answer["response"]["signatureValid"]

    def _no(self, reason):
        if reason in self.crashes:
            raise Crash(f"signature: {reason}")
        return False


class LocalVerifier:
    """Verifies by itself, as what came after 2.1 does, with keys it looks up and keeps.

    A key ID in the signature's header must be that of a registered certificate. A file
    may hold several certificates, while a partner changes from one to the next. What
    cannot be looked up is refused like a wrong signature; only a request that names no
    sender is HTTP 500.

    :param pathlib.Path partners: folder of registered certificates, in the place of its
        Partner Manager.
    :param Callable clock: returns seconds.
    """

    def __init__(self, partners, clock=time.monotonic):
        self.partners = partners
        self.clock = clock
        #: When a partner was looked up, and its certificates, by reference.
        self.kept = {}

    def believes(self, request, keys_down=None):
        """Whether this is the partner it says it is.

        :param Request request: as it came.
        :param keys_down: seconds after which the Partner Manager fails; None when it
            works.
        :raises Crash: where SPAR answers HTTP 500.
        """
        sender = sender_of(request.content)
        try:
            first, _middle, last = (request.signature or "").split(".")
            token = f"{first}.{_b64(canonical(request.body, UTF8))}.{last}"
            kid = jwt.get_unverified_header(token).get("kid")
        except (jwt.PyJWTError, ValueError):
            return False
        return any(
            _signed(token, certificate)
            for certificate in self._certificates(sender, kid, keys_down)
            if kid in (None, _thumbprint(certificate))
        )

    def _certificates(self, sender, kid, keys_down):
        reference = keys.partner_reference(sender)
        looked_up, known = self.kept.get(reference, (None, []))
        if looked_up is not None:
            is_known = not kid or kid in map(_thumbprint, known)
            lasts = KEPT if is_known else LOOKED_UP_AGAIN
            if self.clock() - looked_up < (lasts if known else NONE_KEPT):
                return known
        if keys_down is not None:
            time.sleep(min(keys_down, GIVEN_UP))
            return known
        self.kept[reference] = self.clock(), self._look_up(reference)
        return self.kept[reference][1]

    def _look_up(self, reference):
        path = self.partners / f"{reference}.pem"
        # The name comes from outside; it must not lead to another folder.
        if "/" in reference or not path.exists():
            return []
        return x509.load_pem_x509_certificates(path.read_bytes())


def sender_of(content):
    """Return the partner a request names, in either dialect.

    :raises Crash: when it names none.
    """
    try:
        if "header" in content:
            return content["header"]["sender_id"] + ""
        return content["request_header"]["sender_app_mnemonic"] + ""
    except (KeyError, TypeError):
        raise Crash("no sender") from None


def _signed(token, certificate):
    try:
        jwt.PyJWS().decode(token, certificate.public_key(), algorithms=ALGORITHMS)
    except (jwt.PyJWTError, TypeError, ValueError):
        return False
    return True


def _thumbprint(certificate):
    return _b64(hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest())


def _b64(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
