"""The real mapper 1.1.0 answers as the table says, and the stand-in as the real one.

The table is ``tests/contract``; the other versions are in ``tests/plain``.
"""

import json
import subprocess
import threading
import time

import pytest
from conftest import free_ports

from tests.contract import client as under_test
from tests.contract import signatures
from tests.contract.case import DUPLICATE, Ask, item_of
from tests.contract.run import Server, cases_for, run
from tests.contract.speaker import COLUMNS, Key, Speaker
from tests.standin_spar.server import make_server
from tools import key_service, keys, settings
from tools.processes import child_environment
from tools.spar_mapper import SparMapper

COLUMN = COLUMNS["1.1.0"]
DATABASE = "test_contract_spar"


class TroubledKeys(key_service.Handler):
    """A key service with troubles: an HTTP error, or no answer for some seconds."""

    trouble = None

    def _verify(self, body):
        if self.trouble is None:
            super()._verify(body)
        elif self.trouble:
            time.sleep(self.trouble)
        else:
            self._send(503, {"error": "down"})


class Real:
    """A real mapper and a stand-in side by side, for the same partner."""

    def __init__(self, postgres, folder):
        self.folder = folder
        partners = folder / "partners"
        self.files = keys.demo_partner_key(folder / "keys", partners)
        self.key = Key(self.files)
        key_port, mapper_port = free_ports(2)
        self.keys = key_service.make_server("127.0.0.1", key_port, partners)
        self.handler = type(
            "Troubled", (TroubledKeys, self.keys.RequestHandlerClass), {}
        )
        self.keys.RequestHandlerClass = self.handler
        threading.Thread(target=self.keys.serve_forever, daemon=True).start()
        self.stand_in = make_server(partners=partners).start()
        postgres.drop_database(DATABASE)
        self.mapper = SparMapper(
            postgres,
            mapper_port,
            DATABASE,
            f"http://127.0.0.1:{key_port}",
            name="test-contract-spar-mapper",
        ).start()
        self.server = Server(
            Speaker(COLUMN, self.mapper.url, self.key),
            self.mapper.rows,
            self.mapper.clear,
        )
        table = self.stand_in.mapper
        self.other = Server(
            Speaker(COLUMN, self.stand_in.url, self.key),
            lambda: json.loads(table.state())["rows"],
            lambda: table.reset(rows=True),
        )

    def stop(self):
        self.mapper.stop()
        self.stand_in.stop()
        self.keys.shutdown()
        self.keys.server_close()


@pytest.fixture(scope="module")
def real(postgres, tmp_path_factory):
    real = Real(postgres, tmp_path_factory.mktemp("contract"))
    yield real
    real.stop()


@pytest.mark.parametrize(
    "case", [case for case in cases_for("A") if case.outcomes is not None], ids=str
)
def test_the_client_understands_the_real_mapper(real, case):
    with under_test.make_client(real.server, real.files) as client:
        under_test.check(case, real.server, client)


