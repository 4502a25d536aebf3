"""The rows of a CSV file with the numbers of their lines; broken quotes are refused.

A quotation mark that is not closed makes one cell of the rows below it: they would be
lost without a word.
"""

import csv
import io


class BrokenLine(ValueError):
    """A row with a quotation mark too few or too many.

    :param int line: where it begins
    """

    def __init__(self, line):
        super().__init__(line)
        self.line = line


def numbered_rows(text, separator, quote='"'):
    """Yield each row with the number of the line it begins in.

    >>> list(numbered_rows('a,b\\n"1\\n2",3\\n', ","))
    [(1, ['a', 'b']), (2, ['1\\n2', '3'])]

    :param str text: of a CSV file
    :param str separator: of its cells
    :param str quote: around cells
    :return: an iterator of pairs of line and cells
    :raise BrokenLine: where quotation marks do not fit, or a cell holds a whole row
    """
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, quotechar=quote, strict=True
    )
    line, width = 1, None
    try:
        for cells in reader:
            width = width or len(cells)
            if any(_is_row(cell, separator, width) for cell in cells):
                raise BrokenLine(line)
            yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise BrokenLine(line) from None


def _is_row(cell, separator, width):
    """Return whether a cell has swallowed a row: two quotation marks were too many."""
    return 1 < width <= cell.count(separator) + 1 and "\n" in cell.replace("\r", "\n")


def broken_text(env, line):
    """Return the message for a :class:`BrokenLine`.

    :param env: of the user who chose the file
    :param int line: of the file
    """
    return env._(
        "Line %(line)s cannot be read: a quotation mark is missing or one too many. "
        "Correct it and choose the file again.",
        line=line,
    )
