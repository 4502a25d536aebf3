from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError


class MailMessage(models.Model):
    """The messages of audited records are a trail: see ``g2p.fa.audited``."""

    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        """Create messages; on audited records each names its author and its moment.

        Also in superuser mode: Odoo's mail composer posts with all rights what the user
        says of the author. Only the system user posts for others.
        """
        if self.env.uid != SUPERUSER_ID:
            vals_list = [self._with_true_author(vals) for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        self._check_may_rewrite(self._spar_is_audited(vals.get("model")))
        return super().write(vals)

    def unlink(self):
        self._check_may_rewrite()
        return super().unlink()

    @api.model
    def _spar_is_audited(self, model):
        """Return whether the messages of a model are a trail.

        :param str model: its name, or a falsy value
        """
        registry = self.env.registry
        return model in registry and issubclass(
            registry[model], registry["g2p.fa.audited"]
        )

    def _with_true_author(self, vals):
        model = vals.get("model") or self.env.context.get("default_model")
        if not self._spar_is_audited(model):
            return vals
        author = self.env.user.partner_id
        vals = {
            **vals,
            "author_id": author.id,
            "author_guest_id": False,
            "email_from": author.sudo().email_formatted,
            "date": fields.Datetime.now(),
        }
        if not self.env.su:
            # Odoo stores them with all rights.
            vals.pop("tracking_value_ids", None)
        return vals

    def _check_may_rewrite(self, moves_here=False):
        """Refuse to rewrite, delete or add to the trail of audited records.

        :param bool moves_here: whether the messages become those of such a record
        :raise AccessError: outside superuser mode
        """
        if self.env.su:
            return
        models_ = set(self.sudo().mapped("model"))
        if moves_here or any(self._spar_is_audited(model) for model in models_):
            raise self._trail_is_kept()

    def _trail_is_kept(self):
        return AccessError(
            self.env._("What is written here is kept, and not edited or deleted.")
        )


class MailTrackingValue(models.Model):
    """Old and new values in a trail are written by the registry only."""

    _inherit = "mail.tracking.value"

    @api.model_create_multi
    def create(self, vals_list):
        values = super().create(vals_list)
        values.mail_message_id._check_may_rewrite()
        return values

    def write(self, vals):
        self.mail_message_id._check_may_rewrite()
        result = super().write(vals)
        self.mail_message_id._check_may_rewrite()
        return result

    def unlink(self):
        self.mail_message_id._check_may_rewrite()
        return super().unlink()
