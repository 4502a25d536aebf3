"""The stand-in for SPAR misbehaves when told to, whichever dialect it speaks.

What it answers otherwise is in ``test_contract.py``.
"""

import json
import time

import pytest
import requests

from tests.contract.case import Ask, item_of
from tests.contract.speaker import COLUMNS, Speaker
from tests.standin_spar.server import make_server


@pytest.fixture(params=["1.1.0", "2.1"])
def spar(request):
    """Return a stand-in in a thread of this process, which believes everybody."""
    server = make_server(version=request.param).start()
    yield Caller(COLUMNS[request.param], server.url, server.mapper)
    server.stop()


class Caller(Speaker):
    """Sends unsigned requests about wallets."""

    def __init__(self, column, url, mapper):
        super().__init__(column, url, None)
        self.mapper = mapper

    def send(self, operation, *wallets, timeout=5):
        items = [
            item_of(operation, Ask(spar_id, number), place, self.column.dialect)
            for place, (spar_id, number) in enumerate(wallets)
        ]
        url = self.url + self.path(operation)
        body = self.envelope(operation, items)
        return self.session.post(url, json=body, timeout=timeout)

    def words(self, operation, *wallets):
        """Return what became of each item, in few words."""
        answer = self.send(operation, *wallets)
        return self.summary(operation, answer.status_code, answer.json())[3]

    def arm(self, **fault):
        self.session.post(f"{self.url}/control/fault", json=[fault], timeout=5)

    def state(self):
        return json.loads(self.mapper.state())

    def ids(self):
        return set(self.state()["rows"])


def test_requests_are_recorded(spar):
    assert spar.words("update", ("A", 1)) == ["r0: rjct.reference_id.duplicate"]
    assert spar.words("link", ("A", 1)) == ["r0: succ"]
    assert spar.words("unlink", ("A", None)) == ["r0: succ"]
    fa = spar.state()["applied"][0][2]
    assert fa.startswith("mobile_number:+255700000001.")
    assert spar.state()["applied"] == [["link", "A", fa], ["unlink", "A", None]]
    operations = [request["operation"] for request in spar.state()["requests"]]
    assert operations == ["update", "link", "unlink"]
    assert all(request["over"] for request in spar.state()["requests"])


@pytest.mark.parametrize(("kind", "rows"), [("cut_after", 1), ("cut_before", 0)])
def test_cut_connections(spar, kind, rows):
    spar.arm(kind=kind, count=1)
    with pytest.raises(requests.ConnectionError):
        spar.send("link", ("A", 1))
    assert len(spar.state()["rows"]) == rows
    assert spar.state()["fired"] == {kind: 1}


def test_late_work_is_done_after_the_caller_gave_up(spar):
    spar.arm(kind="late", seconds=0.5)
    with pytest.raises(requests.Timeout):
        spar.send("link", ("A", 1), timeout=0.1)
    assert spar.state()["rows"] == {}
    assert spar.state()["requests"][0]["over"] is None
    deadline = time.monotonic() + 5
    while spar.state()["requests"][0]["over"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert spar.ids() == {"A"}


def test_partial_and_reordered_answers(spar):
    wallets = ("A", 1), ("B", 2), ("C", 3)
    spar.arm(kind="partial", count=1)
    assert spar.words("link", *wallets) == ["r0: succ", "r1: succ"]
    assert len(spar.ids()) == 3
    spar.arm(kind="reorder", count=1)
    assert spar.words("update", *wallets) == ["r2: succ", "r1: succ", "r0: succ"]


def test_statuses_rejections_and_garbage(spar):
    spar.arm(kind="status", code=429, retry_after=7, count=1)
    answer = spar.send("link", ("A", 1))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    spar.arm(kind="reject", code="rjct.internal.error", count=1)
    answer = spar.send("link", ("A", 1))
    _status, word, code, items = spar.summary("link", 200, answer.json())
    assert word in ("rjct", "ERROR")
    assert (code, items) == ("rjct.internal.error", [])
    assert spar.state()["rows"] == {}
    spar.arm(kind="garbage", count=1)
    with pytest.raises(ValueError, match="."):
        spar.send("link", ("A", 1)).json()
    assert spar.ids() == {"A"}


def test_only_some_items_are_refused(spar):
    spar.arm(kind="refuse", code="rjct.fa.invalid", ids=["B"])
    words = spar.words("link", ("A", 1), ("B", 2), ("C", 3))
    assert words == ["r0: succ", "r1: rjct.fa.invalid", "r2: succ"]
    assert spar.ids() == {"A", "C"}


def test_faults_apply_only_to_their_requests_and_are_counted(spar):
    spar.arm(kind="status", code=503, operation="update", name="down")
    assert spar.words("link", ("A", 1)) == ["r0: succ"]
    assert spar.state()["fired"] == {"down": 0}
    assert spar.send("update", ("A", 2)).status_code == 503
    assert spar.state()["fired"] == {"down": 1}
    spar.mapper.disarm()
    assert spar.words("update", ("A", 2)) == ["r0: succ"]
    assert spar.state()["fired"] == {"down": 1}


def test_unknown_faults_are_refused(spar):
    with pytest.raises(ValueError, match="unknown fault"):
        spar.mapper.arm([{"kind": "weather"}])