def without_times(answer):
    """Return an answer with its times replaced by one word."""
    if isinstance(answer, dict):
        return {
            name: "a time" if name in ("timestamp", "message_ts") else without_times(v)
            for name, v in answer.items()
        }
    return [without_times(v) for v in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize("case", cases_for("A"), ids=str)
def test_real_mapper_and_stand_in_answer_as_the_table_says(real, case):
    answers = [run(case, server) for server in (real.server, real.other)]
    assert [answer.differences for answer in answers] == [[], []]
    told, told_by_other = (without_times([a.status, a.answer]) for a in answers)
    assert told_by_other == told


@pytest.mark.parametrize("trial", signatures.TRIALS, ids=str)
def test_who_the_real_mapper_believes(real, trial):
    believe(real, trial)


def test_the_real_mapper_believes_no_other_key(real):
    other = Key(keys.make_partner_key(real.folder / "other"))
    believe(real, signatures.with_another_key(other))
    believe(real, signatures.with_its_own_certificate(other))


def test_the_real_mapper_and_an_unknown_partner(real):
    speaker = Speaker(COLUMN, real.mapper.url, real.key, sender="nobody")
    real.server.prepare({})
    stranger = Server(speaker, real.server.rows, real.server.clear)
    trial = signatures.Trial("unknown", signatures.signed, signatures.NO_VERDICT)
    summary, stored = signatures.attempt(trial, stranger)
    assert (summary, stored) == (signatures.REFUSED_A, False)


@pytest.mark.parametrize(
    ("trouble", "expected"), [(0, signatures.REFUSED_A), (7, signatures.CRASH)]
)
def test_the_real_mapper_and_a_key_service_in_trouble(real, trouble, expected):
    real.server.prepare({})
    real.handler.trouble = trouble
    try:
        answer = real.server.speaker.ask("link", [item_of("link", Ask("N", 1), 0, "A")])
    finally:
        real.handler.trouble = None
    assert real.server.speaker.summary("link", *answer) == expected
    assert real.server.rows() == {}


def believe(real, trial):
    """Compare a trial with the table, and with the stand-in."""
    expected = trial.expected[COLUMN.name]
    for server in (real.server, real.other):
        summary, stored = signatures.attempt(trial, server)
        assert summary == expected
        assert stored == (expected == signatures.HEARD_A)


@pytest.mark.parametrize("write", [{}, {"WRITE": "yes", "PREFIX": "contract-"}])
def test_make_contract_finds_the_real_mapper_as_expected(real, tmp_path, write):
    real.server.prepare({"N": 1})
    before = real.server.rows()
    done = subprocess.run(
        [settings.ODOO_VENV / "bin" / "python", "-m", "tools", "contract"],
        env=child_environment(
            SPAR_URL=real.mapper.url,
            SENDER=keys.DEMO_SENDER,
            KEY=real.files.private_key,
            CERTIFICATE=real.files.certificate,
            REPORT=tmp_path / "report.html",
            **write,
        ),
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "version 1.1.0," in done.stdout and " 0 differ" in done.stdout
    assert real.server.rows() == before


def test_any_script_comes_back_from_the_real_mapper(real):
    speaker = real.server.speaker
    real.server.prepare({})
    for place, name in enumerate(signatures.NAMES):
        ask = Ask(f"N{place}", name, extra={"name": name})
        speaker.ask("link", [item_of("link", ask, 0, "A")])
        question = Ask(ask.id, extra={"scope": "details"})
        _status, answer = speaker.ask("resolve", [item_of("resolve", question, 0, "A")])
        (found,) = speaker.entries("resolve", answer)
        assert found["fa"] == name
    rows = real.mapper.postgres.query(
        DATABASE, "SELECT name FROM id_fa_mappings ORDER BY id_value"
    )
    assert [name for (name,) in rows] == signatures.NAMES


def test_an_update_leaves_in_the_real_table_what_it_does_not_name(real):
    kept = []
    for server, rows in ((real.server, real_rows), (real.other, stand_in_rows)):
        server.prepare({})
        details = {"name": "A. Person", "phone_number": "+2557"}
        for operation, ask in (
            ("link", Ask("N", 1, extra=details)),
            ("update", Ask("N", 2, extra={"name": "", "additional_info": []})),
            ("update", Ask("N", 3, extra={"phone_number": "+2558"})),
        ):
            server.speaker.ask(operation, [item_of(operation, ask, 0, "A")])
        kept.append(rows(real))
    assert kept[0] == kept[1]
    assert kept[0][1:] == ("A. Person", "+2558", [{"strategy_id": 4}], True)


def real_rows(real):
    statement = """SELECT fa_value, name, phone, additional_info,
                          updated_at - created_at < INTERVAL '5 ms'
                     FROM id_fa_mappings"""
    (row,) = real.mapper.postgres.query(DATABASE, statement)
    return row


def stand_in_rows(real):
    row = json.loads(real.stand_in.mapper.details())["N"]
    columns = ("fa", "name", "phone", "additional_info")
    untouched = row["updated_at"] == row["created_at"]
    return (*(row[name] for name in columns), untouched)


def test_the_real_mapper_knows_methods_and_paths(real):
    for server in (real.server, real.other):
        speaker = server.speaker
        body = speaker.canonical(speaker.envelope("link", []))
        for path, method, expected in (
            ("/sync/link", "GET", (405, "G2P-REQ-405")),
            ("/mapper/link", "POST", (404, "G2P-REQ-404")),
        ):
            status, answer = speaker.post("link", body, "a.b.c", path, method)
            assert (status, answer["errors"][0]["code"]) == expected


def test_of_parallel_links_of_one_id_the_real_mapper_does_one(real):
    """Last in this file: the losers' connections stay open at the mapper."""
    real.server.prepare({})
    answers = []

    def link(number):
        speaker = Speaker(COLUMN, real.mapper.url, real.key)
        item = item_of("link", Ask("N", number), 0, "A")
        answers.append(speaker.summary("link", *speaker.ask("link", [item])))

    threads = [threading.Thread(target=link, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(threads)
    done = [answer for answer in answers if answer == signatures.HEARD_A]
    lost = [answer for answer in answers if answer not in done]
    assert len(done) == 1
    refused = 200, "succ", None, [f"r0: {DUPLICATE}"]
    assert all(answer in (refused, signatures.CRASH) for answer in lost)
    assert list(real.server.rows()) == ["N"]
