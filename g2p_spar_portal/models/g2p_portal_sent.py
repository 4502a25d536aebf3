import hashlib
import json
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: Age after which a repeated form is no longer expected.
KEPT_DAYS = 7


class G2pPortalSent(models.Model):
    """The forms that were processed, so that none is processed twice.

    On a poor network a phone sends a form again although the first one arrived. Each
    form has a token, and a digest of its content is kept: the same content is not
    processed again, a correction is.
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

        :param str token: of the form
        :param dict content: the posted values, by field
        :rtype: bool
        """
        digest = self._digest(token, content)
        return bool(self.search_count([("digest", "=", digest)], limit=1))

    @api.model
    def _is_first(self, token, content):
        """Record that a form was sent, in the same transaction as its changes.

        Of two at the same time the second waits for the first, and is repeated by Odoo
        after the first has succeeded.

        :param str token: of the form
        :param dict content: the posted values, by field
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
            # The serialization error of the second one is expected.
            log_exceptions=False,
        )
        return bool(self.env.cr.fetchone())

    def _digest(self, token, content):
        """Return the digest; without the token the content cannot be guessed."""
        text = json.dumps([self.env.uid, token, content], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @api.autovacuum
    def _gc_sent(self):
        before = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.env.execute_query(
            SQL("DELETE FROM g2p_portal_sent WHERE sent_at < %s RETURNING id", before)
        )
