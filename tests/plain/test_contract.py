"""The stand-in answers as each version of SPAR does: the table, without any server.

That the real mapper 1.1.0 answers the same is in ``tests/system/test_real_mapper.py``.
"""

import threading

import pytest

from tests.contract import signatures
from tests.contract.case import (
    DUPLICATE,
    Ask,
    answered,
    item_of,
    wallet_parts,
    wallet_text,
)
from tests.contract.cases import CASES
from tests.contract.run import Server, run
from tests.contract.speaker import COLUMNS, Key, Speaker
from tools import keys

DIALECT_A = [name for name, column in COLUMNS.items() if column.dialect == "A"]
DIALECT_B = [name for name, column in COLUMNS.items() if column.dialect == "B"]


def rows_of_the_table():
    """Return every column's part of the table."""
    for name, column in COLUMNS.items():
        for case in CASES:
            if column.dialect in case.expected:
                yield pytest.param(name, case, id=f"{name}-{case}")


@pytest.mark.parametrize(("version", "case"), rows_of_the_table())
def test_the_stand_in_answers_as(stand_ins, version, case):
    assert not run(case, stand_ins[version]).differences


def test_each_row_names_the_real_version_it_was_seen_on():
    for row in (*CASES, *signatures.TRIALS):
        assert all(row.seen[column] for column in row.expected), row.name


@pytest.mark.parametrize("version", COLUMNS)
@pytest.mark.parametrize("trial", signatures.TRIALS, ids=str)
def test_who_is_believed(stand_ins, version, trial):
    expected = trial.expected[version]
    summary, stored = signatures.attempt(trial, stand_ins[version])
    assert summary == expected
    assert stored == (expected in (signatures.HEARD_A, signatures.HEARD_B))


@pytest.mark.parametrize("version", COLUMNS)
def test_another_key_is_believed_by_no_version(stand_ins, partner_folder, version):
    other = Key(keys.make_partner_key(partner_folder / "other"))
    for trial in (
        signatures.with_another_key(other),
        signatures.with_its_own_certificate(other),
    ):
        summary, stored = signatures.attempt(trial, stand_ins[version])
        assert summary == trial.expected[version]
        assert not stored


@pytest.mark.parametrize("version", COLUMNS)
def test_an_unknown_partner(stand_ins, version):
    known = stand_ins[version]
    column, url, key = known.speaker.column, known.speaker.url, known.speaker.key
    nobody = Speaker(column, url, key, sender="nobody")
    stranger = Server(nobody, known.rows, known.clear)
    trial = signatures.Trial("unknown", signatures.signed, signatures.NO_VERDICT)
    summary, stored = signatures.attempt(trial, stranger)
    assert summary == signatures.NO_VERDICT[version]
    assert not stored


@pytest.mark.parametrize("version", ["1.1.0", "1.1", "2.1"])
@pytest.mark.parametrize("seconds", [0, 0.01])
def test_a_key_service_that_is_down_or_hangs(stand_ins, version, seconds):
    server = stand_ins[version]
    server.prepare({})
    server.mapper.arm([{"kind": "keys_down", "seconds": seconds, "count": 1}])
    item = item_of("link", Ask("N", 1), 0, server.dialect)
    answer = server.speaker.ask("link", [item])
    expected = signatures.CRASH if seconds else signatures.NO_VERDICT[version]
    assert server.speaker.summary("link", *answer) == expected
    assert server.rows() == {}


def test_the_newest_believes_a_partner_in_both_keys_while_they_change(
    make_stand_in, tmp_path
):
    old, new = (keys.make_partner_key(tmp_path / name) for name in ("old", "new"))
    partners = tmp_path / "partners"
    registered = keys.register_partner(old.certificate, partners)
    registered.write_bytes(old.certificate.read_bytes() + new.certificate.read_bytes())
    server = make_stand_in("newest", None, partners)
    for files in (old, new):
        server.speaker.key = Key(files)
        answer = server.speaker.ask("update", [item_of("update", Ask("N", 1), 0, "B")])
        assert server.speaker.summary("update", *answer)[1] == "SUCCESS"


