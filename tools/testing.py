"""``make test``: runs the test suites and sums them up.

========  ==========================================================================
plain     ``tools/tests`` and ``tests/plain``: no server at all
addons    tests of the addons, inside Odoo, on a database without demo data
system    ``tools/tests_system`` and ``tests/system``: real processes, real crashes
========  ==========================================================================

All together, the system suite runs on this terminal and the two others at the same
time; what they print follows at the end. ``ONLY=plain`` runs one suite;
``SPAR_TESTS="system -k crash"`` also passes options on to pytest. ``FULL=1`` adds the
largest tests, as CI does.
"""

import os
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from . import chromium, settings
from .odoo_server import OdooServer, drop_database, duplicate_database
from .postgres import Postgres
from .problems import Problem
from .processes import child_environment
from .templates import prepared_template
from .test_report import Report, read_report

SUITES = ["plain", "addons", "system"]
#: The suite whose output is seen at once when all of them run.
LONGEST = "system"
DATABASE = "test_addons"


def main(arguments):
    """Run the suites.

    :param list arguments: a suite's name and options of pytest; none for everything.
    :return: exit code: 0 when all passed, 1 when a test failed or none ran.
    :raises Problem: when a suite's name is wrong or something cannot be prepared.
    """
    suites, options = _selection(arguments)
    if "addons" in suites:
        _prepare_addons()
    alone = len(suites) == 1
    reports = [_timed(suites[0], options)] if alone else _run_all(options)
    total = Report()
    for report in reports:
        total.add(report)
    total.show()
    return 0 if total.passed and not total.failed else 1


def _run_all(options):
    """Run all suites, the longest beside the others; return their reports."""
    settings.REPORTS.mkdir(parents=True, exist_ok=True)
    output = settings.REPORTS / "beside.log"
    others = [suite for suite in SUITES if suite != LONGEST]
    print(f"{' and '.join(others)} run at the same time.", flush=True)
    with output.open("w") as file, ThreadPoolExecutor(1) as beside:
        shorter = beside.submit(
            lambda: [_timed(suite, options, file) for suite in others]
        )
        reports = [_timed(LONGEST, options)]
        reports += shorter.result()
    print(output.read_text(errors="replace"))
    return reports


def _timed(suite, options, output=None):
    """Run one suite; return its report, which says how long it took."""
    started = time.monotonic()
    report = _run(suite, options, output)
    if report.count:
        report.notes.append(f"{suite}: {time.monotonic() - started:.0f} s")
    return report


def _selection(arguments):
    """Return the suites to run and the options for pytest."""
    words = arguments or shlex.split(settings.text("SPAR_TESTS", ""))
    words = words or shlex.split(os.environ.get("ONLY", ""))
    if not words:
        return SUITES, []
    if words[0] not in SUITES:
        raise Problem(f"There is no suite {words[0]}, only {', '.join(SUITES)}.")
    return [words[0]], words[1:]


def _run(suite, options, output):
    """Run one suite; return its :class:`Report`.

    :param output: a file for what it prints; None for this terminal.
    """
    folders = _folders(suite)
    if not folders:
        return Report()
    print(f"\n=== {suite} ===", file=output, flush=True)
    if suite == "addons":
        return _run_addons(folders, options, output)
    return _pytest(suite, ["-p", "no:odoo", *folders, *options], output)


def _folders(suite):
    """Return the folders of a suite that exist."""
    if suite == "addons":
        candidates = [f"{name}/tests" for name in settings.modules()]
    elif suite == "plain":
        candidates = ["tools/tests", "tests/plain"]
    else:
        candidates = ["tools/tests_system", "tests/system"]
    return [name for name in candidates if (settings.ROOT / name).is_dir()]


def _prepare_addons():
    """Prepare what the addons' tests need: a browser, and a database to copy.

    :return: the server and the database.
    """
    problem = chromium.make_available()
    if problem:
        print(f"Browser tests will be skipped: {problem}.")
    postgres = Postgres().start()
    return postgres, prepared_template(
        postgres, "plain", settings.modules(), demo=False
    )


def _run_addons(folders, options, output):
    """Run the addons' own tests on a fresh copy of a prepared database."""
    postgres, template = _prepare_addons()
    duplicate_database(postgres, template, DATABASE)
    config = OdooServer(postgres, DATABASE, name=DATABASE).write_config()
    try:
        return _pytest(
            "addons",
            [
                f"--odoo-config={config}",
                f"--odoo-database={DATABASE}",
                "--odoo-http",
                *folders,
                *options,
            ],
            output,
        )
    finally:
        drop_database(postgres, DATABASE)


def _pytest(suite, arguments, output=None):
    """Run pytest; read its report."""
    settings.REPORTS.mkdir(parents=True, exist_ok=True)
    file = settings.REPORTS / f"{suite}.xml"
    file.unlink(missing_ok=True)
    command = [settings.ODOO_VENV / "bin" / "python", "-m", "pytest"]
    command += [f"--junitxml={file}", "-o", f"cache_dir={settings.SANDBOX}/pytest"]
    storage = settings.SANDBOX / "hypothesis"
    code = subprocess.call(
        [str(part) for part in [*command, *arguments]],
        env=child_environment(HYPOTHESIS_STORAGE_DIRECTORY=storage),
        cwd=settings.ROOT,
        stdout=output,
        stderr=output and subprocess.STDOUT,
    )
    return read_report(suite, file, code)
