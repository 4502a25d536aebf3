"""What came of a contract table, in plain words: as text, and as one HTML file."""

import html
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone

AS_EXPECTED, DIFFERS, NOT_RUN = "as expected", "DIFFERS", "not run"


@dataclass(frozen=True)
class Row:
    """One row of a table, and what came of it.

    :param str section: the part of the table it belongs to.
    :param str name: what it shows.
    :param str seen: the real version the table saw it on.
    :param str expected: what the table says.
    :param str came: what the server answered.
    :param list differences: each :class:`.run.Difference`.
    :param str meaning: what a difference means for who runs the suite against it.
    :param str reason: why it was not run; None when it was.
    """

    section: str
    name: str
    seen: str
    expected: str = ""
    came: str = ""
    differences: list = field(default_factory=list)
    meaning: str = ""
    reason: str | None = None

    @property
    def outcome(self):
        """One of the three words above."""
        if self.reason is not None:
            return NOT_RUN
        return DIFFERS if self.differences else AS_EXPECTED


@dataclass
class Report:
    """Everything that came of one run.

    :param str title: of the report.
    :param list facts: pairs of a name and a text: what was asked, and how.
    :param list rows: each :class:`Row`.
    :param list warnings: sentences that must not be overlooked.
    :param datetime.datetime moment: when it was run.
    """

    title: str
    facts: list
    rows: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    moment: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def as_expected(self):
        """Whether nothing differs and nothing must be warned of."""
        return not self.warnings and not self.count(DIFFERS)

    def count(self, outcome):
        """Return how many rows have an outcome."""
        return len([row for row in self.rows if row.outcome == outcome])

    @property
    def summary(self):
        """The counts in one sentence."""
        return (
            f"{self.count(AS_EXPECTED)} as expected, {self.count(DIFFERS)} differ, "
            f"{self.count(NOT_RUN)} not run."
        )

    def text(self):
        """Return it for a terminal."""
        lines = [self.title, "=" * len(self.title), ""]
        lines += [f"{name}: {text}" for name, text in self._facts()]
        for section in self._sections():
            lines += ["", section, "-" * len(section)]
            for row in self._of(section):
                lines += _row_lines(row)
            reasons = Counter(row.reason for row in self._of(section) if row.reason)
            for reason, number in reasons.items():
                lines.append(f"{NOT_RUN:<12} {number} row(s): {reason}")
        lines += ["", *(f"WARNING: {text}" for text in self.warnings), self.summary]
        return _printable("\n".join(lines)) + "\n"

    def html(self):
        """Return it as one page that loads nothing else."""
        parts = [HEAD.format(title=_escaped(self.title))]
        parts += [f'<p class="differs">{_escaped(text)}</p>' for text in self.warnings]
        parts.append(f"<p><b>{_escaped(self.summary)}</b></p><dl>")
        for name, text in self._facts():
            parts.append(f"<dt>{_escaped(name)}</dt><dd>{_escaped(text)}</dd>")
        parts.append("</dl>")
        for section in self._sections():
            parts.append(f"<h2>{_escaped(section)}</h2><table><thead><tr>")
            parts += [f'<th scope="col">{name}</th>' for name in COLUMNS]
            parts.append("</tr></thead><tbody>")
            parts += [_row_html(row) for row in self._of(section)]
            parts.append("</tbody></table>")
        return "\n".join([*parts, "</main></body></html>"]) + "\n"

    def _facts(self):
        return [*self.facts, ("Run", f"{self.moment:%Y-%m-%d %H:%M} UTC")]

    def _sections(self):
        return dict.fromkeys(row.section for row in self.rows)

    def _of(self, section):
        return [row for row in self.rows if row.section == section]


COLUMNS = ("Row", "Outcome", "Expected", "Came", "What it means", "Seen on")
HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body {{ font: 1rem/1.5 sans-serif; margin: 2rem; color: #1f2328; background: #fff; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border: 1px solid #8c959f; padding: .4rem .6rem; text-align: left;
 vertical-align: top; overflow-wrap: anywhere; }}
dt {{ font-weight: bold; }}
.differs {{ background: #ffebe9; color: #82071e; font-weight: bold; }}
.expected {{ color: #116329; }}
.skipped {{ color: #59636e; }}
</style></head><body><main><h1>{title}</h1>"""
CLASSES = {AS_EXPECTED: "expected", DIFFERS: "differs", NOT_RUN: "skipped"}


def _row_lines(row):
    """Return a row for a terminal: short, unless it differs."""
    if row.reason is not None:
        return []
    lines = [f"{row.outcome:<12} {row.name}"]
    for one in row.differences:
        lines += [
            f"    {one.what}",
            f"      expected: {one.expected}",
            f"      came:     {one.came}",
        ]
    if row.differences:
        lines += [f"    It means: {row.meaning}", f"    Seen on:  {row.seen}"]
    return lines


def _row_html(row):
    expected, came = [row.expected], [row.came]
    if row.differences:
        expected = [f"{one.what}: {one.expected}" for one in row.differences]
        came = [f"{one.what}: {one.came}" for one in row.differences]
    cells = [
        "<br>".join(map(_escaped, lines))
        for lines in (
            expected,
            came,
            [row.meaning if row.reason is None else row.reason],
            [row.seen],
        )
    ]
    return (
        f'<tr><th scope="row">{_escaped(row.name)}</th>'
        f'<td class="{CLASSES[row.outcome]}">{row.outcome}</td>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _escaped(text):
    return html.escape(_printable(text))


def _printable(text):
    """Return a text in which nothing a server sent can command the terminal."""
    return "".join(
        sign
        if sign.isprintable() or sign == "\n"
        else sign.encode("unicode_escape").decode()
        for sign in text
    )
