"""``make test``: runs the test suites and sums them up.

==========  ========================================================================
plain       ``tools/tests`` and ``tests/plain``: no server at all
addons      tests of the addons, inside Odoo, on a database without demo data
registries  tests of the addons for registries, each with a stand-in for its registry
executors   tests of the engine and of the bridge to a queue, with each queue, and with
            Odoo's cron alone: all but the one of ``SPAR_QUEUE``, which ``addons`` uses
chaos       ``tests/chaos``: a part of each scenario of ``make chaos``
system      ``tools/tests_system`` and ``tests/system``: real processes, real crashes
==========  ========================================================================

All together, two run at a time: the system suite on this terminal; what the others
print follows at the end. ``ONLY=plain`` runs one suite;
``SPAR_TESTS="system -k crash"`` also passes options on to pytest. ``FULL=1`` adds the
largest tests and ``executors``, as CI does.
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

#: In the order of their start: the longest first.
SUITES = ["system", "addons", "executors", "chaos", "plain", "registries"]
#: Run when it is named, and with FULL=1.
LARGEST = "executors"
#: Its tests are run with each executor.
ENGINE = "g2p_spar_sync_queue"
#: How many run at the same time.
LANES = 2
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
    if "registries" in suites:
        for registry in settings.REGISTRIES:
            _prepare_addons(registry)
    alone = len(suites) == 1
    reports = [_timed(suites[0], options)] if alone else _run_all(suites, options)
    total = Report()
    for report in reports:
        total.add(report)
    total.show()
    return 0 if total.passed and not total.failed else 1


def _run_all(suites, options):
    """Run several suites, the first on this terminal; return their reports."""
    settings.REPORTS.mkdir(parents=True, exist_ok=True)
    first, *others = suites
    print(f"{' and '.join(others)} run at the same time.", flush=True)
    outputs = {suite: settings.REPORTS / f"{suite}.log" for suite in others}

    def run_beside(suite):
        with outputs[suite].open("w") as file:
            return _timed(suite, options, file)

    with ThreadPoolExecutor(LANES) as lanes:
        runs = [lanes.submit(_timed, first, options)]
        runs += [lanes.submit(run_beside, suite) for suite in others]
        try:
            reports = [run.result() for run in runs]
        except BaseException:
            lanes.shutdown(wait=False, cancel_futures=True)
            raise
    for output in outputs.values():
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
        full = settings.is_on("FULL")
        return [suite for suite in SUITES if full or suite != LARGEST], []
    if words[0] not in SUITES:
        raise Problem(f"There is no suite {words[0]}, only {', '.join(SUITES)}.")
    return [words[0]], words[1:]


def _run(suite, options, output):
    """Run one suite; return its :class:`Report`.

    :param output: a file for what it prints; None for this terminal.
    """
    print(f"\n=== {suite} ===", file=output, flush=True)
    if suite == "registries":
        report = Report()
        for registry in settings.REGISTRIES:
            report.add(_run_addons(options, output, registry))
        return report
    if suite == "executors":
        report = Report()
        for queue in sorted(settings.QUEUES.keys() - {settings.queue()}):
            with settings.using_queue(queue):
                report.add(_run_addons(options, output, executor=queue))
        return report
    if suite == "addons":
        return _run_addons(options, output)
    folders = _folders(suite)
    return _pytest(suite, ["-p", "no:odoo", *folders, *options], output)


def _folders(suite):
    """Return the folders of a suite that needs no Odoo in its process."""
    return {
        "plain": ["tools/tests", "tests/plain"],
        "chaos": ["tests/chaos"],
        "system": ["tools/tests_system", "tests/system"],
    }[suite]


def _prepare_addons(registry=None):
    """Prepare what the addons' tests need: a browser, and a database to copy.

    :param str registry: whose stand-in is in the database.
    :return: the server and the database.
    """
    problem = chromium.make_available()
    if problem:
        print(f"Browser tests will be skipped: {problem}.")
    postgres = Postgres().start()
    name = f"registry_{registry}" if registry else "plain"
    modules = settings.modules(registry)
    template = prepared_template(postgres, name, modules, demo=False, registry=registry)
    return postgres, template


def _run_addons(options, output, registry=None, executor=None):
    """Run addons' own tests on a fresh copy of a prepared database.

    :param str registry: those of its stand-in and of its addon; None for all others.
    :param str executor: those of the engine and of its bridge to this queue.
    """
    if registry:
        parents = [settings.ROOT / settings.bridge(registry)]
        parents += (settings.STAND_INS / registry).iterdir()
    else:
        ours = [ENGINE, settings.QUEUES[executor]] if executor else settings.modules()
        parents = [settings.ROOT / name for name in ours if name]
    folders = [parent / "tests" for parent in parents]
    folders = [folder for folder in folders if folder.is_dir()]
    part = registry or executor
    name = f"{DATABASE}_{part}" if part else DATABASE
    postgres, template = _prepare_addons(registry)
    duplicate_database(postgres, template, name)
    server = OdooServer(postgres, name, name=name, registry=registry)
    config = server.write_config()
    try:
        return _pytest(
            f"addons_{part}" if part else "addons",
            [
                f"--odoo-config={config}",
                f"--odoo-database={name}",
                "--odoo-http",
                *folders,
                *options,
            ],
            output,
        )
    finally:
        drop_database(postgres, name)


def _pytest(suite, arguments, output=None):
    """Run pytest; read its report."""
    settings.REPORTS.mkdir(parents=True, exist_ok=True)
    file = settings.REPORTS / f"{suite}.xml"
    file.unlink(missing_ok=True)
    command = [settings.ODOO_VENV / "bin" / "python", "-m", "pytest"]
    command += [f"--junitxml={file}", "-o", f"cache_dir={settings.SANDBOX}/pytest"]
    # What to shorten first, when all of it takes too long.
    command += ["--durations=20", "--durations-min=10"]
    storage = settings.SANDBOX / "hypothesis"
    code = subprocess.call(
        [str(part) for part in [*command, *arguments]],
        env=child_environment(HYPOTHESIS_STORAGE_DIRECTORY=storage),
        cwd=settings.ROOT,
        stdout=output,
        stderr=output and subprocess.STDOUT,
    )
    return read_report(suite, file, code)
