import time

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import FA_TYPES
from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note
from odoo.addons.g2p_spar_sync_queue.jobs import later, on_behalf
from odoo.addons.g2p_spar_sync_queue.transactions import (
    RETRYABLE_ERRORS,
    commit,
    roll_back,
)

from ..csv_file import csv_content

#: Addresses that are amended in one transaction.
BATCH = 100
#: What a user decides; the rest is the registry's.
DESIGN = {
    "fa_type",
    "from_dfsp_id",
    "from_branch_id",
    "to_dfsp_id",
    "to_branch_id",
    "reason",
}
#: Seconds after which a job leaves the rest to the next one.
JOB_SECONDS = 45


class G2pFaBulk(models.Model):
    """Moves many addresses from one provider or branch to another, as when banks
    merge: the numbers stay, and each address is amended like any other.

    It runs in the background, a batch at a time. The addresses are entered in the name
    of the user who started it, as long as that user may do so. After a stop it
    continues at the same place.
    """

    _name = "g2p.fa.bulk"
    _description = "Bulk amendment"
    _order = "id desc"

    fa_type = fields.Selection(FA_TYPES, string="Type", required=True)
    from_dfsp_id = fields.Many2one(
        "g2p.dfsp",
        string="From provider",
        required=True,
        ondelete="restrict",
        domain="[('fa_type', '=', fa_type)]",
    )
    from_branch_id = fields.Many2one(
        "g2p.dfsp.branch",
        string="From branch",
        ondelete="restrict",
        domain="[('dfsp_id', '=', from_dfsp_id)]",
        help="Only addresses at this branch; leave it empty for all.",
    )
    to_dfsp_id = fields.Many2one(
        "g2p.dfsp",
        string="To provider",
        required=True,
        ondelete="restrict",
        domain="[('fa_type', '=', fa_type)]",
    )
    to_branch_id = fields.Many2one(
        "g2p.dfsp.branch",
        string="To branch",
        ondelete="restrict",
        domain="[('dfsp_id', '=', to_dfsp_id)]",
        help="Leave it empty to keep each branch that has the same code at the new "
        "provider.",
    )
    reason = Note(
        required=True, help="Kept in the history of each address that is amended."
    )
    state = fields.Selection(
        [
            ("draft", "Not started"),
            ("running", "Running"),
            ("done", "Done"),
            ("cancelled", "Stopped"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    line_ids = fields.One2many(
        "g2p.fa.bulk.line", "bulk_id", string="Addresses", readonly=True, copy=False
    )
    total = fields.Integer("Addresses to amend", readonly=True, copy=False)
    count = fields.Integer("Addresses now", compute="_compute_count")
    finished_at = fields.Datetime("Finished", readonly=True, copy=False)
    requester_id = fields.Many2one(
        "res.users",
        string="Started by",
        readonly=True,
        copy=False,
        help="Whose rights count, each time addresses are amended.",
    )
    author_ids = fields.Many2many(
        "res.users",
        string="Designed, started or resumed by",
        readonly=True,
        copy=False,
        help="They are no second person for its addresses.",
    )
    stop_reason = Note("Why it stopped", masks=True, readonly=True, copy=False)
    changed = fields.Integer("Amended", compute="_compute_numbers")
    waiting = fields.Integer("Waiting for approval", compute="_compute_numbers")
    refused = fields.Integer("Not amended", compute="_compute_numbers")
    progress = fields.Float(compute="_compute_numbers")
    result_file = fields.Binary("Result", compute="_compute_result_file")

    # === COMPUTE METHODS === #

    @api.depends("from_dfsp_id", "to_dfsp_id")
    def _compute_display_name(self):
        for bulk in self:
            bulk.display_name = self.env._(
                "%(before)s to %(after)s",
                before=bulk.from_dfsp_id.name or "",
                after=bulk.to_dfsp_id.name or "",
            )

    @api.depends_context("uid")
    @api.depends("from_dfsp_id", "from_branch_id")
    def _compute_count(self):
        for bulk in self:
            bulk.count = self.env["g2p.financial.address"].search_count(bulk._domain())

    @api.depends_context("uid")
    @api.depends("line_ids.state", "total", "state")
    def _compute_numbers(self):
        rows = self.env["g2p.fa.bulk.line"]._read_group(
            [("bulk_id", "in", self.ids)], ["bulk_id", "state"], ["__count"]
        )
        counts = {(bulk, state): number for bulk, state, number in rows}
        for bulk in self:
            bulk.changed = counts.get((bulk, "changed"), 0)
            bulk.waiting = counts.get((bulk, "waiting"), 0)
            bulk.refused = counts.get((bulk, "refused"), 0)
            open_ones = counts.get((bulk, "open"), 0)
            part = 1 - open_ones / bulk.total if bulk.total else 1.0
            done = bulk.state == "done"
            bulk.progress = 0.0 if bulk.state == "draft" else 100.0 * part
            bulk.progress = 100.0 if done else min(99.0, bulk.progress)

    def _compute_result_file(self):
        """Store the result for each address; numbers are masked."""
        header = [
            self.env._("Registrant"),
            self.env._("Number"),
            self.env._("Result"),
            self.env._("Why"),
        ]
        states = dict(
            self.env["g2p.fa.bulk.line"]
            ._fields["state"]
            ._description_selection(self.env)
        )
        for bulk in self:
            bulk.result_file = csv_content(
                header,
                (
                    [
                        line.partner_id.display_name,
                        line.address_id.masked,
                        states[line.state],
                        line.message,
                    ]
                    for line in bulk.line_ids
                ),
            )

    # === CONSTRAINTS === #

    @api.constrains(
        "fa_type", "from_dfsp_id", "from_branch_id", "to_dfsp_id", "to_branch_id"
    )
    def _check_way(self):
        for bulk in self:
            pairs = (
                (bulk.from_dfsp_id, bulk.from_branch_id),
                (bulk.to_dfsp_id, bulk.to_branch_id),
            )
            for dfsp, branch in pairs:
                if dfsp.fa_type != bulk.fa_type:
                    raise ValidationError(
                        self.env._("%s does not offer this type of address.", dfsp.name)
                    )
                if branch and branch.dfsp_id != dfsp:
                    raise ValidationError(
                        self.env._(
                            "The branch %(branch)s is not one of %(provider)s.",
                            branch=branch.name,
                            provider=dfsp.name,
                        )
                    )
            if pairs[0] == pairs[1]:
                raise ValidationError(
                    self.env._("Choose another provider or branch to move to.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Note the user as an author.

        :raise AccessError: for values of fields that users do not write
        """
        self._check_said(vals_list)
        # Said here, so that no default of the context says something else.
        fixed = {"state": "draft", "requester_id": False, "total": 0, "author_ids": []}
        bulks = super().create([{**vals, **fixed} for vals in vals_list])
        bulks._note_author()
        return bulks

    def write(self, vals):
        """Refuse to change an amendment that was started; note the user as an author.

        :raise AccessError: for values of fields that users do not write
        :raise UserError: when it was started
        """
        if self.env.su:
            return super().write(vals)
        self.check_access("write")
        self._check_said([vals])
        if any(bulk.state != "draft" for bulk in self):
            raise UserError(
                self.env._("This has been started. Make another one instead.")
            )
        super().write(vals)
        self._note_author()
        return True

    def _check_said(self, vals_list):
        if not self.env.su and not all(vals.keys() <= DESIGN for vals in vals_list):
            raise AccessError(
                self.env._("The state of a bulk amendment is not written by hand.")
            )

    def _note_author(self):
        author = fields.Command.link(self.env.uid)
        self.sudo().write({"author_ids": [author]})

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if any(bulk.state != "draft" for bulk in self):
            raise UserError(self.env._("What has been started is kept."))

    # === ACTION METHODS === #

    def action_start(self):
        """Take up the addresses as of now, and amend them in the background.

        :raise AccessError: when the user may not enter payment addresses
        :raise UserError: when there is nothing to amend
        """
        self.ensure_one()
        self.env["g2p.financial.address"].check_access("create")
        if self.state != "draft":
            return
        # With the user's rights: addresses they may not see stay as they are.
        query = self.env["g2p.financial.address"]._search(self._domain(), order="id")
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """INSERT INTO g2p_fa_bulk_line (bulk_id, address_id, partner_id, state)
                   SELECT %s, a.id, a.partner_id, 'open'
                     FROM g2p_financial_address a WHERE a.id IN %s ORDER BY a.id""",
                self.id,
                query.subselect(),
            )
        )
        total = self.env.cr.rowcount
        if not total:
            raise UserError(self.env._("No registrant is paid there."))
        self.env.invalidate_all(flush=False)
        self.sudo().write(
            {"state": "running", "total": total, "requester_id": self.env.uid}
        )
        self._note_author()
        self._wake_up()

    def action_cancel(self):
        """Stop; addresses that were amended keep their new value.

        :raise AccessError: when the user may not enter payment addresses
        """
        self.env["g2p.financial.address"].check_access("create")
        self.check_access("write")
        self._check_companies()
        running = self.sudo().filtered(lambda bulk: bulk.state == "running")
        running.write({"state": "cancelled", "finished_at": fields.Datetime.now()})

    def action_resume(self):
        """Continue with the remaining addresses, in the name of the user who resumes.

        :raise AccessError: when the user may not enter payment addresses
        """
        self.env["g2p.financial.address"].check_access("create")
        self.check_access("write")
        self._check_companies()
        stopped = self.filtered(lambda bulk: bulk.state == "cancelled")
        stopped.sudo().write(
            {
                "state": "running",
                "finished_at": False,
                "stop_reason": False,
                "requester_id": self.env.uid,
            }
        )
        stopped._note_author()
        stopped._wake_up()

    def _check_companies(self):
        """Refuse users who may not see all of these addresses.

        :raise AccessError: which says so
        """
        mine = [("bulk_id", "in", self.ids)]
        if self.line_ids.search_count(mine) < self.line_ids.sudo().search_count(mine):
            raise AccessError(
                self.env._(
                    "Some of these registrants are of a company in which you are not "
                    "allowed."
                )
            )

    def action_download(self):
        """Download the result for each address."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/result_file"
            "?download=true&filename=bulk-amendment.csv",
            "target": "self",
        }

    # === JOBS === #

    def _domain(self):
        domain = Domain("state", "=", "effective") & Domain(
            "dfsp_id", "=", self.from_dfsp_id.id
        )
        if self.from_branch_id:
            domain &= Domain("branch_id", "=", self.from_branch_id.id)
        return domain

    def _wake_up(self):
        for bulk in self:
            later(
                bulk,
                priority=20,
                identity_key=f"spar-bulk-{bulk.id}",
                description=self.env._("Amend many addresses"),
            ).job_run()

    @api.private
    def job_run(self):
        """Job: amend for as long as a job may last, and leave the rest to the next."""
        deadline = time.monotonic() + JOB_SECONDS
        for bulk in self.sudo().exists():
            while bulk.state == "running" and time.monotonic() < deadline:
                try:
                    bulk._amend_next()
                    commit(self.env)
                except RETRYABLE_ERRORS:
                    roll_back(self.env)
            if bulk.state == "running":
                bulk._wake_up()
                commit(self.env)

    def _amend_next(self):
        """Amend the next batch; set the state to done when there is none."""
        bulk = self.sudo()
        bulk.lock_for_update()
        now = fields.Datetime.now()
        own = on_behalf(self, bulk.requester_id)
        if not own or not own.env["g2p.financial.address"].has_access("create"):
            reason = self.env._(
                "The person who started this may not enter payment addresses any more. "
                "Another editor can let it go on."
            )
            bulk.write(
                {"state": "cancelled", "finished_at": now, "stop_reason": reason}
            )
            return
        lines = bulk.line_ids.search(
            [("bulk_id", "=", self.id), ("state", "=", "open")], limit=BATCH, order="id"
        )
        if lines:
            lines.with_env(own.env)._amend()
        else:
            bulk.write({"state": "done", "finished_at": now})
