import hashlib
import json
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: Days for which a key is known: a phone may have been without network for months.
KEPT_DAYS = 90


class G2pPortalSent(models.Model):
    """The keys of what was processed, so that nothing is processed twice.

    On a poor network a phone sends a form again although the first one arrived. Each
    form has a key, its token. Of a payment address, a digest with its content is kept:
    the same content is not processed again, a correction is. Of a registration the key
    alone counts, which is the reference of the registration: it is begun once, even
    when it is finished and deleted since.
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
    def _is_first_registration(self, key):
        """Record that a registration is begun; return whether it is the first time.

        :param str key: the reference of the registration
        :rtype: bool
        """
        return self._is_first(key, {"path": "/my/register"})

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
