from odoo import api, models
from odoo.exceptions import AccessError, LockError, UserError

from ..const import ADMINISTRATOR, APPROVER, RETURNED


class G2pFaSecondPerson(models.AbstractModel):
    """Records that a second person approves: each is an activity of one approver."""

    _name = "g2p.fa.second.person"
    _description = "Approval by a second person"
    _inherit = ["g2p.fa.audited", "g2p.fa.todo"]

    #: External ID of the activity type.
    _approval_activity = None
    #: Who may change the to-dos of others, see ``mail.activity``.
    _watch_managers = ADMINISTRATOR

    def _authors(self):
        """Return the users who may not approve these records: they worked on them.

        :rtype: res.users
        """
        raise NotImplementedError

    def _barred(self):
        """Return the users who may not approve these: their authors, at least.

        :rtype: res.users
        """
        return self._authors()

    def _schedule_approval(self):
        """Create an activity of one approver for each of these records."""
        activity_type = self.env.ref(self._approval_activity)
        model = self.env["ir.model"]._get_id(self._name)
        self.env["mail.activity"].sudo().with_context(
            # One message per record would bury the approver after an import.
            mail_activity_quick_update=True
        ).create(
            [
                {
                    "res_model_id": model,
                    "res_id": record.id,
                    "activity_type_id": activity_type.id,
                    "summary": activity_type.summary,
                    "user_id": user.id,
                    "automated": True,
                }
                for record, user in self.approvers().items()
            ]
        )

    @api.model
    def _waiting_by_approver(self, approvers):
        """Return how many activities on this model each approver has."""
        rows = (
            self.env["mail.activity"]
            .sudo()
            ._read_group(
                [("user_id", "in", approvers.ids), ("res_model", "=", self._name)],
                ["user_id"],
                ["__count"],
            )
        )
        return {**dict.fromkeys(approvers, 0), **dict(rows)}

    @api.private
    def approvers(self):
        """Return the approver of each record: the one who has the fewest activities.

        A record that only its author could approve is left out; it stays in the list of
        approvals.

        :rtype: dict
        """
        waiting = self._waiting_by_approver(self._all_approvers())
        chosen = {}
        for record, fit in self._fit_approvers().items():
            if fit:
                chosen[record] = min(fit, key=lambda user: (waiting[user], user.id))
                waiting[chosen[record]] += 1
        return chosen

    def _return_to_author(self, author, reason):
        """Give the author of what was refused a to-do with the reason.

        Not users who may not see it any more, nor those of the portal.

        :param res.users author: who entered it
        :param str reason: why it was refused
        """
        self.ensure_one()
        author = author.sudo()
        if not author.active or author.share or not self._is_seen_by(author):
            return
        self.env["mail.activity"].sudo().with_context(
            mail_activity_quick_update=True
        ).create(
            {
                "res_model_id": self.env["ir.model"]._get_id(self._name),
                "res_id": self.id,
                "activity_type_id": self.env.ref(RETURNED).id,
                "summary": self.env._(
                    "Refused by %(name)s: %(reason)s",
                    name=self.env.user.name,
                    reason=reason,
                ),
                "user_id": author.id,
                "automated": True,
            }
        )

    def _is_seen_by(self, user):
        """Return whether another user may read these, in any company of theirs."""
        # The companies in the context are those of the user who acts.
        theirs = {"allowed_company_ids": user.sudo().company_ids.ids}
        return self.with_user(user).with_context(**theirs).has_access("read")

    @api.model
    def _hand_over_todos(self, todos):
        # What was returned is for its author only.
        kind = self.env.ref(RETURNED)
        returned = todos.filtered(lambda todo: todo.activity_type_id == kind)
        robot = self.env.ref("base.user_root")
        for todo in returned:
            record = self.browse(todo.res_id)
            if todo.user_id == robot or not record._is_seen_by(todo.user_id):
                todo.unlink()
        todos -= returned
        waiting = self._waiting_by_approver(self._all_approvers())
        fit = self.browse(todos.mapped("res_id")).exists()._fit_approvers()
        for todo in todos:
            users = fit.get(self.browse(todo.res_id)) or robot
            if todo.user_id not in users:
                heir = min(users, key=lambda user: (waiting.get(user, 0), user.id))
                waiting[heir] = waiting.get(heir, 0) + 1
                todo.user_id = heir

    @api.model
    def _all_approvers(self):
        group = self.env.ref(APPROVER).sudo()
        return group.all_user_ids.filtered(lambda user: user.active)

    def _fit_approvers(self):
        """Return the users who may approve each of these records; may be none."""
        approvers = self._all_approvers()
        found = {}
        for record in self.sudo():
            company = record.company_id
            fit = approvers - record._barred()
            if company:
                fit = fit.filtered(lambda user, own=company: own in user.company_ids)
            found[record] = fit
        return found

    # === DECIDING === #

    def _check_approver(self):
        """Refuse users who are not approvers, or may not see these.

        :raise AccessError: for such users
        """
        self.check_access("read")
        if not self.env.user.has_group(APPROVER):
            raise AccessError(
                self.env._("Only an approver of payment addresses may decide this.")
            )

    def _check_may_decide(self):
        """Refuse users who are not approvers, and authors.

        :raise AccessError: for users who are not approvers, or may not see these
        :raise UserError: for their authors
        """
        self._check_approver()
        # Also in superuser mode, so that no channel can avoid this check.
        if any(self.env.user in record._authors() for record in self):
            raise UserError(
                self.env._(
                    "You asked for this yourself. A second person must look at it."
                )
            )

    def _lock_while(self, *states):
        """Let no other transaction decide or change these.

        :param states: in one of which each must be
        :raise UserError: when one is not, or while another transaction writes it
        """
        self._lock_rows(self)
        if any(record.state not in states for record in self):
            raise UserError(
                self.env._("This has been decided or done already. Reload the page.")
            )

    def _lock_rows(self, records):
        """Let no other transaction write what one of these is about.

        :param records: what it is about, or these themselves
        :raise UserError: while another transaction writes it
        """
        try:
            records.lock_for_update()
        except LockError:
            raise UserError(
                self.env._(
                    "%(name)s: this is being saved or imported right now. Nothing was "
                    "decided. Try again in a moment.",
                    name=self[:1].display_name,
                )
            ) from None
        records.invalidate_recordset()

    def _approval_done(self):
        self.sudo().activity_unlink([self._approval_activity])
