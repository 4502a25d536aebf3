from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError


class MailActivity(models.Model):
    """The watched do not reach the watch.

    To-dos that the suite makes on its models, and alarms about a person, are changed,
    done and deleted by those they are for, and by managers, but never by the person an
    alarm is about. A model says who its managers are by ``_watch_managers``.
    """

    _inherit = "mail.activity"

    watched_id = fields.Many2one(
        "res.users",
        string="About",
        readonly=True,
        copy=False,
        groups=fields.NO_ACCESS,
        index="btree_not_null",
        ondelete="set null",
    )

    # === WHAT A TO-DO SAYS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create to-dos; those the suite makes are due now and seen, in every context.

        No default of the user whose change causes one hides it.
        """
        usual = {
            "active": True,
            "date_deadline": fields.Date.context_today(self),
            "note": False,
            "summary": False,
        }
        return super().create(
            [
                {**usual, **vals} if self._is_todo_of_suite(vals) else vals
                for vals in vals_list
            ]
        )

    @api.model
    def _is_todo_of_suite(self, vals):
        if not vals.get("automated"):
            return False
        model = vals.get("res_model")
        if not model and vals.get("res_model_id"):
            model = self.env["ir.model"].sudo().browse(vals["res_model_id"]).model
        return hasattr(self.env.get(model), "_watch_managers")

    # === WHO MAY TOUCH A TO-DO === #

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if self.env.su or not self or operation not in ("write", "unlink"):
            return result
        forbidden, error = result or (self.browse(), None)
        out_of_reach = (self - forbidden).filtered(
            lambda activity: activity.sudo()._is_out_of_reach(self.env.user)
        )
        if not out_of_reach:
            return result
        return forbidden + out_of_reach, error or self._refuse_reach

    def _is_out_of_reach(self, user):
        """Return whether it watches others, and this user may not touch it."""
        if self.watched_id:
            managers = self.env["g2p.financial.address"]._watch_managers
        else:
            model = self.env.get(self.res_model)
            managers = getattr(model, "_watch_managers", None)
            if not managers or not self.automated:
                return False
        if user == self.watched_id:
            return True
        return user != self.user_id and not user.has_group(managers)

    def _refuse_reach(self):
        return AccessError(
            self.env._(
                "This to-do is for another user, who alone can change or finish it."
            )
        )

    @api.model
    def _alert_to_person(self, kind, person, record, watchers, **texts):
        """Have one of these users look at what a person does, unless one is asked yet.

        :param str kind: external ID of the activity type
        :param res.users person: who is watched
        :param record: what the to-do hangs on
        :param res.users watchers: who may look, best first
        :param texts: the summary and the note
        """
        kind = self.env.ref(kind)
        about = [("activity_type_id", "=", kind.id), ("watched_id", "=", person.id)]
        robot = self.env.ref("base.user_root")
        fit = watchers.filtered("active") - person
        fit = fit.sorted(lambda user: user == robot)
        if not fit or self.sudo().search_count(about, limit=1):
            return
        self.sudo().create(
            {
                **texts,
                "activity_type_id": kind.id,
                "automated": True,
                "res_id": record.id,
                "res_model_id": self.env["ir.model"]._get_id(record._name),
                "user_id": fit[0].id,
                "watched_id": person.id,
            }
        )

    # === HANDING OVER: SEE g2p.fa.todo === #

    @api.model
    def _spar_todos(self, users=None):
        """Return the to-dos that users have because of a role.

        :param res.users users: whose, and the system user's; by default of all users
        """
        registry = self.env.registry
        names = [
            name
            for name, model in registry.items()
            if issubclass(model, registry["g2p.fa.todo"]) and not model._abstract
        ]
        domain = [("automated", "=", True), ("res_model", "in", names)]
        if users is not None:
            ids = [SUPERUSER_ID, *users.ids]
            domain.append(("user_id", "in", ids))
        return self.sudo().search(domain, order="id")

    def _spar_park(self):
        """Let the system user have these, as Odoo deletes those of users who leave."""
        self._spar_quietly().user_id = SUPERUSER_ID

    def _spar_hand_over(self):
        """Give those of these to others whose users may not do them."""
        for model, todos in self._spar_quietly().exists().grouped("res_model").items():
            self.env[model].sudo()._hand_over_todos(todos)

    def _spar_quietly(self):
        # One message for each would bury the heir.
        return self.sudo().with_context(mail_activity_quick_update=True)
