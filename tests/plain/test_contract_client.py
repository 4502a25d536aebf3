"""What the client makes of each version's answers: the last column of the table."""

import pytest

from tests.contract import client as under_test
from tests.contract.case import Ask, wallet_text
from tests.contract.cases import CASES
from tests.contract.signatures import NAMES
from tests.contract.speaker import COLUMNS
from tools import keys
from tools.stack import http_client, import_spar

spar = import_spar()

LINK = "link"


def rows_of_the_table():
    """Return every column's part of the table that the client can ask."""
    for name, column in COLUMNS.items():
        for case in CASES:
            if column.dialect in case.expected and case.outcomes is not None:
                yield pytest.param(name, case, id=f"{name}-{case}")


@pytest.mark.parametrize(("version", "case"), rows_of_the_table())
def test_the_client_understands(stand_ins, partner_files, version, case):
    server = stand_ins[version]
    with under_test.make_client(server, partner_files) as client:
        under_test.check(case, server, client)


def outcome(client, server, **ask):
    """Return what the client makes of linking one wallet."""
    item = under_test.wallet_item("r0", Ask("N", 1, **ask), server.dialect)
    return client.send(LINK, [item]).results["r0"].outcome.value


# In 1.1.0 a broken key service has the answer of a wrong signature; later ones crash.
@pytest.mark.parametrize(
    ("version", "down", "hangs", "unknown"),
    [
        ("1.1.0", "partner", "transient", "partner"),
        ("1.1", "transient", "transient", "transient"),
        ("2.1", "transient", "transient", "transient"),
        ("newest", "done", "done", "partner"),
    ],
)
def test_the_client_and_trouble_with_keys(
    stand_ins, partner_files, partner_folder, version, down, hangs, unknown
):
    server = stand_ins[version]
    other = keys.make_partner_key(partner_folder / "other")
    server.prepare({})
    with under_test.make_client(server, other) as client:
        assert outcome(client, server) == "partner"
    with under_test.make_client(server, partner_files, sender="nobody") as client:
        assert outcome(client, server) == unknown
    assert server.rows() == {}
    with under_test.make_client(server, partner_files) as client:
        for seconds, expected in ((0, down), (0.01, hangs)):
            server.prepare({})
            server.mapper.arm([{"kind": "keys_down", "seconds": seconds}])
            assert outcome(client, server) == expected
            assert bool(server.rows()) == (expected == "done")


def detect(server, files, sender=None):
    """Return what the suite detects at a stand-in."""
    pair = spar.keys.load_pair(
        files.private_key.read_bytes(), files.certificate.read_bytes()
    )
    return spar.detect.detect(
        http_client(server.speaker.url),
        spar.jws.Signer(pair),
        sender or server.speaker.sender,
    )


@pytest.mark.parametrize("version", COLUMNS)
def test_each_version_is_detected_and_verifies(stand_ins, partner_files, version):
    stand_ins[version].clear()
    found = detect(stand_ins[version], partner_files)
    column = COLUMNS[version]
    dialect = {"A": "g2p_connect", "B": "partner_api"}[column.dialect]
    assert (found.finding, found.dialect) == ("accepted", dialect)
    assert (found.form, found.verifies) == (column.form, True)


@pytest.mark.parametrize("version", COLUMNS)
def test_a_spar_that_accepts_a_wrong_signature_is_detected(
    make_stand_in, partner_files, version
):
    found = detect(make_stand_in(version, None, None), partner_files)
    assert (found.finding, found.form) == ("accepted", None)
    assert found.verifies is False


# Neither of these answers says that the certificate is to blame.
@pytest.mark.parametrize(
    ("version", "down", "unknown"),
    [
        ("1.1.0", "signature_refused", "signature_refused"),
        ("1.1", "server_error", "server_error"),
        ("2.1", "server_error", "server_error"),
        ("newest", "signature_refused", "signature_refused"),
    ],
)
def test_what_is_detected_without_keys(
    make_stand_in, partner_files, partner_folder, version, down, unknown
):
    server = make_stand_in(version, None, partner_folder / "partners")
    assert detect(server, partner_files, "nobody").finding == unknown
    server.mapper.arm([{"kind": "keys_down", "seconds": 0}])
    found = detect(server, partner_files)
    assert (found.finding, found.verifies) == (down, None)


@pytest.mark.parametrize("version", COLUMNS)
def test_names_pass_in_the_servers_form_and_in_no_other(
    stand_ins, partner_files, version
):
    server = stand_ins[version]
    right = server.speaker.column.form
    for form in ("ascii", "utf8"):
        for name in NAMES:
            server.prepare({})
            with under_test.make_client(server, partner_files, form=form) as client:
                made = outcome(client, server, extra={"name": name})
            assert made == ("done" if form == right else "partner")
            if form == right:
                assert server.row("N")["name"] == name


@pytest.mark.parametrize("version", COLUMNS)
def test_addresses_in_any_script_come_back(stand_ins, partner_files, version):
    server = stand_ins[version]
    server.prepare({})
    with under_test.make_client(server, partner_files) as client:
        for place, name in enumerate(NAMES):
            text = wallet_text(1, server.dialect).replace("M-Cash", name)
            parts = {**under_test.wallet_parts(1), "wallet_provider_name": name}
            number = parts.pop("strategy_id")
            item = under_test.spar.answers.Item(
                f"r{place}", f"N{place}", text, number, parts=parts
            )
            linked = client.send(LINK, [item]).results[item.reference_id]
            assert linked.outcome.value == "done"
            found = client.send("resolve", [item]).results[item.reference_id]
            assert (found.fa, found.strategy_number) == (text, 4)


@pytest.mark.parametrize("version", COLUMNS)
def test_the_client_never_sends_an_id_twice(stand_ins, partner_files, version):
    server = stand_ins[version]
    server.prepare({})
    items = [
        under_test.wallet_item(f"r{n}", Ask("N", n), server.dialect) for n in (1, 2)
    ]
    with (
        under_test.make_client(server, partner_files) as client,
        pytest.raises(ValueError, match="twice"),
    ):
        client.send(LINK, items)
    assert server.rows() == {}
