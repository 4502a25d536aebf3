from odoo import fields, models


class G2pOdkFormPickLine(models.TransientModel):
    """One form of a Central."""

    _name = "g2p.odk.form.pick.line"
    _description = "ODK form to choose"
    _order = "project_name, form_name, id"

    pick_id = fields.Many2one("g2p.odk.form.pick", required=True, ondelete="cascade")
    is_chosen = fields.Boolean("Fetch")
    project_id = fields.Integer("Project number", readonly=True)
    project_name = fields.Char("Project", readonly=True)
    xml_form_id = fields.Char("Form ID", readonly=True)
    form_name = fields.Char("Form", readonly=True)
