import logging

from odoo import api, models
from odoo.exceptions import AccessError

_logger = logging.getLogger(__name__)


class MailThread(models.AbstractModel):
    """E-mails that come in write no trail, and are handed in by few.

    An e-mail says itself who has sent it. Odoo believes that, and makes records of it
    with all rights.
    """

    _inherit = "mail.thread"

    @api.model
    def message_process(
        self,
        model,
        message,
        custom_values=None,
        save_original=False,
        strip_attachments=False,
        thread_id=None,
    ):
        """Take in an e-mail.

        :raise AccessError: for users; a mail gateway is a Settings administrator
        """
        if not self.env.is_system():
            raise AccessError(
                self.env._("Only the mail gateway of this server hands in e-mails.")
            )
        return super().message_process(
            model,
            message,
            custom_values=custom_values,
            save_original=save_original,
            strip_attachments=strip_attachments,
            thread_id=thread_id,
        )

    @api.model
    def message_route(
        self, message, message_dict, model=None, thread_id=None, custom_values=None
    ):
        """Leave out records with a trail: their messages name who has written them."""
        routes = super().message_route(
            message, message_dict, model, thread_id, custom_values
        )
        is_audited = self.env["mail.message"]._spar_is_audited
        taken = [route for route in routes or () if not is_audited(route[0])]
        if len(taken) < len(routes or ()):
            _logger.info(
                "The e-mail %s is for a record with an audit trail and was left out",
                message_dict.get("message_id"),
            )
        return taken
