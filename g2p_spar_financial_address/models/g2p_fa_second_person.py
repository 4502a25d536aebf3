from odoo import api, models

from ..const import ADMINISTRATOR, APPROVER


class G2pFaSecondPerson(models.AbstractModel):
    """What waits for a second person is the to-do of one approver."""

    _name = "g2p.fa.second.person"
    _description = "Approval by a second person"
    _inherit = ["mail.thread", "mail.activity.mixin"]

    #: The kind of to-do, by its full name.
    _approval_activity = None
    #: Who may change the to-dos of others, see ``mail.activity``.
    _watch_managers = ADMINISTRATOR

    def _authors(self):
        """Return the users who may not approve these: they worked on them.

        :rtype: res.users
        """
        raise NotImplementedError

    def _barred(self):
        """Return the users who may not approve these: their authors, at least.

        :rtype: res.users
        """
        return self._authors()

    def _schedule_approval(self):
        """Give each of these to an approver as a to-do."""
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
        """Return how many to-dos on this model each approver has."""
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
        """Return whose to-do each record becomes: the approver with the fewest.

        A record only its own author could approve becomes no to-do; it stays in the
        list of approvals.
        """
        waiting = self._waiting_by_approver(self._all_approvers())
        chosen = {}
        for record, fit in self._fit_approvers().items():
            if fit:
                chosen[record] = min(fit, key=lambda user: (waiting[user], user.id))
                waiting[chosen[record]] += 1
        return chosen

    @api.model
    def _all_approvers(self):
        group = self.env.ref(APPROVER).sudo()
        return group.all_user_ids.filtered(lambda user: user.active)

    def _fit_approvers(self):
        """Return the users who may decide about each of these; maybe none."""
        approvers = self._all_approvers()
        found = {}
        for record in self.sudo():
            company = record.company_id
            fit = approvers - record._barred()
            if company:
                fit = fit.filtered(lambda user, own=company: own in user.company_ids)
            found[record] = fit
        return found

    def _approval_done(self):
        self.sudo().activity_unlink([self._approval_activity])
