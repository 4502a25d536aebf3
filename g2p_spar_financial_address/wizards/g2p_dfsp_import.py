import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..imports import directory_csv
from ..imports.directory_plan import ERROR, UNCHANGED, DirectoryPlan


class G2pDfspImport(models.TransientModel):
    """Import the directory of banks and wallet operators from a CSV file.

    First a preview of each row, then the import. Rows with an error are left out, and
    can be downloaded as a file to correct.
    """

    _name = "g2p.dfsp.import"
    _description = "Import of the directory"

    state = fields.Selection(
        [("upload", "Choose a file"), ("preview", "Preview"), ("done", "Done")],
        required=True,
        default="upload",
        readonly=True,
    )
    # In the wizard's own row: deleted with it, and not left among the attachments.
    file = fields.Binary(string="CSV file", attachment=False)
    file_name = fields.Char()
    line_ids = fields.One2many("g2p.dfsp.import.line", "import_id", readonly=True)
    change_count = fields.Integer(string="Changes", readonly=True)
    unchanged_count = fields.Integer(string="Nothing to do", readonly=True)
    error_count = fields.Integer(string="Errors", readonly=True)
    held_count = fields.Integer(
        string="Wait for a second person",
        readonly=True,
        help="Values of providers and branches people are paid at.",
    )
    held_note = fields.Char("Note", readonly=True)
    error_file = fields.Binary(
        string="Rows to correct", attachment=False, readonly=True
    )
    error_file_name = fields.Char(compute="_compute_error_file_name")

    @api.depends("file_name")
    def _compute_error_file_name(self):
        for wizard in self:
            name = (wizard.file_name or "directory.csv").rpartition(".")[0]
            wizard.error_file_name = self.env._("%(name)s - errors.csv", name=name)

    def action_preview(self):
        """Show a preview of each row of the file.

        :raise UserError: when the file is unreadable
        """
        plan, delimiter = self._plan()
        self._show(plan, delimiter)
        self.state = "preview"
        return self._reopen()

    def action_import(self):
        """Import the rows without an error, and keep the others listed.

        The file is compared with the directory again, which may have changed since the
        preview.

        :raise UserError: when the file is unreadable
        """
        plan, delimiter = self._plan()
        plan.apply()
        self._show(plan, delimiter)
        self.held_count = plan.held
        if plan.held:
            mine = {"state": "to_approve", "proposed_by_id": self.env.uid}
            self.held_note = self.env["g2p.fa.proposal"].new(mine).approver_note
        self.state = "done"
        return self._reopen()

    def action_back(self):
        """Return to the choice of the file."""
        self.line_ids.unlink()
        self.write({"state": "upload", "file": False, "error_file": False})
        return self._reopen()

    def _plan(self):
        content = self.with_context(bin_size=False).file
        if not content:
            raise UserError(self.env._("Choose a CSV file first."))
        rows, delimiter = directory_csv.read_rows(self.env, base64.b64decode(content))
        return DirectoryPlan(self.env, rows), delimiter

    def _show(self, plan, delimiter):
        """Replace the listed rows and the counts by those of this plan."""
        self.line_ids.unlink()
        self.env["g2p.dfsp.import.line"].create(
            [self._line_values(row) for row in plan.rows]
        )
        errors = [
            {**row.cells, directory_csv.ERROR_COLUMN: row.note}
            for row in plan.rows
            if row.outcome == ERROR
        ]
        unchanged = sum(row.outcome == UNCHANGED for row in plan.rows)
        file = directory_csv.write_rows(errors, delimiter)
        self.write(
            {
                "change_count": len(plan.rows) - len(errors) - unchanged,
                "unchanged_count": unchanged,
                "error_count": len(errors),
                "error_file": base64.b64encode(file) if errors else False,
            }
        )

    def _line_values(self, row):
        return {
            "import_id": self.id,
            "line": row.line,
            "is_error": row.outcome == ERROR,
            "provider": row.cells["provider_name"] or row.cells["provider_code"],
            "branch": row.cells["branch_name"] or row.cells["branch_code"],
            "outcome": row.outcome,
            "note": row.note,
        }

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import directory"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }
