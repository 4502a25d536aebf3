import base64
from pathlib import Path

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import file_path

from ..imports import directory_csv
from ..imports.directory_plan import ERROR, UNCHANGED, DirectoryPlan
from ..toolkit.transactions import alone, commit, roll_back

#: Rows of a file that is read or imported while the user waits. A larger one is done in
#: the background.
IN_REQUEST = 2000
RUNNING = ("reading", "importing")
#: The file that shows how a directory is written.
SAMPLE = "g2p_spar_financial_address/static/sample/directory.csv"


class G2pDfspImport(models.TransientModel):
    """Import the directory of banks and wallet operators from a CSV file.

    First a preview of each row, then the import. Rows with an error are left out, and
    can be downloaded as a file to correct. A large file is read and imported by a
    scheduled action, with the rights of the user.
    """

    _name = "g2p.dfsp.import"
    _description = "Import of the directory"

    state = fields.Selection(
        [
            ("upload", "Choose a file"),
            ("reading", "Being read"),
            ("preview", "Preview"),
            ("importing", "Being imported"),
            ("done", "Done"),
        ],
        required=True,
        default="upload",
        readonly=True,
    )
    # In the wizard's own row: deleted with it, and not left among the attachments.
    file = fields.Binary(string="CSV file", attachment=False)
    file_name = fields.Char()
    progress = fields.Integer(readonly=True, help="In percent.")
    problem = fields.Char(readonly=True)
    earlier_id = fields.Many2one(
        "g2p.dfsp.import", compute="_compute_earlier_id", string="Earlier file"
    )
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
    is_large = fields.Boolean("Large file", readonly=True)
    error_file_name = fields.Char(compute="_compute_error_file_name")

    @api.depends("file_name")
    def _compute_error_file_name(self):
        for wizard in self:
            name = (wizard.file_name or "directory.csv").rpartition(".")[0]
            wizard.error_file_name = self.env._("%(name)s - errors.csv", name=name)

    def _compute_earlier_id(self):
        """Find the user's file that was given to the background, to come back to it."""
        mine = self.search(
            [
                ("create_uid", "=", self.env.uid),
                ("is_large", "=", True),
                ("id", "not in", self.ids),
            ],
            order="id desc",
            limit=1,
        )
        self.earlier_id = mine

    def action_preview(self):
        """Show a preview of each row of the file; read a large one in the background.

        :raise UserError: when the file is unreadable
        """
        return self._start("reading")

    def action_sample(self):
        """Show what the sample file would change."""
        content = Path(file_path(SAMPLE)).read_bytes()
        self.write({"file": base64.b64encode(content), "file_name": "directory.csv"})
        return self.action_preview()

    def action_import(self):
        """Import the rows without an error, and keep the others listed.

        A large file is imported in the background.

        The file is compared with the directory again, which may have changed since the
        preview.

        :raise UserError: when the file is unreadable
        """
        return self._start("importing")

    def action_refresh(self):
        """Show how far it is."""
        return self._reopen()

    def action_earlier(self):
        """Show the file that was given to the background."""
        return self.earlier_id._reopen()

    def action_back(self):
        """Return to the choice of the file."""
        self.line_ids.unlink()
        self.write(
            {"state": "upload", "file": False, "error_file": False, "problem": False}
        )
        return self._reopen()

    # === DOING IT === #

    def _start(self, state):
        """Do it, or leave it to the background where it takes long."""
        self.ensure_one()
        if self.state in RUNNING:
            return self._reopen()
        rows, delimiter = self._rows()
        self.write({"state": state, "progress": 0, "problem": False})
        self.is_large = len(rows) > IN_REQUEST
        if self.is_large:
            self.env.ref("g2p_spar_financial_address.cron_import_directory")._trigger()
        else:
            self._work(rows, delimiter)
        return self._reopen()

    def _rows(self):
        content = self.with_context(bin_size=False).file
        if not content:
            raise UserError(self.env._("Choose a CSV file first."))
        return directory_csv.read_rows(self.env, base64.b64decode(content))

    def _work(self, rows, delimiter, tell=None):
        """Read or import the file, as its state says."""
        plan = DirectoryPlan(self.env, rows, tell)
        if self.state == "reading":
            self._show(plan, delimiter)
            self.state = "preview"
            return
        plan.apply()
        self._show(plan, delimiter)
        self.held_count = plan.held
        if plan.held:
            mine = {"state": "to_approve", "proposed_by_id": self.env.uid}
            self.held_note = self.env["g2p.fa.proposal"].new(mine).approver_note
        # Not needed any more.
        self.write({"state": "done", "file": False})

    @api.model
    def _cron_import(self):
        """Read and import the large files, each with the rights of its user."""
        Cron = self.env["ir.cron"]
        waiting = self.sudo().search([("state", "in", RUNNING)], order="write_date")
        Cron._commit_progress(remaining=len(waiting))
        for wizard in waiting:
            user = wizard.create_uid
            own = (
                wizard.with_user(user)
                .with_company(user.company_id)
                .with_context(lang=user.lang)
            )
            if not alone(self.env, own._work_alone, failed=False):
                own._give_up(
                    own.env._(
                        "Something unexpected happened, and nothing was imported. The "
                        "server's log says where."
                    )
                )
            user._bus_send("simple_notification", own.sudo()._notification())
            if not Cron._commit_progress(1):
                break

    def _work_alone(self):
        """Read or import a large file; return whether that can be told the user."""
        try:
            self.check_access("write")
            rows, delimiter = self._rows()
            self._work(rows, delimiter, self._tell)
        except UserError as error:
            # What it has done until then is rolled back.
            roll_back(self.env)
            self._give_up(str(error))
        return True

    def _give_up(self, problem):
        self.sudo().write({"state": "upload", "problem": problem, "file": False})

    def _tell(self, part):
        """Say how far it is. Nothing else is stored yet, so it may be committed."""
        self.progress = int(90 * part)
        commit(self.env)

    def _notification(self):
        if self.problem:
            return {"type": "danger", "message": self.problem}
        texts = {
            "preview": self.env._("The directory file has been read."),
            "done": self.env._("The directory file has been imported."),
        }
        return {"type": "success", "message": texts[self.state]}

    # === SHOWING IT === #

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
