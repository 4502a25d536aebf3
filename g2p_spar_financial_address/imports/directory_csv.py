"""The directory of banks and wallet operators as a CSV file: read it, write it.

Plain functions without database access. Errors are ``UserError`` with a message for the
user who chose the file; ``env`` is only used to translate it.
"""

import csv
import io

from odoo.exceptions import UserError

from ..values.csv_guard import guarded, unguarded
from .csv_lines import BrokenLine, broken_text, numbered_rows
from .separator import separator_of

REQUIRED_COLUMNS = (
    "type",
    "provider_code",
    "provider_name",
    "country",
    "branch_code",
    "branch_name",
    "account_pattern",
    "account_example",
    "account_hint",
)
COLUMNS = (*REQUIRED_COLUMNS, "strategy_number")
#: Column with the error of a row; ignored when the corrected file is imported.
ERROR_COLUMN = "error"

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 50_000

_DELIMITERS = ",;\t"
#: First bytes of Excel files: the archive of the current format, the old container.
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read_rows(env, content):
    """Return the rows of a directory file, and the delimiter it uses.

    :param bytes content: the file
    :return: ``[(line number, {column: text})]`` without empty rows, and the delimiter;
        a row with more cells than the header has them under the key ``None``
    :rtype: tuple[list, str]
    :raise UserError: when it is no such file; then no row is read
    """
    text = _decoded(env, content)
    delimiter, text = separator_of(text)
    skipped = 1 if delimiter else 0
    header = text.split("\n", 1)[0]
    delimiter = delimiter or max(_DELIMITERS, key=header.count)
    lines = numbered_rows(text, delimiter)
    rows = []
    try:
        columns = _columns(env, next(lines, (1, []))[1])
        for line, cells in lines:
            if any(cell.strip() for cell in cells):
                rows.append((skipped + line, _row(columns, cells)))
            if len(rows) > MAX_ROWS:
                raise UserError(
                    env._(
                        "The file has more than %(limit)s rows. Split it and import "
                        "the parts one after the other.",
                        limit=MAX_ROWS,
                    )
                )
    except BrokenLine as broken:
        raise UserError(broken_text(env, skipped + broken.line)) from None
    if not rows:
        raise UserError(env._("The file has a header and no rows below it."))
    return rows, delimiter


def write_rows(rows, delimiter):
    """Return a file of these rows, to correct in a spreadsheet and import again.

    :param rows: ``[{column: text}]``, each with its error
    :param str delimiter: of the user's spreadsheet
    :rtype: bytes
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    columns = (*COLUMNS, ERROR_COLUMN)
    writer.writerow(columns)
    writer.writerows([guarded(row.get(name, "")) for name in columns] for row in rows)
    # With a byte order mark; without it Excel assumes another encoding.
    return text.getvalue().encode("utf-8-sig")


def _decoded(env, content):
    if content.startswith(_EXCEL):
        raise UserError(
            env._(
                "This is an Excel file. Open it, choose Save as, type “CSV UTF-8”, and "
                "import that file."
            )
        )
    if len(content) > MAX_BYTES:
        raise UserError(
            env._(
                "The file is larger than %(limit)s MB. Split it and import the parts "
                "one after the other.",
                limit=MAX_BYTES // 1024**2,
            )
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    # UTF-16 without a byte order mark can be valid UTF-8, full of zeros.
    if text is None or "\0" in text:
        raise UserError(
            env._(
                "The file is not in UTF-8, so letters with accents would be lost. Save "
                "it again as “CSV UTF-8”."
            )
        )
    return text


def _columns(env, header):
    """Return the header's column names, after checking that they are complete."""
    columns = [name.strip().lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    missing = [name for name in REQUIRED_COLUMNS if name not in columns]
    if missing:
        raise UserError(
            env._(
                "The first line must name the columns. Missing: %(columns)s. Download "
                "the sample to see how the file should look.",
                columns=", ".join(missing),
            )
        )
    unknown = sorted(
        {
            name
            for name in columns
            if name not in (*COLUMNS, ERROR_COLUMN) or columns.count(name) > 1
        }
    )
    if unknown:
        raise UserError(
            env._(
                "These columns are not known, or there twice: %(columns)s. Remove or "
                "rename them.",
                columns=", ".join(f"“{name}”" for name in unknown),
            )
        )
    return columns


def _row(columns, cells):
    row = {name: unguarded(cell) for name, cell in zip(columns, cells, strict=False)}
    row.pop(ERROR_COLUMN, None)
    if any(cell.strip() for cell in cells[len(columns) :]):
        row[None] = cells[len(columns) :]
    return row
