"""The client reads the stand-in's directory of banks, branches and wallets."""

import pytest
import requests

from tests.contract.speaker import COLUMNS
from tools.stack import http_client, import_spar

spar = import_spar()


def fetch(server):
    transport = spar.transport.Transport(http_client(server.speaker.url))
    try:
        return spar.directory.fetch(transport, "social-registry")
    finally:
        transport.close()


def of_dialect(name):
    return [version for version, c in COLUMNS.items() if c.dialect == name]


@pytest.mark.parametrize("version", of_dialect("B"))
def test_the_directory_of_2x_is_read(stand_ins, version):
    found = fetch(stand_ins[version])
    assert {bank["bank_code"]: bank["bank_name"] for bank in found.banks} == {
        "FB": "First Bank",
        "HB": "ሐበሻ ባንክ",
    }
    banks = {bank["id"] for bank in found.banks}
    assert {branch["bank_id"] for branch in found.branches} == banks
    kinds = {wallet["wallet_type"] for wallet in found.wallets}
    assert kinds == {"MOBILE_WALLET", "EMAIL_WALLET"}


@pytest.mark.parametrize("version", of_dialect("B"))
def test_branches_may_be_asked_for_of_one_bank(stand_ins, version):
    speaker = stand_ins[version].speaker
    body = {"request_body": {"request_payload": {"bank_id": 2}}}
    url = f"{speaker.url}/dfsp/fetch-branches"
    answer = requests.post(url, json=body, timeout=5).json()
    (branch,) = answer["response_body"]["response_payload"]["branches"]
    assert branch["branch_code"] == "HB001"


@pytest.mark.parametrize("version", of_dialect("A"))
def test_1x_has_no_directory(stand_ins, version):
    with pytest.raises(spar.directory.DirectoryProblem, match="http.404"):
        fetch(stand_ins[version])
