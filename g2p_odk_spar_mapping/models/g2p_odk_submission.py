from odoo import api, fields, models

from ..pipeline.staging import Known

#: Reasons that fetching sets; those of applying are added in its own file.
ERROR_KINDS = [
    ("encrypted", "Encrypted"),
    ("unreadable", "Cannot be read"),
    ("rejected", "Rejected at Central"),
    ("not_reviewed", "Not approved yet"),
    ("has_issues", "Has issues at Central"),
    ("unexpected", "Unexpected error"),
]


class G2pOdkSubmission(models.Model):
    """A submission as last read from Central, and its state here."""

    _name = "g2p.odk.submission"
    _description = "ODK submission"
    _order = "submitted_stamp desc, id desc"
    _rec_name = "instance_id"

    form_id = fields.Many2one(
        "g2p.odk.form", required=True, readonly=True, ondelete="restrict"
    )
    instance_id = fields.Char(
        "Submission",
        required=True,
        readonly=True,
        help="Its ID at Central, which stays when it is edited.",
    )
    state = fields.Selection(
        [
            ("staged", "To apply"),
            ("applied", "Applied"),
            ("set_aside", "Set aside"),
            ("ignored", "Ignored"),
            ("waiting", "Waiting for review"),
            ("removed", "Deleted at Central"),
        ],
        required=True,
        readonly=True,
        default="staged",
    )
    error_kind = fields.Selection(ERROR_KINDS, string="Reason", readonly=True)
    error_text = fields.Char("What is wrong", readonly=True)
    attempts = fields.Integer(readonly=True, help="How often applying it failed.")

    version = fields.Integer(
        readonly=True,
        default=1,
        help="Counts how often its answers were found to be others.",
    )
    applied_version = fields.Integer(
        readonly=True, help="The version in use; 0 if none was applied yet."
    )
    version_id = fields.Char(
        "Version at Central", readonly=True, help="Central's ID of the last edit."
    )
    edits = fields.Integer(readonly=True, help="How often it was edited at Central.")
    twins = fields.Char(
        "Names used twice",
        readonly=True,
        help="What Central called several questions when this was read, so that their "
        "answers ran together.",
    )
    content_hash = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    payload = fields.Json(
        readonly=True,
        groups=fields.NO_ACCESS,
        prefetch=False,
        help="The answers. They hold payment data: only the code that applies them "
        "reads them.",
    )

    # With milliseconds, which fields of Odoo do not store.
    submitted_stamp = fields.Char(readonly=True)
    updated_stamp = fields.Char(readonly=True)
    submitted_at = fields.Datetime("Submitted", readonly=True)
    updated_at = fields.Datetime("Updated", readonly=True)
    deleted_at = fields.Datetime("Deleted", readonly=True)
    removed_at = fields.Datetime("Deletion noticed", readonly=True)
    review_state = fields.Selection(
        [
            ("received", "Received"),
            ("hasIssues", "Has issues"),
            ("edited", "Edited"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
        ],
        readonly=True,
    )
    submitter_id = fields.Char("Collector's number at Central", readonly=True)
    submitter = fields.Char("Collected by", readonly=True)
    device = fields.Char(readonly=True)
    form_version = fields.Char(readonly=True)
    attachments_expected = fields.Integer("Files expected", readonly=True)
    attachments_present = fields.Integer("Files there", readonly=True)

    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    address_id = fields.Many2one(
        "g2p.financial.address",
        string="Payment address",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    # A submission fetched by two runs is stored once.
    _instance_unique = models.UniqueIndex(
        "(form_id, instance_id)", "This submission is here already."
    )
    # Comparisons read them in the order of Central's feed.
    _in_order = models.Index("(form_id, submitted_stamp)")
    _removed = models.Index("(removed_at) WHERE state = 'removed'")
    _aside = models.Index("(id) WHERE state = 'set_aside'")
    _due = models.Index(
        "(form_id, submitted_stamp, instance_id) WHERE state = 'staged'"
    )

    # === HOOKS === #

    def _apply(self):
        """Apply staged submissions; a hook, implemented by the mapping.

        The records are in the order of submission. The caller ends the transaction.
        """

    def _withdrawn(self):
        """Handle applied submissions that were deleted or rejected at Central; a hook.

        Called in the transaction that stores this. Nothing is undone automatically.
        """

    # === BUSINESS METHODS === #

    def _known(self):
        """Return the staged values of each, by instance ID.

        :return: dict of :class:`~..staging.Known`
        """
        return {
            one.instance_id: Known(
                one.state,
                one.error_kind or None,
                one.content_hash or None,
                one.version,
                one.applied_version,
                one.twins or None,
            )
            for one in self
        }

    def _forget_answers(self):
        """Erase the answers; date, submitter and result stay."""
        self.write({"payload": False})

    @api.autovacuum
    def _erase_removed(self):
        """Erase the answers of submissions deleted at Central long enough ago."""
        self.flush_model(["state", "removed_at", "payload"])
        self.env.cr.execute(
            """UPDATE g2p_odk_submission s SET payload = NULL
                 FROM g2p_odk_form f
                WHERE f.id = s.form_id AND s.state = 'removed'
                  AND s.payload IS NOT NULL
                  AND s.removed_at <= %s - f.erase_days * interval '1 day'""",
            [fields.Datetime.now()],
        )
        self.invalidate_model(["payload"])

    def _set_aside_unexpected(self):
        """Set it aside: applying it failed with an unexpected error."""
        self.write(
            {
                "state": "set_aside",
                "error_kind": "unexpected",
                "error_text": self.env._(
                    "Something unexpected happened. The server's log says where."
                ),
            }
        )
