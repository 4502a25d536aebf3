"""A spreadsheet of wrong rows, to correct and import again."""

import io

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE


def write_rows(rows):
    """Return rows as an Excel file in which each cell is a text.

    A program that opens a CSV file drops the zeros of numbers, and runs what looks like
    a formula; in cells with text it does neither.

    :param rows: of texts
    :rtype: bytes
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([_as_text(sheet, value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _as_text(sheet, value):
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value)))
    # Without it, “=…” would be a formula.
    cell.data_type = "s"
    # Stays a text when the cell is edited.
    cell.number_format = "@"
    return cell
