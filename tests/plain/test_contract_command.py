"""``python3 -m tools contract`` as a process, against SPAR and Central."""

import json
import os
import signal
import subprocess
import time

import pytest

from tests.contract import central as table
from tests.contract.case import Ask
from tests.contract.foreign import ReadOnly
from tests.contract.speaker import COLUMNS
from tests.standin_central import StandInCentral
from tools import keys, odk_central, problems, settings
from tools.processes import child_environment

PREFIX = "contract-test-"
FORM = "payment_address"
SECRET = "right horse"


@pytest.fixture
def start(tmp_path, partner_files):
    """Return a function that starts the command."""

    def started(**chosen):
        argv = [settings.ODOO_VENV / "bin" / "python", "-m", "tools", "contract"]
        report = tmp_path / "report.html"
        report.unlink(missing_ok=True)
        return subprocess.Popen(
            argv,
            env=child_environment(REPORT=report, **chosen),
            cwd=settings.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started


@pytest.fixture
def run(start, tmp_path):
    """Return a function that runs it, and returns its code, text, page and errors."""

    def ran(**chosen):
        process = start(**chosen)
        text, errors = process.communicate(timeout=120)
        assert "Traceback" not in errors
        report = tmp_path / "report.html"
        page = report.read_text() if report.exists() else ""
        assert SECRET not in text + page + errors
        return process.returncode, text, page, errors

    return ran


def of(server, partner_files, **more):
    """Return the settings for a SPAR."""
    return {
        "SPAR_URL": server.speaker.url,
        "SENDER": keys.DEMO_SENDER,
        "KEY": partner_files.private_key,
        "CERTIFICATE": partner_files.certificate,
        **more,
    }


WRITE = {"WRITE": "yes", "PREFIX": PREFIX}


def operations(server):
    return {
        entry["operation"] for entry in json.loads(server.mapper.state())["requests"]
    }


# === SPAR === #


@pytest.mark.parametrize("version", COLUMNS)
def test_without_write_it_only_resolves(run, stand_ins, partner_files, version):
    server = stand_ins[version]
    server.prepare({"K": 1})
    server.mapper.forget()
    code, text, page, _errors = run(**of(server, partner_files))
    assert code == 0 and f"version {version}," in text
    assert " 0 differ" in text and " 0 differ" in page
    assert operations(server) == {"resolve"}
    assert list(server.rows()) == ["K"]


@pytest.mark.parametrize("operation", ["link", "update", "unlink"])
def test_without_write_nothing_else_can_be_sent(stand_ins, operation):
    server = stand_ins["2.1"]
    server.prepare({})
    server.mapper.forget()
    known = server.speaker
    reader = ReadOnly(known.column, known.url, known.key)
    with pytest.raises(PermissionError):
        reader.ask(operation, [server.item(operation, Ask("N", 1))])
    assert operations(server) == set()


@pytest.mark.parametrize("version", COLUMNS)
def test_with_write_it_runs_the_table_and_cleans_up(
    run, stand_ins, partner_files, version
):
    server = stand_ins[version]
    server.prepare({"K": 1, "N": 2})
    before = server.rows()
    server.mapper.forget()
    code, text, _page, _errors = run(**of(server, partner_files, **WRITE))
    assert code == 0 and "SPAR holds none of the IDs any more" in text
    assert "only with WRITE" not in text and "cannot carry the prefix" in text
    assert server.rows() == before
    done = json.loads(server.mapper.state())["applied"]
    assert done and all(PREFIX in json.dumps(entry) for entry in done)


def test_what_the_prefix_already_names_is_not_touched(run, stand_ins, partner_files):
    server = stand_ins["2.1"]
    server.prepare({f"{PREFIX}N": 1})
    before = server.rows()
    code, text, page, errors = run(**of(server, partner_files, **WRITE))
    assert (code, text, page) == (2, "", "")
    assert f"PREFIX={PREFIX}" in errors and f"{PREFIX}N" in errors
    assert server.rows() == before


@pytest.mark.parametrize("version", ["1.1", "2.1"])
@pytest.mark.parametrize("write", [{}, WRITE], ids=["read", "write"])
def test_a_spar_that_verifies_nothing_is_told(
    run, make_stand_in, partner_files, version, write
):
    believes = make_stand_in(version, None, None)
    code, text, page, _errors = run(**of(believes, partner_files, **write))
    assert code == 1
    for said in (text, page):
        assert "This SPAR does not verify signatures" in said
        assert "switch the verification of signatures on" in said.replace("\n", " ")
    assert "DIFFERS      another key" in text
    assert believes.rows() == {}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "code": 503, "operation": "update"},
        {"kind": "garbage", "operation": "update"},
        {"kind": "cut_after", "operation": "update", "count": 2},
        {"kind": "reorder", "operation": "link", "ids": [f"{PREFIX}M"]},
    ],
    ids=lambda fault: fault["kind"],
)
def test_other_answers_are_told_and_all_is_cleaned_up(
    run, stand_ins, partner_files, fault
):
    server = stand_ins["2.1"]
    server.prepare({})
    server.mapper.arm([fault])
    code, text, _page, _errors = run(**of(server, partner_files, **WRITE))
    assert code == 1 and "DIFFERS" in text and "It means: " in text
    assert "SPAR holds none of the IDs any more" in text
    assert server.rows() == {}
    server.mapper.disarm()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_interrupted_is_cleaned_up(
    start, stand_ins, partner_files, tmp_path, number
):
    server = stand_ins["1.1.0"]
    server.prepare({})
    server.mapper.arm([{"kind": "delay", "seconds": 0.1}])
    process = start(**of(server, partner_files, **WRITE))
    deadline = time.monotonic() + 60
    while not server.rows():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    time.sleep(0.05)
    # The second one must not leave anything behind either.
    process.send_signal(number)
    text, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    assert "Not finished: it was interrupted." in text
    assert "Not finished" in (tmp_path / "report.html").read_text()
    assert server.rows() == {}
    server.mapper.disarm()


