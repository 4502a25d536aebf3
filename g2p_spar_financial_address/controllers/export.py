"""Odoo's export of lists, without formulas.

Of all models: the names of registrants and holders are reached from many of them.
"""

from odoo.addons.web.controllers.export import CSVExport, ExportXlsxWriter

from ..values.csv_guard import guarded


class GuardedCsv(CSVExport):
    """Adds the signs that Odoo's own guard leaves out."""

    def from_data(self, fields, columns_headers, rows):
        rows = [
            [guarded(cell) if isinstance(cell, str) else cell for cell in row]
            for row in rows
        ]
        return super().from_data(fields, columns_headers, rows)


_write = ExportXlsxWriter.write


def _write_text(self, row, column, cell_value, style=None):
    if cell_value and isinstance(cell_value, str):
        # By its type the cell is a text: no formula, and no link.
        self.worksheet.write_string(row, column, cell_value, style)
    else:
        _write(self, row, column, cell_value, style)


# Part of the process, not of a database: grouped lists are written by a class that
# derives from this one.
ExportXlsxWriter.write = _write_text
