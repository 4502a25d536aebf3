from odoo import fields, models

from odoo.addons.g2p_spar_financial_address.toolkit.note_field import Note

from ..pipeline import error_texts


class G2pOdkCorrection(models.Model):
    """A value by which a person has replaced an answer; the answer is kept.

    Never changed: a further correction is a further record. Only the value, as it was
    typed, is forgotten when it is no longer needed.
    """

    _name = "g2p.odk.correction"
    _description = "Correction of an ODK submission"
    _order = "id desc"
    _rec_name = "target"

    submission_id = fields.Many2one(
        "g2p.odk.submission",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    version = fields.Integer(
        readonly=True, required=True, help="The version it corrects, and no other."
    )
    target = fields.Selection(
        selection=lambda self: list(error_texts.target_labels(self.env).items()),
        string="Corrected",
        required=True,
        readonly=True,
    )
    value = fields.Char(
        readonly=True,
        groups=fields.NO_ACCESS,
        copy=False,
        help="Forgotten with a newer correction, when the submission is left out, and "
        "with the number of the address it became.",
    )
    shown = fields.Char(
        "Now", readonly=True, help="The value in its place; numbers are masked."
    )
    shown_before = fields.Char("Collected", readonly=True)
    reason = Note(required=True, readonly=True)
    create_uid = fields.Many2one("res.users", "Corrected by", readonly=True)
    create_date = fields.Datetime("Corrected on", readonly=True)

    def _forget(self):
        """Forget the values; what is shown of them, masked, stays."""
        self.filtered("value").value = False

    def _in_force(self):
        """Return the values in force by submission and target: the newest of each.

        :rtype: dict[int, dict[str, str]]
        """
        values = {}
        for one in self.sudo().sorted("id"):
            if one.value and one.version == one.submission_id.version:
                values.setdefault(one.submission_id.id, {})[one.target] = one.value
        return values