def test_a_spar_that_goes_away_leaves_a_list_of_what_may_be_linked(
    start, make_stand_in, partner_files, partner_folder
):
    server = make_stand_in("2.1", None, partner_folder / "partners")
    server.mapper.arm([{"kind": "delay", "seconds": 0.05}])
    process = start(**of(server, partner_files, **WRITE))
    deadline = time.monotonic() + 60
    while not server.rows():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    server.stop()
    text, errors = process.communicate(timeout=100)
    assert process.returncode == 2 and "The run was not finished" in errors
    assert "These IDs may still be linked" in text and f"'{PREFIX}N'" in text


def test_a_partner_who_is_not_believed(run, stand_ins, partner_files):
    for version in COLUMNS:
        code, text, _page, errors = run(
            **of(stand_ins[version], partner_files, SENDER="nobody")
        )
        assert (code, text) == (2, "")
        assert "does not believe SENDER=nobody" in errors


def test_an_address_that_is_not_spars(run, central, partner_files):
    settings_ = {"SENDER": "me", "KEY": partner_files.private_key}
    code, _text, _page, errors = run(SPAR_URL=central.url, **settings_)
    assert code == 2 and "SPAR_URL: no answer of a SPAR" in errors


# === CENTRAL === #


@pytest.fixture(scope="module")
def central():
    running = StandInCentral(problems.free_port(28_950), "test-contract-central")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def filled(central):
    """Return a Central with an example of everything the table looks for."""
    central.disarm()
    central.reset()
    repeat = {"path": "/accounts", "name": "accounts", "type": "repeat"}
    central.do(
        "add_form",
        xml_form_id=FORM,
        fields=[*odk_central.questions(), repeat],
        definition=odk_central.definition(),
    )
    ids = [
        central.do("submit", form=FORM, data={"registrant_id": f"S{n}"}, late=9.0 - n)
        for n in range(6)
    ]
    central.do("submit", form=FORM, data={"accounts": [{"number": "1"}]})
    central.do("edit", form=FORM, instance_id=ids[0], data={"registrant_id": "9"})
    central.do("delete", form=FORM, instance_id=ids[1])
    central.do("review", form=FORM, instance_id=ids[2], state="approved")
    central.do("submit", form=FORM, instance_id="a.b")
    central.do("submit", form=FORM, data={"registrant_id": "x"}, encrypted=True)
    return central


