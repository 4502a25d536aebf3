"""The stand-in for SPAR answers like the mapper 1.1.0, and misbehaves when told to."""

import json
import threading
import time
from http.server import ThreadingHTTPServer

import pytest
import requests

from tests.standin_spar.mapper import Mapper
from tests.standin_spar.server import Handler


@pytest.fixture
def spar():
    """Return a stand-in in a thread of this process."""
    mapper = Mapper()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Bound", (Handler,), {"mapper": mapper})
    )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield Caller(f"http://127.0.0.1:{server.server_port}", mapper)
    server.shutdown()
    server.server_close()


class Caller:
    def __init__(self, url, mapper):
        self.url = url
        self.mapper = mapper
        self.session = requests.Session()
        self.session.trust_env = False

    def send(self, operation, *items, timeout=5):
        entries = [
            {"reference_id": f"r{place}", "id": spar_id, "fa": fa}
            for place, (spar_id, fa) in enumerate(items)
        ]
        body = {
            "header": {"message_id": "m"},
            "message": {f"{operation}_request": entries},
        }
        url = f"{self.url}/sync/{operation}"
        return self.session.post(url, json=body, timeout=timeout)

    def entries(self, operation, *items):
        answer = self.send(operation, *items).json()
        return answer["message"][f"{operation}_response"]

    def codes(self, operation, *items):
        entries = self.entries(operation, *items)
        return [entry["status_reason_code"] for entry in entries]

    def arm(self, **fault):
        self.session.post(f"{self.url}/control/fault", json=[fault], timeout=5)

    def state(self):
        return json.loads(self.mapper.state())


def test_one_code_for_opposite_refusals(spar):
    assert spar.codes("update", ("A", "1")) == ["rjct.reference_id.duplicate"]
    assert spar.codes("link", ("A", "1")) == [None]
    assert spar.codes("link", ("A", "2")) == ["rjct.reference_id.duplicate"]
    assert spar.codes("unlink", ("A", None)) == [None]
    assert spar.codes("unlink", ("A", None)) == ["rjct.id.invalid"]
    assert spar.codes("resolve", ("A", None)) == ["succ.fa.not_linked_to_id"]
    assert spar.state()["applied"] == [["link", "A", "1"], ["unlink", "A", None]]


def test_an_id_twice_in_a_link_fails_as_a_whole(spar):
    assert spar.send("link", ("A", "1"), ("B", "2"), ("A", "3")).status_code == 500
    assert spar.state()["rows"] == {}


@pytest.mark.parametrize(("kind", "rows"), [("cut_after", 1), ("cut_before", 0)])
def test_cut_connections(spar, kind, rows):
    spar.arm(kind=kind, count=1)
    with pytest.raises(requests.ConnectionError):
        spar.send("link", ("A", "1"))
    assert len(spar.state()["rows"]) == rows
    assert spar.state()["fired"] == {kind: 1}


def test_late_work_is_done_after_the_caller_gave_up(spar):
    spar.arm(kind="late", seconds=0.5)
    with pytest.raises(requests.Timeout):
        spar.send("link", ("A", "1"), timeout=0.1)
    assert spar.state()["rows"] == {}
    assert spar.state()["requests"][0]["over"] is None
    deadline = time.monotonic() + 5
    while spar.state()["requests"][0]["over"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert spar.state()["rows"] == {"A": "1"}


def test_partial_and_reordered_answers(spar):
    items = ("A", "1"), ("B", "2"), ("C", "3")
    spar.arm(kind="partial", count=1)
    references = [entry["reference_id"] for entry in spar.entries("link", *items)]
    assert references == ["r0", "r1"]
    assert len(spar.state()["rows"]) == 3
    spar.arm(kind="reorder", count=1)
    references = [entry["reference_id"] for entry in spar.entries("update", *items)]
    assert references == ["r2", "r1", "r0"]


def test_statuses_rejections_and_garbage(spar):
    spar.arm(kind="status", code=429, retry_after=7, count=1)
    answer = spar.send("link", ("A", "1"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    spar.arm(kind="reject", code="rjct.jwt.invalid", count=1)
    answer = spar.send("link", ("A", "1")).json()
    assert answer["header"]["status_reason_code"] == "rjct.jwt.invalid"
    assert answer["message"] == {}
    assert spar.state()["rows"] == {}
    spar.arm(kind="garbage", count=1)
    with pytest.raises(ValueError, match="."):
        spar.send("link", ("A", "1")).json()
    assert spar.state()["rows"] == {"A": "1"}


def test_only_some_items_are_refused(spar):
    spar.arm(kind="refuse", code="rjct.fa.invalid", ids=["B"])
    codes = spar.codes("link", ("A", "1"), ("B", "2"), ("C", "3"))
    assert codes == [None, "rjct.fa.invalid", None]
    assert set(spar.state()["rows"]) == {"A", "C"}


def test_faults_meet_only_what_they_are_for_and_are_counted(spar):
    spar.arm(kind="status", code=503, operation="update", name="down")
    assert spar.codes("link", ("A", "1")) == [None]
    assert spar.state()["fired"] == {"down": 0}
    assert spar.send("update", ("A", "2")).status_code == 503
    assert spar.state()["fired"] == {"down": 1}
    spar.mapper.disarm()
    assert spar.codes("update", ("A", "2")) == [None]
    assert spar.state()["fired"] == {"down": 1}


def test_unknown_faults_are_refused(spar):
    with pytest.raises(ValueError, match="unknown fault"):
        spar.mapper.arm([{"kind": "weather"}])
