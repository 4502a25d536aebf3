"""The servers of the sandbox do what the demo and the other tests rely on."""

import base64
import json
import uuid

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tools import key_service, keys, problems
from tools.key_service_process import KeyService
from tools.postgres import Postgres
from tools.spar_mapper import SparMapper

TIME = "2026-05-04T09:12:33.120Z"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Partner:
    """Sends signed messages to a mapper, as the protocol describes them."""

    def __init__(self, mapper, key):
        self.mapper = mapper
        pem = key.private_key.read_bytes()
        self.key = serialization.load_pem_private_key(pem, None)

    def send(self, action, spoil=False, **item):
        """Return status and reason code of the answer to a message of one item."""
        item.update(reference_id=str(uuid.uuid4()), timestamp=TIME)
        header = {"version": "1.0.0", "message_id": str(uuid.uuid4()), "action": action}
        header.update(message_ts=TIME, sender_id="social-registry", receiver_id="spar")
        header.update(sender_uri="", total_count=1, is_msg_encrypted=False)
        message = {"transaction_id": "T1", f"{action}_request": [item]}
        body = json.dumps({"header": header, "message": message}, sort_keys=True)
        body = json.dumps(json.loads(body), separators=(",", ":"))
        first = b64url(b'{"alg":"RS256"}')
        signed = f"{first}.{b64url(body.encode())}".encode()
        raw = self.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        if spoil:
            raw = raw[:-1] + bytes([raw[-1] ^ 1])
        answer = requests.post(
            f"{self.mapper.url}/sync/{action}",
            data=body,
            headers={
                "Content-Type": "application/json",
                "Signature": f"{first}..{b64url(raw)}",
            },
            timeout=30,
        ).json()["header"]
        return answer["status"], answer["status_reason_code"]


@pytest.fixture(scope="module")
def postgres():
    return Postgres().start()


@pytest.fixture
def partner(postgres, tmp_path):
    key = keys.demo_partner_key(tmp_path / "keys", tmp_path / "partners")
    service = KeyService(
        problems.free_port(28008), tmp_path / "partners", name="test-key-service"
    )
    service.verdicts.unlink(missing_ok=True)
    mapper = SparMapper(
        postgres,
        problems.free_port(28107),
        "test_tools_spar",
        service.url,
        name="test-spar-mapper",
    )
    postgres.drop_database(mapper.database)
    try:
        service.start()
        mapper.start()
        yield Partner(mapper, key)
    finally:
        mapper.stop()
        service.stop()
        postgres.drop_database(mapper.database)
    counts = key_service.count_verdicts(service.verdicts)
    assert counts == {"verified": 5, "refused": 1}


def test_mapper_keeps_what_signed_messages_say(partner):
    mapper = partner.mapper
    assert partner.send("link", id="ID1", fa="FA1")[0] == "succ"
    assert mapper.rows() == {"ID1": "FA1"}
    assert partner.send("update", id="ID1", fa="FA2")[0] == "succ"
    assert mapper.rows() == {"ID1": "FA2"}
    refused = partner.send("update", spoil=True, id="ID1", fa="FA3")
    assert refused == ("rjct", "rjct.jwt.invalid")
    assert partner.send("resolve", id="ID1", scope="details")[0] == "succ"
    mapper.kill()
    assert not mapper.alive
    mapper.start()
    assert mapper.rows() == {"ID1": "FA2"}
    assert partner.send("unlink", id="ID1", fa="FA2")[0] == "succ"
    assert mapper.rows() == {}
    assert partner.send("link", id="ID2", fa="FA4")[0] == "succ"
    mapper.clear()
    assert mapper.rows() == {}


@pytest.mark.parametrize("version", [18, 16])
def test_embedded_postgres_keeps_committed_data_through_a_crash(version):
    # Not the one that other suites use at the same time.
    server = Postgres(version, name="crash").start()
    name = "test_tools_crash"
    try:
        server.drop_database(name)
        server.create_database(name)
        server.query(name, "CREATE TABLE kept AS SELECT 42 AS number")
        port = server.address["port"]
        server.restart(immediate=True)
        assert server.address["port"] == port
        assert server.query(name, "SELECT number FROM kept") == [(42,)]
        assert server.query(name, "SHOW server_version_num")[0][0][:2] == str(version)
        server.create_database(f"{name}_copy", template=name)
        assert server.query(f"{name}_copy", "SELECT number FROM kept") == [(42,)]
        server.drop_database(f"{name}_copy")
        server.drop_database(name)
        assert name not in server.databases()
    finally:
        server.stop()
