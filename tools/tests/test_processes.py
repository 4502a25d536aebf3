"""Processes are found again, end with their children, and no stranger is killed."""

import json
import os
import sys
import time

import pytest

from tools import processes, settings
from tools.problems import Problem
from tools.processes import Process

# Starts a child of its own, which ignores the polite signal, and says its number.
PARENT = """
import subprocess, sys, time
ignore = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", ignore])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(settings, "RUN", tmp_path / "run")


def make(name, script):
    return Process(name, [sys.executable, "-c", script])


def child_of(process):
    for _attempt in range(200):
        text = process.log.read_text()
        if text.endswith("\n"):
            return int(text)
        time.sleep(0.05)
    raise AssertionError("the child did not start")


def gone(pid):
    for _attempt in range(100):
        if processes.started_at(pid) is None:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_ends_with_its_children(end):
    process = make("parent", PARENT).start()
    child = child_of(process)
    assert process.alive
    getattr(process, end)()
    assert not process.alive
    assert gone(child)


def test_another_run_finds_and_stops_it():
    process = make("sleeper", "import time; time.sleep(60)").start()
    again = Process("sleeper")
    assert again.alive
    with pytest.raises(Problem, match="running already"):
        again.start()
    assert processes.stop_all() == ["sleeper"]
    assert not process.alive


def test_recycled_number_is_never_killed():
    settings.RUN.mkdir()
    note = {"pid": os.getpid(), "started": "long ago"}
    (settings.RUN / "old.json").write_text(json.dumps(note))
    process = Process("old")
    assert not process.alive
    # Would end this test run.
    process.stop()
    assert not (settings.RUN / "old.json").exists()


def test_failed_start_shows_the_log():
    process = make("broken", "raise SystemExit('no fuel')").start()
    with pytest.raises(Problem, match="no fuel"):
        process.wait_http("http://127.0.0.1:9/", 10)


def test_missing_program():
    with pytest.raises(Problem, match="cannot be started"):
        Process("ghost", ["/nowhere/ghost"]).start()
