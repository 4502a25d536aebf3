"""Numbers and keys planted through every channel, and where they are found afterwards.

The tables of all addons, the filestore and the logs are searched: a
place that is not in the tables below fails.
"""

import base64
import re

import pytest
from conftest import Registry, free_ports, wait_until
from self_service import (
    AUDIENCE,
    CLAIM,
    PREFIX,
    Caller,
    access_token,
    register_client,
    register_issuer,
)

from tests.standin_oidc import StandInIssuer
from tools.odk_central import OdkCentral, wait_until_fetched
from tools.odoo_rpc import RpcError
from tools.odoo_server import filestore

ADDRESS = "g2p.financial.address"
EDITOR = "g2p_spar_financial_address.group_editor"

#: What is planted, by how it comes in. No other number has these digits.
PLANTED = {
    "form": "754813001",
    "amended": "754813002",
    "ended": "754813003",
    "draft": "754813004",
    "file": "754813005",
    "tried file": "754813006",
    "wrong row": "7548130079999",
    "api": "754813008",
    "refused api": "7548130099999",
    "odk": "754813010",
    "refused odk": "7548130119999",
    "asked": "754813012",
    "asked in vain": "754813013",
    "wrong form": "7548130149999",
    "twice": "754813015",
    "note": "754813016",
    "account": "75481301700",
    "proof": "754813018",
    "message of an error": "754813019",
}
#: Where a number may be stored. Elsewhere there are only its mask and keyed hash.
KEPT = {
    ("g2p_financial_address", "mobile_number"),
    ("g2p_financial_address", "account_number"),
}
#: Where else, by how it came in, and why.
ELSEWHERE = {
    # What was answered, until retention: readable to no role.
    "odk": {("g2p_odk_submission", "payload")},
    "refused odk": {("g2p_odk_submission", "payload")},
    # Odoo's own, a transient row that is deleted within hours.
    "file": {("base_import_import", "file")},
    "tried file": {("base_import_import", "file")},
    "wrong row": {("base_import_import", "file")},
    # The file itself, which only its address opens.
    "proof": {("filestore", "")},
}


@pytest.fixture(scope="module")
def registry(make_stack):
    return Registry(make_stack("planted_numbers"))


@pytest.fixture(scope="module")
def logs(registry):
    """Return what is written into the logs from now on."""
    stack = registry.stack
    files = [stack.odoo.process.log, getattr(stack.postgres, "log", None)]
    sizes = {file: file.stat().st_size for file in files if file and file.exists()}

    def written():
        for file, size in sizes.items():
            with file.open("rb") as stream:
                stream.seek(size)
                yield f"log {file.name}", stream.read()

    assert sizes
    return written


@pytest.fixture(scope="module")
def issuer():
    issuer = StandInIssuer(*free_ports(1), "test-planted-issuer").start()
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def central():
    central = OdkCentral("test_planted_numbers").start()
    yield central
    central.stop()


@pytest.fixture(scope="module")
def secrets(registry, logs, issuer, central):
    """Plant everything; return the secrets by name."""
    plant_by_hand(registry)
    plant_by_file(registry)
    found = plant_by_api(registry, issuer)
    plant_by_odk(registry, central)
    wait_until(lambda: not registry.open_jobs())
    return found


def refused(call, *arguments):
    with pytest.raises(RpcError) as caught:
        call(*arguments)
    return str(caught.value)


def plant_by_hand(registry):
    call = registry.rpc.call

    def number(name):
        return f"+255{PLANTED[name]}"

    asha = registry.registrant("Asha Juma", "PN-1")
    registry.enter_wallet(asha, number("form"))
    registry.enter_wallet(asha, number("amended"))
    registry.wait_for_state(asha, "in_sync")
    juma = registry.registrant("Juma Ali", "PN-2")
    registry.enter_wallet(juma, number("ended"))
    registry.wait_for_state(juma, "in_sync")
    call("res.partner", "action_end_financial_address", [juma], "Moved away")
    registry.wait_for_state(juma, "ended")
    values = {"partner_id": juma, "fa_type": "mobile_wallet", "reason": "x"}
    registry.create(ADDRESS, {**values, "mobile_number": number("draft")})
    card = base64.b64encode(f"card {PLANTED['proof']}".encode()).decode()
    neema = registry.registrant("Neema Shayo", "PN-3")
    registry.create(
        ADDRESS,
        {
            "partner_id": neema,
            "fa_type": "bank_account",
            "dfsp_id": registry.bank,
            "account_number": PLANTED["account"],
            "proof": card,
            "proof_name": "card.txt",
        },
    )
    for name in ("wrong form", "message of an error"):
        wrong = {**values, "mobile_number": number(name)}
        if name == "message of an error":
            wrong["dfsp_id"] = 99999999
        said = refused(registry.create, ADDRESS, wrong)
        assert PLANTED[name][-6:] not in said
    refused(
        registry.create,
        "res.partner",
        {
            "name": "Twin",
            "is_registrant": True,
            "spar_id": "PN-1",
            "financial_address_ids": [
                [0, 0, {**values, "mobile_number": number("twice")}]
            ],
        },
    )
    refused(
        call,
        "res.partner",
        "action_end_financial_address",
        [asha],
        f"Call {number('note')}",
    )
    for name in ("asked", "asked in vain"):
        if name == "asked":
            registry.enter_wallet(registry.registrant("Asked", "PN-4"), number("asked"))
        call(ADDRESS, "search_count", [["number", "=", number(name)]])
    registry.new_user("reader", EDITOR)
    reader = registry.stack.odoo.rpc("reader", "reader")
    for row in reader.call(ADDRESS, "search_read", [], ["state"]):
        reader.call(ADDRESS, "reveal", [row["id"]])


