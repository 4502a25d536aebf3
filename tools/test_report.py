"""What a test run came to."""

from dataclasses import dataclass, field
from xml.etree import ElementTree

NO_TESTS_FOUND = 5
SOME_FAILED = 1


@dataclass
class Report:
    """Results of one or more suites.

    ``failed`` holds names, ``skipped`` pairs of name and reason, ``notes`` lines to
    print before the sum.
    """

    passed: int = 0
    failed: list = field(default_factory=list)
    skipped: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    @property
    def count(self):
        """Number of tests."""
        return self.passed + len(self.failed) + len(self.skipped)

    def add(self, other):
        """Add another report's results to this one.

        :param Report other: the other one.
        """
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes

    def show(self, say=print):
        """Print the results; the sum is the last line.

        :param Callable say: receives one line.
        """
        say("")
        for name, reason in self.skipped:
            say(f"skipped: {name}: {reason}")
        for name in self.failed:
            say(f"failed: {name}")
        for note in self.notes:
            say(note)
        say(
            f"{self.passed} passed, {len(self.failed)} failed, "
            f"{len(self.skipped)} skipped"
        )


def read_report(suite, file, code):
    """Read a report that pytest wrote.

    :param str suite: name of the suite.
    :param pathlib.Path file: the report, in JUnit's XML format.
    :param int code: exit code of pytest.
    :return: a :class:`Report`. Errors count as failures, and so does a run that
        ended without a report or for a reason that no test shows.
    """
    report = Report()
    if file.exists():
        for case in ElementTree.parse(file).iter("testcase"):
            name = f"{suite}: {case.get('classname')}.{case.get('name')}"
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                report.failed.append(name)
            elif skip is not None:
                report.skipped.append((name, skip.get("message") or "no reason given"))
            else:
                report.passed += 1
    if code not in (0, SOME_FAILED, NO_TESTS_FOUND) or (code and not file.exists()):
        report.failed.append(f"{suite}: pytest ended with code {code}")
    elif code == SOME_FAILED and not report.failed:
        report.failed.append(f"{suite}: pytest reports a failure")
    return report
