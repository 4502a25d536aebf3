from odoo import SUPERUSER_ID, api, models


class G2pFaTodo(models.AbstractModel):
    """Records whose to-dos are for users with a role.

    When such a user leaves or loses the role, another one gets the to-do. Where there
    is none, the system user keeps it until there is one.
    """

    _name = "g2p.fa.todo"
    _description = "To-dos of users with a role"
    _inherit = ["mail.activity.mixin"]

    @api.model
    def _hand_over_todos(self, todos):
        """Give to-dos whose users may not do them to users who may.

        :param todos: activities on records of this model
        """
        raise NotImplementedError


class MailActivity(models.Model):
    _inherit = "mail.activity"

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
