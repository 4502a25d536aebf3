"""Only the registered partner, with exactly the bytes it signed, is heard by SPAR."""

import base64
import json

import pytest
import requests
from conftest import free_ports

from tools import key_service, keys
from tools.key_service_process import KeyService
from tools.spar_mapper import SparMapper
from tools.stack import http_client, import_spar

spar = import_spar()


class Partner:
    """A registered partner of a real mapper, and ways to speak to it."""

    def __init__(self, postgres, folder):
        self.folder = folder
        key_service_port, mapper_port = free_ports(2)
        self.key = keys.demo_partner_key(folder, folder / "partners")
        self.key_service = KeyService(
            key_service_port, folder / "partners", name="test-signature-key-service"
        )
        self.key_service.verdicts.unlink(missing_ok=True)
        postgres.drop_database("test_signature_spar")
        self.mapper = SparMapper(
            postgres,
            mapper_port,
            "test_signature_spar",
            self.key_service.url,
            name="test-signature-spar-mapper",
        )
        self.key_service.start()
        self.mapper.start()

    def stop(self):
        self.mapper.stop()
        self.key_service.stop()

    def signer(self, key=None):
        key = key or self.key
        pair = spar.keys.load_pair(
            key.private_key.read_bytes(), key.certificate.read_bytes()
        )
        return spar.jws.Signer(pair)

    def body(self, spar_id, sender_id=keys.DEMO_SENDER):
        item = spar.answers.Item("r-1", spar_id, "some address", 4)
        request = spar.g2p_connect.G2pConnect().build(
            "link", [item], sender_id, "m-1", "2026-05-04"
        )
        return spar.canonical.canonical_bytes(request, "ascii")

    def post(self, body, signature):
        """Send bytes as they are; return the whole answer's status and code."""
        headers = {"Content-Type": "application/json", "Signature": signature}
        url = f"{self.mapper.url}/sync/link"
        answer = requests.post(url, data=body, headers=headers, timeout=30).json()
        header = answer["header"]
        return header["status"], header["status_reason_code"]

    def verdicts(self):
        return key_service.count_verdicts(self.key_service.verdicts)


@pytest.fixture(scope="module")
def partner(postgres, tmp_path_factory):
    partner = Partner(postgres, tmp_path_factory.mktemp("partner"))
    yield partner
    partner.stop()


def test_a_signed_request_is_heard(partner):
    body = partner.body("good")
    before = partner.verdicts()["verified"]
    assert partner.post(body, partner.signer().detached(body)) == ("succ", None)
    assert partner.mapper.rows()["good"] == "some address"
    assert partner.verdicts()["verified"] == before + 1


def test_names_in_any_script_are_heard(partner):
    names = ["Ñuñes Ọláńrewájú", "አበበ በቀለ", "محمد", "李小明", "🌻 \x7f"]
    items = [
        spar.answers.Item(f"n-{n}", f"script-{n}", name, 4)
        for n, name in enumerate(names)
    ]
    with spar.client.SparClient(
        http_client(partner.mapper.url), partner.signer(), keys.DEMO_SENDER, "ascii"
    ) as client:
        outcomes = {r.outcome for r in client.send("link", items).results.values()}
        resolved = client.send("resolve", items).results
    assert outcomes == {spar.answers.Outcome.DONE}
    assert [resolved[item.reference_id].fa for item in items] == names


def forged_header(**header):
    text = json.dumps(header, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def body_changed_by_one_byte(partner):
    body = partner.body("bad")
    return body.replace(b"some address", b"some addresT"), partner.signer().detached(
        body
    )


def wrong_key(partner):
    body = partner.body("bad")
    other = keys.make_partner_key(partner.folder / "other")
    return body, partner.signer(other).detached(body)


def unknown_partner(partner):
    body = partner.body("bad", sender_id="nobody")
    return body, partner.signer().detached(body)


def alg_none(partner):
    return partner.body("bad"), f"{forged_header(alg='none')}.."


def alg_none_with_the_good_signature(partner):
    body = partner.body("bad")
    signature = partner.signer().detached(body).rpartition(".")[2]
    return body, f"{forged_header(alg='none')}..{signature}"


def another_requests_signature(partner):
    return partner.body("bad"), partner.signer().detached(partner.body("other"))


@pytest.mark.parametrize(
    "forgery",
    [
        body_changed_by_one_byte,
        wrong_key,
        unknown_partner,
        alg_none,
        alg_none_with_the_good_signature,
        another_requests_signature,
    ],
)
def test_forgeries_are_refused_by_the_key_service(partner, forgery):
    before = partner.verdicts()
    assert partner.post(*forgery(partner)) == ("rjct", "rjct.jwt.invalid")
    assert "bad" not in partner.mapper.rows()
    after = partner.verdicts()
    assert after["refused"] == before["refused"] + 1
    assert after["verified"] == before["verified"]


def test_the_client_calls_a_refused_signature_partner_trouble(partner):
    other = keys.make_partner_key(partner.folder / "another")
    item = spar.answers.Item("r-1", "bad", "some address", 4)
    with spar.client.SparClient(
        http_client(partner.mapper.url),
        partner.signer(other),
        keys.DEMO_SENDER,
        "ascii",
    ) as client:
        result = client.send("link", [item]).results["r-1"]
    assert result.outcome == spar.answers.Outcome.PARTNER
    assert "bad" not in partner.mapper.rows()
