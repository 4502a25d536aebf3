from odoo import api, models

from ..toolkit.context_flags import unhushed


class G2pFaAudited(models.AbstractModel):
    """A record whose messages are a trail: kept as they were written.

    What was decided on it, by whom and when, cannot be edited, deleted, moved or
    written in the name of another user; see ``mail_message.py`` for the messages.
    """

    _name = "g2p.fa.audited"
    _description = "Record with an audit trail"
    _inherit = ["mail.thread"]

    # A client's context does not keep a change out of the trail.

    @api.model_create_multi
    def create(self, vals_list):
        records = super(G2pFaAudited, unhushed(self)).create(vals_list)
        return records.with_env(self.env)

    def write(self, vals):
        return super(G2pFaAudited, unhushed(self)).write(vals)

    def _message_update_content(self, message, /, **kwargs):
        """Refuse: the page that edits a message does so with all rights.

        :raise AccessError: always
        """
        raise message._trail_is_kept()
