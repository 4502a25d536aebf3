"""``make test``: runs the test suites and sums them up.

========  ==========================================================================
plain     ``tools/tests`` and ``tests/plain``: no server at all
addons    tests of the addons, inside Odoo, on a database without demo data
system    ``tools/tests_system`` and ``tests/system``: real processes, real crashes
========  ==========================================================================

``ONLY=plain`` runs one suite; ``SPAR_TESTS="system -k crash"`` also passes options on
to pytest.
"""

import os
import shlex
import subprocess
import time

from . import chromium, settings
from .odoo_server import OdooServer, drop_database, duplicate_database
from .postgres import Postgres
from .problems import Problem
from .processes import child_environment
from .templates import prepared_template
from .test_report import Report, read_report

SUITES = ["plain", "addons", "system"]
DATABASE = "test_addons"


def main(arguments):
    """Run the suites.

    :param list arguments: a suite's name and options of pytest; none for everything.
    :return: exit code: 0 when all passed, 1 when a test failed or none ran.
    :raises Problem: when a suite's name is wrong or something cannot be prepared.
    """
    suites, options = _selection(arguments)
    total = Report()
    for suite in suites:
        started = time.monotonic()
        report = _run(suite, options)
        total.add(report)
        if report.count:
            total.notes.append(f"{suite}: {time.monotonic() - started:.0f} s")
    total.show()
    return 0 if total.passed and not total.failed else 1


def _selection(arguments):
    """Return the suites to run and the options for pytest."""
    words = arguments or shlex.split(settings.text("SPAR_TESTS", ""))
    words = words or shlex.split(os.environ.get("ONLY", ""))
    if not words:
        return SUITES, []
    if words[0] not in SUITES:
        raise Problem(f"There is no suite {words[0]}, only {', '.join(SUITES)}.")
    return [words[0]], words[1:]


def _run(suite, options):
    """Run one suite; return its :class:`Report`."""
    folders = _folders(suite)
    if not folders:
        return Report()
    print(f"\n=== {suite} ===", flush=True)
    if suite == "addons":
        return _run_addons(folders, options)
    return _pytest(suite, ["-p", "no:odoo", *folders, *options])


def _folders(suite):
    """Return the folders of a suite that exist."""
    if suite == "addons":
        candidates = [f"{name}/tests" for name in settings.addons()]
    elif suite == "plain":
        candidates = ["tools/tests", "tests/plain"]
    else:
        candidates = ["tools/tests_system", "tests/system"]
    return [name for name in candidates if (settings.ROOT / name).is_dir()]


def _run_addons(folders, options):
    """Run the addons' own tests on a fresh copy of a prepared database."""
    problem = chromium.make_available()
    if problem:
        print(f"Browser tests will be skipped: {problem}.")
    postgres = Postgres().start()
    template = prepared_template(postgres, "test", settings.addons(), demo=False)
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
        )
    finally:
        drop_database(postgres, DATABASE)


def _pytest(suite, arguments):
    """Run pytest with its output on this terminal; read its report."""
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
    )
    return read_report(suite, file, code)
