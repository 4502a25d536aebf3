import hashlib
import json
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: A form that was opened longer ago than this is not sent twice by a poor network.
KEPT_DAYS = 7


class G2pPortalSent(models.Model):
    """The forms that were sent, each one once.

    On a poor network a phone sends a form again although the first one arrived. Each
    form carries a token, and what was sent with it is kept as a digest: the same
    once more is not done again, a correction of it is.
    """

    _name = "g2p.portal.sent"
    _description = "Form sent on the portal"
    _log_access = False

    digest = fields.Char(required=True, readonly=True, groups=fields.NO_ACCESS)
    sent_at = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now, index=True
    )

    _digest_unique = models.Constraint("UNIQUE(digest)", "This form was sent already.")

    @api.model
    def _new_token(self):
        """Return a token for a form that is about to be shown."""
        return secrets.token_hex(16)

    @api.model
    def _was_sent(self, token, content):
        """Return whether this form was sent before, with the same content.

        :param str token: which came with the form
        :param dict content: what was sent, by field
        :rtype: bool
        """
        digest = self._digest(token, content)
        return bool(self.search_count([("digest", "=", digest)], limit=1))

    @api.model
    def _is_first(self, token, content):
        """Take down that a form was sent; it is undone with what was done with it.

        Of two at the same moment the second waits for the first, and starts anew when
        that has succeeded.

        :param str token: which came with the form
        :param dict content: what was sent, by field
        :return: whether this is the first time
        :rtype: bool
        """
        self.env.cr.execute(
            SQL(
                """INSERT INTO g2p_portal_sent (digest, sent_at)
                   VALUES (%s, now() AT TIME ZONE 'UTC')
                   ON CONFLICT (digest) DO NOTHING RETURNING id""",
                self._digest(token, content),
            ),
            # The second is told by an error to start anew, which is nobody's fault.
            log_exceptions=False,
        )
        return bool(self.env.cr.fetchone())

    def _digest(self, token, content):
        """Return what is kept. Without the token nobody can guess the content."""
        text = json.dumps([self.env.uid, token, content], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @api.autovacuum
    def _gc_sent(self):
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.env.execute_query(
            SQL("DELETE FROM g2p_portal_sent WHERE sent_at < %s RETURNING id", before)
        )
