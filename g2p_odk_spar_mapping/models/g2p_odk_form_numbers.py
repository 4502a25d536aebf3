from odoo import fields, models


class G2pOdkForm(models.Model):
    """How many of a form's submissions stand where, for its buttons."""

    _inherit = "g2p.odk.form"

    applied_count = fields.Integer("Applied", compute="_compute_counts")
    set_aside_count = fields.Integer("Set aside", compute="_compute_counts")
    staged_count = fields.Integer("To apply", compute="_compute_counts")

    def _compute_counts(self):
        rows = self.env["g2p.odk.submission"]._read_group(
            [("form_id", "in", self.ids)], ["form_id", "state"], ["__count"]
        )
        counts = {(form.id, state): count for form, state, count in rows}
        for form in self:
            for state in ("applied", "set_aside", "staged"):
                form[f"{state}_count"] = counts.get((form.id, state), 0)

    def action_open_submissions(self):
        """Open the submissions of this form; the context says in which state."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "g2p_odk_spar_mapping.g2p_odk_submission_action"
        )
        state = self.env.context.get("submission_state")
        return {
            **action,
            "domain": [("form_id", "=", self.id)],
            "context": {f"search_default_{state}": 1} if state else {},
        }