class Clock:
    """A clock that only moves when it is set."""

    seconds = 0

    def __call__(self):
        return self.seconds


@pytest.fixture
def newest(make_stand_in, tmp_path):
    """A stand-in of the newest that has looked up nothing yet, and its clock."""
    files = keys.make_partner_key(tmp_path / "key")
    (tmp_path / "partners").mkdir()
    server = make_stand_in("newest", Key(files), tmp_path / "partners")
    server.certificate = files.certificate
    server.clock = server.verifier.clock = Clock()
    return server


def is_believed(server):
    answer = server.speaker.ask("update", [item_of("update", Ask("N", 1), 0, "B")])
    summary = server.speaker.summary("update", *answer)
    assert summary[1] == "SUCCESS" or summary == signatures.REFUSED_B
    return summary[1] == "SUCCESS"


def test_the_newest_keeps_that_a_partner_is_unknown(newest):
    assert not is_believed(newest)
    keys.register_partner(newest.certificate, newest.verifier.partners)
    newest.clock.seconds = 29
    assert not is_believed(newest)
    newest.clock.seconds = 30
    assert is_believed(newest)


def test_the_newest_does_not_know_a_new_key_at_once(newest, tmp_path):
    keys.register_partner(newest.certificate, newest.verifier.partners)
    assert is_believed(newest)
    files = keys.make_partner_key(tmp_path / "new")
    keys.register_partner(files.certificate, newest.verifier.partners)
    newest.speaker.key = Key(files)
    newest.clock.seconds = 9
    assert not is_believed(newest)
    newest.clock.seconds = 10
    assert is_believed(newest)


def test_the_newest_refuses_while_its_partner_manager_is_down(newest):
    keys.register_partner(newest.certificate, newest.verifier.partners)
    down = {"kind": "keys_down", "seconds": 0}
    newest.mapper.arm([down])
    assert not is_believed(newest)
    newest.mapper.disarm()
    assert is_believed(newest)
    # What it has looked up before goes on to count.
    newest.mapper.arm([down])
    newest.clock.seconds = 301
    assert is_believed(newest)


def test_a_spar_that_does_not_verify_believes_everyone(make_stand_in, partner_folder):
    other = Key(keys.make_partner_key(partner_folder / "other"))
    server = make_stand_in("newest", other, None)
    for trial in (signatures.with_another_key(other), *signatures.TRIALS):
        if trial.expected["newest"] in (signatures.HEARD_B, signatures.REFUSED_B):
            summary, _stored = signatures.attempt(trial, server)
            assert summary == signatures.HEARD_B


@pytest.mark.parametrize("version", DIALECT_B)
def test_without_strategies_every_link_fails_and_every_query_is_answered(
    stand_ins, version
):
    server = stand_ins[version]
    server.prepare({})
    kept = dict(server.mapper.strategies)
    server.mapper.strategies.clear()
    try:
        for operation, expected in (("link", "ERROR"), ("resolve", "SUCCESS")):
            item = item_of(operation, Ask("N", 1), 0, "B")
            if operation == "resolve":
                item.pop("fa")
            answer = server.speaker.ask(operation, [item])
            assert server.speaker.summary(operation, *answer)[1] == expected
    finally:
        server.mapper.strategies.update(kept)


@pytest.mark.parametrize("version", COLUMNS)
def test_methods_and_paths(stand_ins, version):
    speaker = stand_ins[version].speaker
    body = speaker.canonical(speaker.envelope("link", []))

    def ask(path, method="POST"):
        signature = speaker.key.sign(body)
        status, answer = speaker.post("link", body, signature, path, method)
        return status, answer["errors"][0]["code"]

    assert ask(speaker.path("link"), "GET") == (405, "G2P-REQ-405")
    other = "/mapper/link" if speaker.column.dialect == "A" else "/sync/link"
    assert ask(other) == (404, "G2P-REQ-404")
    assert ask("/nothing") == (404, "G2P-REQ-404")
    assert speaker.post("link", b"", None, "/ping", "GET") == (200, "pong")


