from odoo import Command, api, fields, models

from ..const import FIELD_AGENT


class ResUsers(models.Model):
    """Portal users that are field agents.

    Odoo's form shows the roles of portal users in developer mode only, so there is a
    tick for this one.
    """

    _inherit = "res.users"

    is_field_agent = fields.Boolean(
        "Field agent",
        compute="_compute_is_field_agent",
        inverse="_inverse_is_field_agent",
        help="Has assigned registrants on the portal: sees only these, and enters "
        "where they are paid.",
    )

    @api.depends("group_ids")
    def _compute_is_field_agent(self):
        agents = self.env.ref(FIELD_AGENT)
        for user in self:
            user.is_field_agent = agents in user.all_group_ids

    def _inverse_is_field_agent(self):
        group = self.env.ref(FIELD_AGENT)
        for user in self:
            command = Command.link if user.is_field_agent else Command.unlink
            user.group_ids = [command(group.id)]
