from odoo import fields, models


class G2pFinancialAddress(models.Model):
    """The source of an address: collector, form, and version of the submission.

    Copied, not related: the submission may get newer versions, the address keeps the
    version it was made from.
    """

    _inherit = "g2p.financial.address"

    odk_submission_id = fields.Many2one(
        "g2p.odk.submission",
        string="ODK submission",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    odk_instance = fields.Char("Submission ID", readonly=True, copy=False)
    odk_version = fields.Char("Version of the submission", readonly=True, copy=False)
    odk_submitter = fields.Char("Collected by", readonly=True, copy=False)
    odk_device = fields.Char("Device", readonly=True, copy=False)
    odk_submitted_at = fields.Datetime(
        "Received by Central on", readonly=True, copy=False
    )

    def _author_name(self):
        """Return the collector: the user who fetches submissions has entered none."""
        return self.odk_submitter or super()._author_name()

    def _erase(self):
        """Erase also the answers that these addresses were made from."""
        submissions = self.sudo().odk_submission_id
        # Only the last version is stored, and another address may use it.
        over = submissions.filtered(lambda one: one.address_id in self)
        over._forget_answers()
        return super()._erase()
