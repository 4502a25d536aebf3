from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..const import ADMINISTRATOR, LIVE_STATES, VIEWER
from ..marks import APPROVED, marked
from ..transactions import in_chunks

#: Registrants whose data is removed in one transaction.
CHUNK = 100


class ResPartner(models.Model):
    """How the payment data of a registrant leaves: first SPAR, then the registry.

    Erased here first, nobody could tell SPAR any more under which ID it still pays.
    """

    _inherit = "res.partner"

    payment_removal_date = fields.Datetime(
        "Payment data to be removed since",
        readonly=True,
        copy=False,
        groups=VIEWER,
    )

    _payment_removals = models.Index(
        "(payment_removal_date) WHERE payment_removal_date IS NOT NULL"
    )

    def action_remove_payment_data(self):
        """End the address, and erase all payment data as soon as SPAR has let go.

        :raise AccessError: for whoever is not an administrator of payment addresses
        """
        if not self.env.user.has_group(ADMINISTRATOR):
            raise AccessError(
                self.env._("Only an administrator removes the payment data of people.")
            )
        self.check_access("read")
        addresses = self.sudo().financial_address_ids
        addresses.filtered(lambda a: a.state == "draft").unlink()
        live = addresses.exists().filtered(lambda a: a.state in LIVE_STATES)
        live._close("ended", self.env._("The registrant's payment data is removed."))
        # Also of those without an address in use: another transaction may enter one
        # just now.
        self.sudo()._financial_address_changed("admin")
        self.sudo().payment_removal_date = fields.Datetime.now()
        self._remove_payment_data()

    def _check_payment_data_stays(self):
        """Refuse to enter an address for somebody whose payment data is leaving.

        :raise UserError: naming them
        """
        leaving = self.sudo().filtered("payment_removal_date")
        if leaving:
            raise UserError(
                self.env._(
                    "The payment data of %(names)s is being removed. Wait until that "
                    "is done, then enter the registrant anew.",
                    names=", ".join(leaving.mapped("display_name")),
                )
            )

    def _remove_payment_data(self):
        """Erase what may leave by now; the rest follows later."""
        leaving = self.sudo()._payment_data_may_leave()
        leaving.financial_address_ids._erase()
        self.env["g2p.fa.sharing"].sudo()._forget(leaving)
        # Approved: the ID is what the removal is about, not a redirection.
        gone = {"is_registrant": False, "payment_removal_date": False}
        if not self._spar_id_rule().sources:
            gone["spar_id"] = False
        marked(leaving, APPROVED).write(gone)
        self.env["g2p.fa.proposal.line"]._forget(leaving)

    def _payment_data_is_erased(self):
        """Return whether this person had payment addresses, and all are erased."""
        self.ensure_one()
        addresses = self.sudo().financial_address_ids
        return bool(addresses) and all(addresses.mapped("erased_date"))

    def _payment_data_may_leave(self):
        """Return those whose payment data nobody outside needs any more.

        Hook: the SPAR engine holds back those SPAR still has a row of.
        """
        return self

    @api.model
    def _cron_remove_payment_data(self):
        """Erase the payment data of those SPAR has let go since it was asked for."""
        Cron = self.env["ir.cron"]
        waiting = self.sudo().with_context(active_test=False)
        waiting = waiting.search([("payment_removal_date", "!=", False)])
        Cron._commit_progress(remaining=len(waiting))
        for count in in_chunks(waiting, CHUNK, type(waiting)._remove_payment_data):
            if not Cron._commit_progress(count):
                break

    @api.ondelete(at_uninstall=False)
    def _unlink_after_payment_data(self):
        """Refuse to delete people with payment data; SPAR would go on paying them."""
        kept = self.sudo().financial_address_ids
        if kept.filtered(lambda address: not address.erased_date):
            raise UserError(
                self.env._(
                    "%(names)s: remove the payment data first (Payment page, Remove "
                    "payment data). The contact can be deleted once SPAR has let go.",
                    names=", ".join(kept.partner_id.mapped("display_name")[:5]),
                )
            )

    def unlink(self):
        # What is left of their addresses says nothing of them any more.
        self.sudo().financial_address_ids.filtered("erased_date").unlink()
        return super().unlink()