def at(central, **more):
    """Return the settings for a Central."""
    return {
        "CENTRAL_URL": central.url,
        "CENTRAL_USER": "viewer@example.org",
        "CENTRAL_PASSWORD": SECRET,
        "CENTRAL_FORM": FORM,
        **more,
    }


@pytest.fixture
def visitor(filled):
    visitor = table.Visitor(filled.url, "viewer@example.org", SECRET)
    visitor.log_in()
    visitor.choose(form=FORM)
    yield visitor
    visitor.log_out()


def named(fact):
    return f"{fact.section}: {fact.name}".replace(" ", "-")


@pytest.mark.parametrize("fact", table.FACTS, ids=named)
def test_the_stand_in_for_central_answers_as(visitor, fact):
    if fact.check is table.drafts:
        with pytest.raises(table.NoExample):
            fact.check(visitor)
    else:
        assert fact.check(visitor) is None


@pytest.mark.parametrize("fact", table.FACTS, ids=named)
def test_no_row_holds_where_everything_is_answered_alike(visitor, fact, monkeypatch):
    examples = visitor.sample()
    same = 200, {"value": examples, "@odata.nextLink": "/?%24skiptoken=x"}, {}
    monkeypatch.setattr(visitor, "request", lambda *_a, **_k: same)
    with monkeypatch.context() as patch:
        patch.setattr(table.Visitor, "request", lambda *_a, **_k: same)
        patch.setattr(table.Visitor, "log_in", lambda self: None)
        row = table.row_of(fact, visitor)
    # These look at the examples, or expect what is answered here.
    alike = {table.about, table.encrypted, table.reviewed}
    assert (row.outcome == "DIFFERS") == (
        fact.check not in {*alike, table.single_plain, table.drafts}
    )


def test_central_is_only_read(run, filled):
    before = filled.state()["submissions"]
    filled.forget_requests()
    code, text, page, _errors = run(**at(filled))
    assert code == 0 and " 0 differ, 1 not run" in text and "0 differ" in page
    state = filled.state()
    assert state["submissions"] == before and state["sessions"] == 0
    verbs = {(verb, path) for verb, path in state["requests"] if verb != "GET"}
    assert verbs == {("POST", "/v1/sessions"), ("DELETE", "/v1/sessions/current")}


def test_a_form_with_submissions_is_found(run, filled):
    code, text, _page, _errors = run(**at(filled, CENTRAL_FORM=""))
    assert code == 0 and f"Form: {FORM} of project 1" in text


def test_a_central_that_answers_otherwise_is_told(run, filled):
    filled.arm({"kind": "status", "code": 501, "path": "orderby", "count": 100})
    code, text, _page, _errors = run(**at(filled))
    assert code == 1
    assert "DIFFERS      the order by date and ID" in text
    assert "came:     HTTP 501" in text
    assert "Submissions could be missed" in text
    assert filled.state()["sessions"] == 0


def test_a_user_central_refuses(run, filled):
    code, _text, _page, errors = run(**at(filled, CENTRAL_PASSWORD="wrong"))
    assert code == 2 and "refuses CENTRAL_USER with this CENTRAL_PASSWORD" in errors
    filled.arm({"kind": "status", "code": 404, "path": "/v1/sessions"})
    code, _text, _page, errors = run(**at(filled))
    assert code == 2 and "single sign-on" in errors


def test_a_form_the_user_does_not_see(run, filled):
    code, _text, _page, errors = run(**at(filled, CENTRAL_FORM="other"))
    assert code == 2 and "CENTRAL_FORM" in errors


def test_make_hands_the_settings_on(filled):
    answer = subprocess.run(
        ["make", "contract", f"CENTRAL_URL={filled.url}", "CENTRAL_PASSWORD=hidden"],
        cwd=settings.ROOT,
        env={**os.environ, "CENTRAL_USER": "viewer@example.org"},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 2
    assert "CENTRAL_PASSWORD is on the command line" in answer.stderr
