"""Cells of an Excel file as texts, with what a spreadsheet has done to numbers.

Plain functions without database access.
"""

import io
import re
from datetime import datetime, time, timedelta

from openpyxl import load_workbook
from openpyxl.styles.numbers import is_datetime

from ..values.typed_numbers import long_number


class ChangedCell(str):
    """A number without the digits that were typed, such as one of too many digits."""


class TextCell(str):
    """A long number of a cell that holds text: all of its digits are there."""


class ErrorCell(ValueError):
    """A cell that shows an error instead of a value.

    :param int row: of the sheet
    :param int column: of the sheet
    :param str error: as the spreadsheet shows it
    """

    def __init__(self, row, column, error):
        super().__init__(row, column, error)
        self.row, self.column, self.error = row, column, error


def read_xlsx(content, sheet_name=None):
    """Return the names of the sheets, the sheet that is read, and its rows.

    :param bytes content: the file
    :param str sheet_name: of the sheet to read, by default the first one
    :return: the rows that are not empty, all of the same length: texts, and dates
    :rtype: tuple[list, str, list]
    :raise ErrorCell: for the first cell with an error
    """
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    sheet_name = sheet_name or book.sheetnames[0]
    sheet = book[sheet_name]
    # Some programs write a wrong size, beyond which nothing would be read.
    sheet.reset_dimensions()
    rows = []
    for row in sheet.iter_rows():
        cells = [_value(cell) for cell in row]
        if any(not isinstance(cell, str) or cell.strip() for cell in cells):
            rows.append(cells)
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    return book.sheetnames, sheet_name, rows


def _value(cell):
    value, shown = cell.value, cell.number_format
    if value is None:
        return ""
    if cell.data_type == "e":
        raise ErrorCell(cell.row, cell.column, value)
    if isinstance(value, datetime):
        return value if is_datetime(shown) == "datetime" else value.date()
    if isinstance(value, time | timedelta):
        return ChangedCell(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, shown.split(";")[0])
    return with_kind(str(value), False)


def _number(value, shown):
    """Return a number with the zeros that its cell shows.

    :param str shown: the format of the cell
    """
    if value % 1:
        text = str(value)
        decimals = re.fullmatch(r"[#0,]*\.(0+)", shown)
        whole = decimals and f"{value:.{len(decimals[1])}f}"
        return whole if whole and float(whole) == value else text
    text = str(int(value))
    if re.fullmatch("0+", shown):
        text = text.zfill(len(shown))
    elif re.search("E[+-]", shown) or shown.partition(".")[0].count("0") > len(text):
        # An ID such as 12E3, or zeros among other signs.
        return ChangedCell(text)
    return with_kind(text, True)


def with_kind(text, is_number):
    """Return a long number with the kind of its cell, any other text as it is.

    :param str text: of a cell
    :param bool is_number: whether the cell holds a number, which has 15 digits only
    """
    if not long_number(text):
        return text
    return ChangedCell(text) if is_number else TextCell(text)