@pytest.mark.parametrize("version", COLUMNS)
def test_of_parallel_links_of_one_id_one_is_done(stand_ins, version):
    server = stand_ins[version]
    server.prepare({})
    answers = link_side_by_side(server)
    assert len([a for a in answers if a[3] == ["r0: succ"]]) == 1
    assert {word for a in answers for word in a[3]} <= {
        "r0: succ",
        f"r0: {DUPLICATE}",
    }
    assert list(server.rows()) == ["N"]


def link_side_by_side(server, count=8):
    """Link one ID many times at the same time; return the summaries."""
    answers = []

    def link(number):
        item = item_of("link", Ask("N", number), 0, server.dialect)
        old = server.speaker
        speaker = Speaker(old.column, old.url, old.key)
        answers.append(speaker.summary("link", *speaker.ask("link", [item])))

    threads = [threading.Thread(target=link, args=[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# === WHAT IS STORED === #


@pytest.mark.parametrize("version", COLUMNS)
def test_an_update_leaves_what_it_does_not_name(stand_ins, version):
    server = stand_ins[version]
    server.prepare({})
    details = {"name": "A. Person", "phone_number": "+2557"}
    first = item_of("link", Ask("N", 1, extra=details), 0, server.dialect)
    server.speaker.ask("link", [first])
    made = server.row("N")
    assert (made["name"], made["phone"]) == ("A. Person", "+2557")
    later = {"name": "", "phone_number": None, "additional_info": []}
    second = item_of("update", Ask("N", 2, extra=later), 0, server.dialect)
    server.speaker.ask("update", [second])
    changed = server.row("N")
    assert changed == {**made, "fa": wallet_text(2, server.dialect)}
    third = item_of("update", Ask("N", 3, extra={"name": "B."}), 0, server.dialect)
    server.speaker.ask("update", [third])
    changed = server.row("N")
    assert (changed["name"], changed["phone"]) == ("B.", "+2557")


@pytest.mark.parametrize("version", DIALECT_A)
def test_an_update_without_the_strategy_leaves_a_stale_one(stand_ins, version):
    server = stand_ins[version]
    server.prepare({"N": 1})
    item = item_of("update", Ask("N", "another kind", ("additional_info",)), 0, "A")
    server.speaker.ask("update", [item])
    row = server.row("N")
    assert (row["fa"], row["additional_info"]) == ("another kind", [{"strategy_id": 4}])


BANK = {
    "strategy_id": 2,
    "fa_type": "BANK",
    "bank_name": "First {x} Bank",
    "bank_code": "F.B",
    "branch_name": "ሰሜን",
    "branch_code": "NB01",
    "account_number": "0123.456",
}
BANK_TEXT = (
    "account_number:0123.456.branch_name:ሰሜን.branch_code:NB01"
    ".bank_name:First {x} Bank.bank_code:F.B.fa_type:BANK"
)
MAIL = {
    "strategy_id": 3,
    "fa_type": "EMAIL_WALLET",
    "wallet_provider_name": "MailPay",
    "wallet_provider_code": "MP",
    "email_address": "a.b@example.org",
}
BRIDGE = {**BANK, "strategy_id": 5}
BRIDGE_TEXT = (
    "account_number:0123.456.branch_code:NB01.bank_code:F.B"
    ".mobile_number:.email_address:.fa_type:BANK_ACCOUNT"
)
BRIDGE_BACK = {
    "strategy_id": 5,
    "account_number": "0123.456",
    "branch_code": "NB01",
    "bank_code": "F.B",
    "mobile_number": "",
    "email_address": "",
    "fa_type": "BANK_ACCOUNT",
}
NEWLINE = {**wallet_parts(1), "wallet_provider_name": "M\nCash"}


@pytest.mark.parametrize("version", DIALECT_B)
@pytest.mark.parametrize(
    ("sent", "stored", "told"),
    [
        (wallet_parts(1), wallet_text(1, "B"), wallet_parts(1)),
        (BANK, BANK_TEXT, BANK),
        (MAIL, None, MAIL),
        (BRIDGE, BRIDGE_TEXT, BRIDGE_BACK),
        # A line break is where reading back ends.
        (NEWLINE, None, {"strategy_id": 4}),
        ({**wallet_parts(1), "extra": "x"}, wallet_text(1, "B"), wallet_parts(1)),
    ],
    ids=["wallet", "bank", "mail", "bridge", "newline", "extra"],
)
def test_structured_addresses_are_written_and_read_back(
    stand_ins, version, sent, stored, told
):
    server = stand_ins[version]
    found = link_and_resolve(server, Ask("N", sent, ("additional_info",)))
    assert found["fa"] == told
    assert found["additional_info"] == [{"strategy_id": sent["strategy_id"]}]
    if stored:
        assert server.rows() == {"N": stored}


@pytest.mark.parametrize("version", DIALECT_B)
def test_the_strategy_is_noted_unless_the_partner_names_one(stand_ins, version):
    server = stand_ins[version]
    for sent, kept, told in [
        ([{"source": "sr"}], [{"source": "sr", "strategy_id": 4}], wallet_parts(1)),
        ([{}, {"b": 1}], [{"strategy_id": 4}, {"b": 1}], wallet_parts(1)),
        ([{"strategy_id": 2}], [{"strategy_id": 2}], {"strategy_id": 2}),
        ([{"strategy_id": 99}], [{"strategy_id": 99}], {}),
    ]:
        ask = Ask("N", wallet_parts(1), extra={"additional_info": sent})
        found = link_and_resolve(server, ask)
        assert (found["additional_info"], found["fa"]) == (kept, told)


@pytest.mark.parametrize("version", DIALECT_B)
def test_rows_without_a_strategy_have_no_readable_address(stand_ins, version):
    server = stand_ins[version]
    server.prepare({"N": 1})
    row = server.mapper.table.rows["N"]
    for info, told in [(None, None), ([], None), ([{"source": "sr"}], {})]:
        row.additional_info = info
        item = item_of("resolve", Ask("N", extra={"scope": "details"}), 0, "B")
        _status, answer = server.speaker.ask("resolve", [item])
        (found,) = server.speaker.entries("resolve", answer)
        assert (found["id"], found["fa"]) == ("N", told)


def link_and_resolve(server, ask):
    """Link one item on an empty table; return what a resolve tells of it."""
    server.prepare({})
    linked = server.speaker.ask("link", [item_of("link", ask, 0, server.dialect)])
    assert server.speaker.summary("link", *linked)[3] == ["r0: succ"]
    question = Ask(ask.id, extra={"scope": "details"})
    _status, answer = server.speaker.ask(
        "resolve", [item_of("resolve", question, 0, server.dialect)]
    )
    (found,) = server.speaker.entries("resolve", answer)
    return found


@pytest.mark.parametrize("version", DIALECT_A)
def test_any_script_comes_back_from_dialect_a(stand_ins, version):
    server = stand_ins[version]
    for name in signatures.NAMES:
        found = link_and_resolve(server, Ask("N", name, extra={"name": name}))
        assert found["fa"] == name
        assert server.row("N")["name"] == name


@pytest.mark.parametrize("version", DIALECT_B)
def test_any_script_comes_back_from_dialect_b(stand_ins, version):
    server = stand_ins[version]
    for name in signatures.NAMES:
        wallet = {**wallet_parts(1), "wallet_provider_name": name}
        found = link_and_resolve(server, Ask("N", wallet, extra={"name": name}))
        assert found["fa"] == wallet
        assert server.row("N")["name"] == name


@pytest.mark.parametrize("version", COLUMNS)
def test_more_ids_than_a_statement_takes(stand_ins, version):
    server = stand_ins[version]
    items = [item_of("resolve", Ask(f"N{n}"), n, server.dialect) for n in range(32_768)]
    status, answer = server.speaker.ask("resolve", items)
    summary = server.speaker.summary("resolve", status, answer)
    assert summary == (
        signatures.CRASH
        if server.dialect == "A"
        else (200, "ERROR", "rjct.internal.error", [])
    )
    status, answer = server.speaker.ask("resolve", items[:32_767])
    assert (
        server.speaker.summary("resolve", status, answer)[:3]
        == answered()[server.dialect][:3]
    )
