from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..asking import asking


class G2pOdkFormPick(models.TransientModel):
    """Dialog to choose from the forms of a Central."""

    _name = "g2p.odk.form.pick"
    _description = "Choose ODK forms"

    server_id = fields.Many2one(
        "g2p.odk.server",
        required=True,
        ondelete="cascade",
        default=lambda self: self._only_server(),
    )
    line_ids = fields.One2many("g2p.odk.form.pick.line", "pick_id", string="Forms")
    trouble = fields.Char(
        "Why there is no list", readonly=True, help="Then the form is typed in."
    )
    form_name = fields.Char("Name of the form")
    project_id = fields.Integer("Project number", help="As in its address at Central.")
    xml_form_id = fields.Char("Form ID", help="The form's ID in ODK.")

    @api.model
    def _only_server(self):
        servers = self.env["g2p.odk.server"].search([], limit=2)
        return servers if len(servers) == 1 else servers.browse()

    @api.onchange("server_id")
    def _onchange_server_id(self):
        """Read the forms of Central that are not fetched yet."""
        self.trouble = False
        lines = []
        if server := self.server_id._origin:
            try:
                lines = self._read_forms(server)
            except UserError as error:
                self.trouble = str(error)
        self.line_ids = [Command.clear(), *map(Command.create, lines)]

    def _read_forms(self, server):
        """Return the values of the lines of this dialog.

        :raise UserError: when Central cannot be queried, in words
        """
        server.check_access("write")
        forms = self.env["g2p.odk.form"].with_context(active_test=False)
        known = {
            (form.project_id, form.xml_form_id)
            for form in forms.search([("server_id", "=", server.id)])
        }
        lines = []
        with asking(server) as client:
            for project in client.projects():
                lines += [
                    {
                        "project_id": project["id"],
                        "project_name": project["name"],
                        "xml_form_id": form["xmlFormId"],
                        "form_name": form.get("name") or form["xmlFormId"],
                    }
                    for form in client.forms(project["id"])
                    if (project["id"], form["xmlFormId"]) not in known
                ]
        return lines

    def action_add(self):
        """Create the chosen forms, to be fetched from now on; open them.

        :raise UserError: when none is chosen
        """
        self.ensure_one()
        chosen = self.line_ids.filtered("is_chosen")
        if not chosen and not (self.trouble and self.project_id and self.xml_form_id):
            raise UserError(
                self.env._("Type the project's number and the form's ID.")
                if self.trouble
                else self.env._("Choose a form first.")
            )
        forms = self.env["g2p.odk.form"].create(
            [
                {
                    "name": one.form_name or one.xml_form_id,
                    "server_id": self.server_id.id,
                    "project_id": one.project_id,
                    "xml_form_id": one.xml_form_id,
                }
                for one in chosen or self
            ]
        )
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Forms"),
            "res_model": forms._name,
            "view_mode": "list,form",
            "domain": [("id", "in", forms.ids)],
        }
        if len(forms) == 1:
            forms._begin_mapping()
            action |= {"view_mode": "form", "res_id": forms.id}
        return action
