"""A row of the contract table finds what differs from it."""

import dataclasses

import pytest

from tests.contract.cases import CASES
from tests.contract.run import NotPrepared, run

ROWS = {case.name: case for case in CASES}
#: Of each operation a row that succeeds in both dialects.
DONE = {
    "link": "link new",
    "update": "update known",
    "unlink": "unlink without an address",
    "resolve": "resolve details",
}


def found(case, server):
    return [difference.what for difference in run(case, server).differences]


@pytest.mark.parametrize("version", ["1.1.0", "2.1"])
def test_another_answer_and_another_table(stand_ins, version):
    row = ROWS["link new"]
    assert found(row, stand_ins[version]) == []
    other = dataclasses.replace(row, expected=ROWS["update unknown"].expected)
    assert found(other, stand_ins[version]) == ["the answer"]
    other = dataclasses.replace(row, after={"N": 2})
    assert found(other, stand_ins[version]) == ["what SPAR holds"]


def test_another_message(stand_ins):
    row = dataclasses.replace(ROWS["link nothing"], message="Nothing to do")
    assert found(row, stand_ins["2.1"]) == ["the message"]
    assert found(row, stand_ins["1.1.0"]) == []


def test_what_a_row_begins_with_must_be_there(stand_ins, monkeypatch):
    server = stand_ins["2.1"]
    monkeypatch.setattr(server, "texts", lambda wallets: {"another": "row"})
    with pytest.raises(NotPrepared):
        run(ROWS["update known"], server)


@pytest.mark.parametrize("version", ["1.1.0", "2.1"])
@pytest.mark.parametrize("operation", DONE)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("locale", "fr"),
        ("timestamp", "2026-05-04T09:12:33+00:00"),
        ("id", "another"),
        ("fa", 7),
        ("additional_info", []),
        ("account_provider_info", {"name": "A bank"}),
    ],
)
def test_other_items(stand_ins, monkeypatch, version, operation, field, value):
    server, row = stand_ins[version], ROWS[DONE[operation]]
    ask = server.speaker.ask

    def changed(asked, items, *more):
        status, answer = ask(asked, items, *more)
        if asked == operation:
            for entry in server.speaker.entries(operation, answer):
                entry[field] = (
                    {"x": "y"} if field == "fa" and is_parts(entry) else value
                )
        return status, answer

    def is_parts(entry):
        return isinstance(entry.get("fa"), dict)

    monkeypatch.setattr(server.speaker, "ask", changed)
    told = {"locale", "timestamp", "id"}
    told |= {"resolve": {"fa", *RESOLVED}, "link": {"fa"}}.get(operation, set())
    if field == "fa" and (version, operation) == ("2.1", "resolve"):
        # No address of 2.x at all: `make contract` says so of the whole answer.
        with pytest.raises(KeyError):
            run(row, server)
    elif field in told:
        (only,) = found(row, server)
        assert only.startswith("r0: ")
    else:
        assert found(row, server) == []


RESOLVED = ("additional_info", "account_provider_info")
