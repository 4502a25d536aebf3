"""The key service stand-in must accept a good signature and nothing else."""

import base64
import hashlib
import hmac
import http.client
import json
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tools import key_service, keys

BODY = b'{"header":{"sender_id":"social-registry"},"message":{"n":1}}'
REFERENCE = "PARTNER_SOCIAL_REGISTRY"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(key, header, body=BODY):
    """Return a detached RS256 signature, whatever the header says."""
    first = b64url(json.dumps(header).encode())
    private = serialization.load_pem_private_key(key.private_key.read_bytes(), None)
    signed = f"{first}.{b64url(body)}".encode()
    raw = private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return f"{first}..{b64url(raw)}"


def request(signature, body=BODY, reference=REFERENCE):
    return {
        "request": {
            "jwtSignatureData": signature,
            "actualData": b64url(body),
            "applicationId": "OpenG2P-SPAR-Mapper",
            "referenceId": reference,
            "certificateData": "",
            "validateTrust": False,
            "domain": "AUTH",
        }
    }


@pytest.fixture(scope="module")
def own_key(tmp_path_factory):
    return keys.make_partner_key(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def other_key(tmp_path_factory):
    return keys.make_partner_key(tmp_path_factory.mktemp("other"))


@pytest.fixture
def certificates(own_key, tmp_path):
    keys.register_partner(own_key.certificate, tmp_path)
    return key_service.Certificates(tmp_path)


def verdict(certificates, *arguments, **options):
    answer = key_service.verify(request(*arguments, **options), certificates)
    return answer["response"] and answer["response"]["signatureValid"]


def test_good_signature(certificates, own_key):
    assert verdict(certificates, sign(own_key, {"alg": "RS256"})) is True


def test_good_signature_with_its_body_included(certificates, own_key):
    signature = sign(own_key, {"alg": "RS256", "typ": "JWT"})
    full = signature.replace("..", f".{b64url(BODY)}.")
    assert verdict(certificates, full) is True


def test_body_changed_by_a_byte(certificates, own_key):
    changed = BODY.replace(b'"n":1', b'"n":2')
    assert verdict(certificates, sign(own_key, {"alg": "RS256"}), changed) is False


def test_wrong_key(certificates, other_key):
    assert verdict(certificates, sign(other_key, {"alg": "RS256"})) is False


@pytest.mark.parametrize("header", ["x5c", "jwk", "jku"])
def test_key_in_the_header_does_not_count(certificates, other_key, header):
    pem = other_key.certificate.read_bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    offered = {
        "x5c": [base64.b64encode(der).decode()],
        "jwk": {"kty": "RSA", "n": "AQ", "e": "AQAB"},
        "jku": "http://127.0.0.1/keys",
    }
    signature = sign(other_key, {"alg": "RS256", header: offered[header]})
    assert verdict(certificates, signature) is False


def test_certificate_in_the_request_does_not_count(certificates, other_key):
    message = request(sign(other_key, {"alg": "RS256"}))
    message["request"]["certificateData"] = other_key.certificate.read_text()
    answer = key_service.verify(message, certificates)
    assert answer["response"]["signatureValid"] is False


def test_unknown_partner(certificates, own_key):
    message = request(sign(own_key, {"alg": "RS256"}), reference="PARTNER_STRANGER")
    answer = key_service.verify(message, certificates)
    assert answer["response"] is None
    assert "PARTNER_STRANGER" in answer["errors"][0]["message"]


def test_partner_name_cannot_leave_the_folder(certificates, own_key, tmp_path):
    (tmp_path / "inner").mkdir()
    inner = key_service.Certificates(tmp_path / "inner")
    signature = sign(own_key, {"alg": "RS256"})
    assert verdict(inner, signature, reference=f"../{REFERENCE}") is None


def test_algorithm_none(certificates):
    header = b64url(json.dumps({"alg": "none"}).encode())
    assert verdict(certificates, f"{header}..") is False


@pytest.mark.parametrize("algorithm", ["RS512", "PS256"])
def test_other_algorithm_named(certificates, own_key, algorithm):
    assert verdict(certificates, sign(own_key, {"alg": algorithm})) is False


def test_public_key_as_a_shared_secret(certificates, own_key):
    """Key confusion: the public certificate is used as the secret of an HMAC."""
    header = b64url(json.dumps({"alg": "HS256"}).encode())
    certificate = x509.load_pem_x509_certificate(own_key.certificate.read_bytes())
    public = certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for secret in (public, own_key.certificate.read_bytes()):
        signed = f"{header}.{b64url(BODY)}".encode()
        mac = hmac.new(secret, signed, hashlib.sha256).digest()
        assert verdict(certificates, f"{header}..{b64url(mac)}") is False


@pytest.mark.parametrize(
    "garbage", ["", ".", "..", "a.b.c", "a..b..c", None, 7, "é..é"]
)
def test_garbage_as_signature(certificates, garbage):
    assert verdict(certificates, garbage) is False


@pytest.mark.parametrize("garbage", [None, [], "text", {}, {"request": 5}])
def test_garbage_as_request(certificates, garbage):
    answer = key_service.verify(garbage, certificates)
    assert answer["response"] is None
    assert answer["errors"]


def test_expired_certificate(tmp_path):
    expired = keys.make_partner_key(tmp_path / "keys", valid_days=-1)
    keys.register_partner(expired.certificate, tmp_path)
    message = request(sign(expired, {"alg": "RS256"}))
    answer = key_service.verify(message, key_service.Certificates(tmp_path))
    assert answer["response"] is None
    assert "expired" in answer["errors"][0]["message"]


def test_new_certificate_is_noticed(certificates, other_key, tmp_path):
    signature = sign(other_key, {"alg": "RS256"})
    assert verdict(certificates, signature) is False
    keys.register_partner(other_key.certificate, tmp_path)
    assert verdict(certificates, signature) is True


def test_private_key_is_private(own_key):
    assert own_key.private_key.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def service(own_key, tmp_path):
    keys.register_partner(own_key.certificate, tmp_path)
    log = tmp_path / "verdicts.jsonl"
    server = key_service.make_server("127.0.0.1", 0, tmp_path, log)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield http.client.HTTPConnection(*server.server_address, timeout=10), log
    server.shutdown()
    server.server_close()


def ask(connection, method, path, body=None):
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_service_over_http(service, own_key):
    connection, log = service
    good = request(sign(own_key, {"alg": "RS256"}))
    bad = request(sign(own_key, {"alg": "RS256"}), BODY + b" ")
    status, token = ask(connection, "POST", "/token", "grant_type=client_credentials")
    assert (status, token["expires_in"]) == (200, 900)
    assert token["access_token"]
    assert ask(connection, "POST", "/token", "grant_type=password")[0] == 400
    for message, expected in ((good, True), (bad, False)):
        status, answer = ask(connection, "POST", "/jwtVerify", json.dumps(message))
        assert (status, answer["response"]["signatureValid"]) == (200, expected)
    assert ask(connection, "POST", "/jwtVerify", "{")[0] == 400
    assert ask(connection, "GET", "/health") == (200, {"status": "ok"})
    assert key_service.count_verdicts(log) == {"verified": 1, "refused": 1}
    assert b64url(BODY) not in log.read_text()