def plant_by_file(registry):
    for n in range(5, 8):
        registry.registrant(f"P{n}", f"PN-{n}")
    for dryrun, name, row in (
        (True, "tried file", "PN-5"),
        (False, "file", "PN-6"),
        (False, "wrong row", "PN-7"),
    ):
        fields = ["spar_id", "dfsp_id", "mobile_number"]
        lines = [fields, [row, "M-Cash", f"+255{PLANTED[name]}"]]
        text = "\n".join(",".join(line) for line in lines)
        wizard = registry.create(
            "base_import.import",
            {
                "res_model": ADDRESS,
                "file": base64.b64encode(text.encode()).decode(),
                "file_type": "text/csv",
                "file_name": "a.csv",
            },
        )
        # As the page of the import sends it, the file is in the field as it is.
        registry.run(
            """
            wizard = env["base_import.import"].browse(values["wizard"])
            wizard.file = values["text"].encode()
            env.cr.commit()
            print(True)
            """,
            wizard=wizard,
            text=text,
        )
        options = {"has_headers": True, "quoting": '"', "separator": ","}
        registry.rpc.call(
            "base_import.import",
            "execute_import",
            [wizard],
            fields,
            fields,
            {**options, "skip": 0, "limit": 100},
            dryrun,
        )


def plant_by_api(registry, issuer):
    registry.registrant("Citizen", "PN-8")
    register_issuer(registry, issuer)
    citizen = issuer.token("user-8", AUDIENCE, **{CLAIM: "PN-8"})
    caller = Caller(registry.stack.odoo.url + PREFIX, citizen)
    answer = caller.propose("/address/proposals", f"+255{PLANTED['api']}")
    assert answer.status_code == 201, answer.text
    answer = caller.propose("/address/proposals", f"+255{PLANTED['refused api']}")
    assert answer.status_code == 422, answer.text
    client = register_client(registry, "Portal")
    return {
        "citizen's token": citizen.rpartition(".")[2],
        "client's secret": client["client_secret"],
        "client's token": access_token(registry, client).rpartition(".")[2],
        "signing key": registry.stack.key.private_key.read_text().splitlines()[2],
    }


def plant_by_odk(registry, central):
    registry.registrant("Odk One", "PN-10")
    registry.registrant("Odk Two", "PN-11")
    for n, name in ((10, "odk"), (11, "refused odk")):
        central.submit(
            f"PN-{n}",
            "Odk " + {10: "One", 11: "Two"}[n],
            fa_type="mobile_wallet",
            dfsp_code="MC",
            payment_phone=f"+255{PLANTED[name]}",
        )
    form = central.connect(registry.rpc)
    registry.rpc.call("g2p.odk.form", "action_apply_ready_mapping", [form])
    registry.rpc.call("g2p.odk.form", "action_run_now", [form])
    wait_until_fetched(registry.rpc, form, 2)


def spellings(text):
    """Return how a text may be written in a row or a file."""
    raw = text.encode()
    encoded = {
        base64.b64encode(b"." * shift + raw)[4 if shift else 0 : -4].decode()
        for shift in range(3)
    }
    return {text, raw.hex(), *(one for one in encoded if len(one) >= 8)}


def places(registry, written, text):
    """Return where a text is found: tables with columns, files and logs."""
    query = registry.stack.postgres.query
    database = registry.stack.name
    pattern = "|".join(map(re.escape, spellings(text)))
    tables = query(
        database,
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'm', 'p')"
        " AND relnamespace = 'public'::regnamespace ORDER BY 1",
    )
    found = set()
    for (table,) in tables:
        sql = f"""SELECT DISTINCT cell.key
                    FROM "{table}" AS row, jsonb_each_text(to_jsonb(row)) AS cell
                   WHERE cell.value ~ %s"""
        found |= {(table, column) for (column,) in query(database, sql, [pattern])}
    for file in filestore(registry.stack.name).rglob("*"):
        if file.is_file() and re.search(pattern.encode(), file.read_bytes()):
            found.add(("filestore", ""))
    for name, content in written():
        if re.search(pattern.encode(), content):
            found.add((name, ""))
    return found


@pytest.mark.parametrize("name", PLANTED)
def test_a_number_is_only_where_it_belongs(registry, logs, secrets, name):
    found = places(registry, logs, PLANTED[name])
    assert found <= KEPT | ELSEWHERE.get(name, set())


@pytest.mark.parametrize("name", ["form", "ended", "file", "api", "odk", "account"])
def test_the_search_finds_what_is_there(registry, logs, secrets, name):
    assert places(registry, logs, PLANTED[name]) & KEPT


def test_no_secret_is_anywhere(registry, logs, secrets):
    assert len(secrets) == 4
    for name, secret in secrets.items():
        assert not places(registry, logs, secret), name
