from odoo import Command, fields, models

from ..asking import asking


class G2pOdkFormPick(models.TransientModel):
    """Dialog to choose from the forms of a Central."""

    _name = "g2p.odk.form.pick"
    _description = "Choose ODK forms"

    server_id = fields.Many2one(
        "g2p.odk.server", required=True, readonly=True, ondelete="cascade"
    )
    line_ids = fields.One2many("g2p.odk.form.pick.line", "pick_id", string="Forms")

    def _read_forms(self):
        """Fill in the forms of Central that are not fetched yet.

        :raise UserError: when Central cannot be queried, in words
        """
        self.ensure_one()
        forms = self.env["g2p.odk.form"].with_context(active_test=False)
        known = {
            (form.project_id, form.xml_form_id)
            for form in forms.search([("server_id", "=", self.server_id.id)])
        }
        lines = []
        with asking(self.server_id) as client:
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
        self.line_ids = [Command.create(line) for line in lines]

    def action_add(self):
        """Create the ticked forms, to be fetched from now on; open them."""
        self.ensure_one()
        forms = self.env["g2p.odk.form"].create(
            [
                {
                    "name": line.form_name,
                    "server_id": self.server_id.id,
                    "project_id": line.project_id,
                    "xml_form_id": line.xml_form_id,
                }
                for line in self.line_ids.filtered("is_chosen")
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
            action |= {"view_mode": "form", "res_id": forms.id}
        return action
