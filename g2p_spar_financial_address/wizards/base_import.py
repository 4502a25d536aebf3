import base64
from collections import Counter
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import groupby

from odoo.addons.base_import.models.base_import import ImportValidationError

from ..imports.csv_lines import BrokenLine, broken_text, numbered_rows
from ..imports.separator import separator_of
from ..imports.spreadsheet import ChangedCell, ErrorCell, TextCell, read_xlsx, with_kind
from ..imports.wrong_rows import write_rows
from ..toolkit.context_flags import TRIAL, marked
from ..values.csv_guard import unguarded
from ..values.typed_numbers import KEPT_DIGITS, is_cut, long_number, with_exponent

ADDRESS = "g2p.financial.address"
#: Models whose files say who is paid, and where.
PAYING = (ADDRESS, "res.partner")
#: Of the cells of a CSV file, the usual first.
SEPARATORS = ",;\t|"
#: How long a file may lie without being imported.
HOURS_KEPT = timedelta(hours=1)
#: Rows named in one message; a file may have the same error in thousands of rows.
ROWS_NAMED = 20
#: Fields of an address whose last digit decides who is paid.
NUMBERS = {"spar_id", "account_number", "mobile_number"}


class BaseImport(models.TransientModel):
    """Continues the import of payment addresses after rows with errors.

    Odoo's import page stops at the first batch with a message. So the errors are
    collected here, and reported after the last batch.
    """

    _inherit = "base_import.import"

    fa_import_so_far = fields.Json(help="Rows kept and refused in earlier batches.")
    fa_read_as = fields.Json(help="How the file that was checked is read.")
    fa_row_ids = fields.One2many("g2p.fa.import.row", "import_id", "Rows")
    fa_right_count = fields.Integer("Right", compute="_compute_fa_counts")
    fa_wrong_count = fields.Integer("Wrong", compute="_compute_fa_counts")
    fa_waiting_count = fields.Integer(
        "Would wait for a second person", compute="_compute_fa_counts"
    )
    fa_wrong_file = fields.Binary("Wrong rows", compute="_compute_fa_wrong_file")

    def execute_import(self, fields, columns, options, dryrun=False):
        if self.res_model != ADDRESS:
            return super().execute_import(fields, columns, options, dryrun)
        skipped = options.get("skip", 0)
        read_as = {"fields": fields, "options": {**options, "skip": 0}}
        runner = marked(self, TRIAL) if dryrun else self
        result = super(BaseImport, runner).execute_import(
            fields, columns, options, dryrun
        )
        if "nextrow" not in result:
            # The file itself could not be read.
            return result
        start = {"kept": 0, "refused": [], "entered": {}}
        so_far = (skipped and self.fa_import_so_far) or start
        entered = Counter(so_far["entered"]) + Counter(result.pop("fa_entered", {}))
        so_far["entered"] = dict(entered)
        # As users count rows of the file: from 1, after the headers.
        first_row = skipped + _headers(options) + 1
        if dryrun:
            self._fa_keep_rows(result, first_row, None if skipped else read_as)
        so_far["kept"] += len(result["ids"] or [])
        so_far["refused"] += [
            {**message, "record": message["record"] + first_row}
            if "record" in message
            else message
            for message in result["messages"]
        ]
        more = bool(result["nextrow"])
        if not (dryrun or more or so_far["refused"]):
            # Nothing of it is left to do, and it is full of account numbers.
            self.file = False
        self.fa_import_so_far = so_far if more else False
        result["messages"] = [] if more else self._fa_report(so_far, dryrun)
        return result

    # === WHAT EACH ROW WOULD CHANGE === #

    def _fa_keep_rows(self, result, first_row, read_as):
        """Keep what a batch of rows would change, for the user who checks the file.

        :param dict result: of the batch
        :param int first_row: of the batch, as users count
        :param dict read_as: how the file is read, of the first batch
        """
        if read_as:
            self.fa_read_as = read_as
            self.sudo().fa_row_ids.unlink()
        whose = result.pop("fa_registrants", {})
        rows = result.pop("fa_previews", [])
        rows += [
            {"record": one["record"], "outcome": "wrong", "why": one["message"]}
            for one in result["messages"]
            if "record" in one
        ]
        people = self.env["res.partner"].browse(set(whose.values()) - {None, False})
        names = {person.id: person.display_name for person in people}
        self.env["g2p.fa.import.row"].sudo().create(
            [
                {
                    **row,
                    "import_id": self.id,
                    "record": row["record"] + first_row,
                    "registrant": names.get(whose.get(row["record"])),
                }
                for row in rows
            ]
        )

    @api.depends("fa_row_ids.outcome")
    def _compute_fa_counts(self):
        for one in self:
            rows = one.fa_row_ids
            one.fa_wrong_count = len(rows.filtered(lambda row: row.outcome == "wrong"))
            one.fa_waiting_count = len(rows.filtered("waits"))
            one.fa_right_count = len(rows) - one.fa_wrong_count

    def action_fa_show_rows(self):
        """Show what each row of the checked file would change, where there are rows."""
        self.ensure_one().check_access("read")
        if not self.fa_row_ids:
            return False
        view = self.env.ref("g2p_spar_financial_address.base_import_view_rows")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What each row would change"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def action_fa_download_wrong(self):
        """Download the wrong rows with their errors, to correct and import again.

        :raise UserError: when the file was forgotten
        """
        self._fa_check_file()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/fa_wrong_file"
            "?download=true&filename=wrong-rows.xlsx",
            "target": "self",
        }

    def _fa_check_file(self):
        self.ensure_one().check_access("read")
        if not (self.file and self.fa_read_as):
            raise UserError(
                self.env._(
                    "The file was forgotten, as it is full of numbers. Choose it and "
                    "check it again."
                )
            )

    def _compute_fa_wrong_file(self):
        for one in self:
            one.fa_wrong_file = one.file and base64.b64encode(one._fa_write_wrong())

    def _fa_write_wrong(self):
        """Return a spreadsheet of the wrong rows, all columns of them, and why.

        :rtype: bytes
        """
        self._fa_check_file()
        options = self.fa_read_as["options"]
        # Also the columns that are not imported, by a name that no field has.
        names = [name or "-" for name in self.fa_read_as["fields"]]
        headers = _headers(options)
        rows, _names = self._convert_import_data(names, {**options, "has_headers": 0})
        titles = rows[0] if headers else self.fa_read_as["fields"]
        wrong = self.fa_row_ids.filtered(lambda row: row.outcome == "wrong")
        reasons = {}
        for row in wrong.sorted("record"):
            reasons.setdefault(row.record, row.why)
        return write_rows(
            [[name or "" for name in titles] + [self.env._("Error")]]
            + [[*rows[number - 1], why] for number, why in reasons.items()]
        )

    # === CSV AS SPREADSHEETS WRITE IT: FOR ALL MODELS === #

    def _read_csv(self, options):
        content = self.file or b""
        if b"\r" in content and b"\n" not in content and b"\0" not in content:
            # Lines end as on an old Mac: Odoo cannot read them.
            self.file = content.replace(b"\r", b"\n")
        text = self._decoded_csv(options)
        separator, _rows = separator_of(text)
        if separator and not options.get("separator"):
            options["separator"] = separator
        result = super()._read_csv(options)
        if not result:
            return result
        if self.res_model in PAYING:
            rows = self._checked_csv(options)
            return len(rows), rows
        if not separator:
            return result
        # It is the first row, with any separator.
        length, rows = result
        return length - 1, rows[1:]

    def _checked_csv(self, options):
        """Return the rows of a file whose cells are where they belong.

        With a separator or a quotation mark too many, another cell is taken for the
        number, and rows go without a word.

        :raise ImportValidationError: naming the lines
        """
        # Two marks where two files were joined.
        text = self.file.decode(options["encoding"]).lstrip("\ufeff")
        separator, text = separator_of(text)
        skipped = 1 if separator else 0
        if not options.get("separator"):
            # Odoo finds none where one row has another number of cells.
            titles = text.split("\n", 1)[0]
            options["separator"] = max(SEPARATORS, key=titles.count)
        rows, uneven = [], []
        try:
            for line, cells in numbered_rows(
                text, options["separator"], options["quoting"]
            ):
                if not any(cell.strip() for cell in cells):
                    continue
                if rows and len(cells) != len(rows[0]):
                    uneven.append(skipped + line)
                rows.append([unguarded(cell) for cell in cells])
        except BrokenLine as broken:
            message = broken_text(self.env, skipped + broken.line)
            raise ImportValidationError(message) from None
        if uneven:
            raise ImportValidationError(
                self.env._(
                    "Lines with more or fewer cells than the titles: %(lines)s. A name "
                    "or a number there contains the separator, or a separator is "
                    "missing. Correct them and choose the file again, or choose an "
                    "Excel file.",
                    lines=", ".join(map(str, uneven[:ROWS_NAMED])),
                )
            )
        return rows

    def _decoded_csv(self, options):
        """Return the text of the file, or ``""`` where another encoding is guessed.

        Nearly no text in another encoding is valid UTF-8, and the library that guesses
        takes UTF-8 with few accents for another one.
        """
        content = self.file or b""
        encoding = options.get("encoding")
        if not encoding:
            mark = content.startswith(b"\xef\xbb\xbf")
            encoding = "utf-8-sig" if mark else "utf-8"
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            return ""
        # UTF-16 may be valid UTF-8, full of zeros.
        if "\0" not in text[:100]:
            options["encoding"] = encoding
        return text

    @api.model
    def _cron_forget_files(self):
        """Forget files of people and their addresses that were left behind.

        Odoo keeps them for half a day and more.
        """
        before = fields.Datetime.now() - HOURS_KEPT
        left = self.sudo().search(
            [
                ("res_model", "in", (ADDRESS, "res.partner")),
                ("file", "!=", False),
                ("write_date", "<", before),
            ]
        )
        left.write({"file": False})

    # === NUMBERS THAT A SPREADSHEET HAS CHANGED === #

    def _read_xlsx(self, options):
        """Read the cells with their kind, which Odoo does not keep."""
        if self.res_model not in PAYING:
            return super()._read_xlsx(options)
        try:
            options["sheets"], options["sheet"], rows = read_xlsx(
                self.file or b"", options.get("sheet")
            )
        except ErrorCell as cell:
            raise ImportValidationError(
                self.env._(
                    "Row %(row)s, column %(column)s: the spreadsheet shows the error "
                    "%(error)s. Correct it, and choose the file again.",
                    row=cell.row,
                    column=cell.column,
                    error=cell.error,
                )
            ) from None
        return len(rows), rows

    def _read_xls_book(self, book, sheet_name):
        length, rows = super()._read_xls_book(book, sheet_name)
        sheet = book.sheet_by_name(sheet_name)
        numbers = {
            str(int(value))
            for n in range(sheet.nrows)
            for value in sheet.row_values(n)
            if isinstance(value, float) and abs(value) >= 10**KEPT_DIGITS
        }
        return length, [
            [
                with_kind(cell, cell in numbers) if isinstance(cell, str) else cell
                for cell in row
            ]
            for row in rows
        ]

    def _convert_import_data(self, fields, options):
        """Write numbers that a spreadsheet has changed with an exponent.

        So they are refused at their row, like numbers with an exponent in the file. A
        CSV or ODS file has no types of cells: there the zeros at the end show it.
        """
        data, names = super()._convert_import_data(fields, options)
        columns = {n for n, path in enumerate(names) if self._fa_is_number(path)}
        for row in data:
            for column, cell in enumerate(row):
                if column not in columns:
                    if isinstance(cell, ChangedCell | TextCell):
                        row[column] = str(cell)
                    continue
                if isinstance(cell, date):
                    cell = ChangedCell(cell.isoformat())
                digits = long_number(cell)
                cut = digits and not isinstance(cell, TextCell) and is_cut(digits)
                cut = cut or isinstance(cell, ChangedCell)
                row[column] = with_exponent(cell) if cut else str(cell)
        return data, names

    def _fa_is_number(self, path):
        """Return whether the column with this path has IDs or account numbers."""
        model = self.env[self.res_model]
        *parents, name = path.split("/")
        for parent in parents:
            field = model._fields.get(parent)
            if field is None or not field.relational:
                return False
            model = self.env[field.comodel_name]
        if model._name == "res.partner":
            sources = model._spar_id_rule().sources
            return name == "spar_id" or (
                name in sources and model._fields[name].type == "char"
            )
        return (model._name == ADDRESS and name in NUMBERS) or (
            (model._name, name) in self._fa_id_rows()
        )

    @api.model
    def _fa_id_rows(self):
        """Return model and field of each ID that is kept in rows."""
        Partner = self.env["res.partner"]
        rows = map(Partner._spar_id_rows, Partner._spar_id_rule().sources)
        return {
            (Partner._fields[row.field].comodel_name, row.value) for row in rows if row
        }

    # === THE REPORT === #

    def _fa_report(self, so_far, dryrun):
        """Return one message per error, after the summary of the file."""
        refused = so_far["refused"]
        entered = self._fa_entered(so_far["entered"])
        if not refused:
            # Odoo's page shows how many were imported, but not what they replace.
            return [{"type": "info", "message": entered}] if dryrun and entered else []
        if dryrun:
            headline = self.env._(
                "Right: %(right)s. The rows below are wrong and would be left out "
                "(blank rows are not counted).",
                right=so_far["kept"],
            )
        else:
            headline = self.env._(
                "Imported: %(right)s. The rows below are not (blank rows are not "
                "counted): correct them and import the file again. What is there "
                "already is left alone.",
                right=so_far["kept"],
            )
        headline = " ".join(filter(None, (headline, entered)))
        messages = [{"type": "warning", "message": headline}]
        for _text, same in groupby(refused, lambda m: (m["message"], m.get("field"))):
            messages.append(self._fa_one_message(same))
        return messages

    def _fa_entered(self, counts):
        """Return in words what the addresses of the file replace."""
        texts = {
            "new": self.env._("%s new", counts.get("new")),
            "bank_account": self.env._(
                "%s replace a bank account", counts.get("bank_account")
            ),
            "mobile_wallet": self.env._(
                "%s replace a mobile wallet", counts.get("mobile_wallet")
            ),
            "email_wallet": self.env._(
                "%s replace an e-mail wallet", counts.get("email_wallet")
            ),
            "waiting": self.env._("%s wait for a second person", counts.get("waiting")),
        }
        said = [text for name, text in texts.items() if counts.get(name)]
        return self.env._("Addresses: %s.", ", ".join(said)) if said else ""

    def _fa_one_message(self, same):
        """Return one message for an error of several rows."""
        rows = [message["record"] for message in same if "record" in message]
        if not rows:
            return same[0]
        text = same[0]["message"]
        if len(rows) > 1:
            named = ", ".join(map(str, rows[:ROWS_NAMED]))
            if len(rows) > ROWS_NAMED:
                text = self.env._(
                    "%(text)s Rows %(named)s and %(count)s more.",
                    text=text,
                    named=named,
                    count=len(rows) - ROWS_NAMED,
                )
            else:
                text = self.env._("%(text)s Rows %(named)s.", text=text, named=named)
        row = rows[0]
        return {
            **same[0],
            "message": text,
            "record": row,
            "rows": {"from": row, "to": row},
        }


def _headers(options):
    """Return how many rows of the file are titles."""
    return 1 if options.get("has_headers") else 0
