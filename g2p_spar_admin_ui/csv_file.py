"""Results as a file, for spreadsheets."""

import base64
import csv
import io

from odoo.addons.g2p_spar_financial_address.values.csv_guard import guarded


def csv_content(header, rows):
    """Return a CSV file as a binary field holds it.

    :param list header: one title for each column
    :param rows: iterable of lists of values

    >>> base64.b64decode(csv_content(["Who"], [["=1+1"], [None]])).decode("utf-8-sig")
    "Who\\r\\n'=1+1\\r\\n\\r\\n"
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([guarded(str(value or "")) for value in row] for row in rows)
    # With the byte order mark by which spreadsheets detect UTF-8.
    return base64.b64encode(text.getvalue().encode("utf-8-sig"))
