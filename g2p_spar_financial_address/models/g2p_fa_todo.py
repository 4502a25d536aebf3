from odoo import api, models


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
