from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import TO_CONFIRM, VALUE_FIELD
from ..toolkit.context_flags import quiet
from ..toolkit.note_field import Note
from ..toolkit.transactions import in_chunks
from .g2p_fa_confirmation import REASONS

#: Addresses marked in one transaction.
CHUNK = 1000
#: An address confirmed since is not written again for another confirmation.
CONFIRMED_ANEW = timedelta(days=1)


class G2pFinancialAddress(models.Model):
    """Whether a number is still the registrant's: operators give numbers to others.

    An address is to be confirmed when it was not confirmed for as many months as the
    policy of its type says, or when a user asks for it, such as after a failed
    payment. An editor confirms it; entering the same address again in any channel
    confirms it, too. Payments go on meanwhile.
    """

    _inherit = "g2p.financial.address"

    confirmed_on = fields.Datetime(
        "Confirmed on",
        readonly=True,
        copy=False,
        help="When the registrant last said that this is right: at first, when it was "
        "entered.",
    )
    to_confirm_reason = fields.Selection(
        REASONS, string="To confirm", readonly=True, copy=False
    )
    # Not read-only: a file may say it, see the import.
    to_confirm_note = Note("To confirm because", copy=False)
    to_confirm_on = fields.Datetime("To confirm since", readonly=True, copy=False)
    confirmation_ids = fields.One2many(
        "g2p.fa.confirmation", "address_id", string="Confirmations", readonly=True
    )
    _to_grow_old = models.Index(
        "(fa_type, confirmed_on) WHERE state = 'effective'"
        " AND to_confirm_reason IS NULL"
    )
    _to_confirm = models.Index("(fa_type, id) WHERE to_confirm_reason IS NOT NULL")

    # === ASKING === #

    def mark_to_confirm(self, reason):
        """Ask whether these addresses in use are still right; payments go on.

        :param str reason: such as the payment that failed; kept with the address
        :raise UserError: without a reason, or for an address that is not in use
        :raise AccessError: for a user who may not enter addresses
        """
        self.check_access("write")
        self._check_in_use()
        note = self._clean_mark(reason)
        now = fields.Datetime.now()
        self._write_confirmation(
            to_confirm_reason="marked", to_confirm_note=note, to_confirm_on=now
        )
        channel = "import" if self.env.context.get("import_file") else "admin"
        self._note_confirmation("asked", channel, {one: now for one in self}, note)

    def _clean_mark(self, reason):
        """Return the reason to ask for a confirmation, checked.

        :raise UserError: when it cannot be kept, or is empty
        """
        note = self._cleaned_text(reason, self._fields["to_confirm_note"])
        if not note:
            raise UserError(
                self.env._("Say why: the person who asks the registrant reads it.")
            )
        return note

    def _check_in_use(self):
        if not self or any(address.state != "effective" for address in self):
            raise UserError(
                self.env._("Only an address in use can be confirmed. Leave out others.")
            )

    # === CONFIRMING === #

    def action_confirm(self):
        """Confirm these addresses in use: the registrants say that they are right.

        :raise UserError: for an address that is not in use
        :raise AccessError: for a user who may not enter addresses
        """
        self.check_access("write")
        self._check_in_use()
        self._confirm("admin", dict.fromkeys(self, fields.Datetime.now()))

    @api.model
    def _confirm_again(self, said, channel):
        """Confirm addresses that a channel has entered once more.

        :param dict said: by id, when the person said it; a falsy value for now
        """
        if not said:
            return
        now = fields.Datetime.now()
        moments = {}
        for address in self.sudo().browse(said):
            when = said[address.id]
            if address.state == "effective" and address._is_answered(when):
                moments[address] = when or now
        self._confirm(channel, moments)

    def _is_answered(self, said_on):
        """Return whether a confirmation is asked for, and this is a new one.

        :param datetime said_on: when the registrant said it; a falsy value for now
        """
        if self.to_confirm_reason:
            # What was said before the payment failed does not answer it.
            by_user = self.to_confirm_reason == "marked"
            since = self.to_confirm_on if by_user else self.confirmed_on
            return not said_on or not since or said_on > since
        if not self.env["g2p.fa.policy"]._months(self.fa_type):
            return False
        recent = (said_on or fields.Datetime.now()) - CONFIRMED_ANEW
        return not self.confirmed_on or self.confirmed_on < recent

    @api.model
    def _confirm(self, channel, moments):
        """Note that these addresses are right, and remove their marks.

        :param dict moments: when the registrants said so, by address
        """
        addresses = self.browse(address.id for address in moments)
        for when, some in addresses.grouped(moments.__getitem__).items():
            some._write_confirmation(
                confirmed_on=when, **dict.fromkeys(TO_CONFIRM, False)
            )
        self._note_confirmation("confirmed", channel, moments)

    def _write_confirmation(self, **values):
        quiet(self.sudo())._trusted_write().write(values)

    @api.model
    def _note_confirmation(self, event, channel, moments, note=False):
        self.env["g2p.fa.confirmation"].sudo().create(
            [
                {
                    "address_id": address.id,
                    "event": event,
                    "channel": channel,
                    "said_on": when,
                    "note": note,
                }
                for address, when in moments.items()
            ]
        )

    # === WITH TIME === #

    @api.model
    def _cron_ask_to_confirm(self):
        """Ask for a confirmation of addresses as old as the policy of their type says.

        Where the policy says more months than before, or none, what was asked for is
        taken back.
        """
        work = []
        for fa_type in VALUE_FIELD:
            months = self.env["g2p.fa.policy"]._months(fa_type)
            before = fields.Datetime.now() - relativedelta(months=months)
            asked = self._in_use_because(fa_type, "age")
            if months:
                asked &= Domain("confirmed_on", ">=", before)
                old = self._in_use_because(fa_type, False)
                old &= Domain("confirmed_on", "<", before)
                work.append((old, type(self)._grow_old))
            work.append((asked, type(self)._grow_young))
        Address, commit = self.sudo(), self.env["ir.cron"]._commit_progress
        commit(remaining=sum(Address.search_count(domain) for domain, _do in work))
        for domain, do in work:
            found = Address.search(domain, order="confirmed_on, id")
            for count in in_chunks(found, CHUNK, do):
                if not commit(count):
                    return

    @api.model
    def _in_use_because(self, fa_type, reason):
        """Return the domain of addresses in use with this reason to confirm them."""
        return (
            Domain("fa_type", "=", fa_type)
            & Domain("state", "=", "effective")
            & Domain("to_confirm_reason", "=", reason)
        )

    def _grow_old(self):
        self._write_confirmation(
            to_confirm_reason="age", to_confirm_on=fields.Datetime.now()
        )

    def _grow_young(self):
        self._write_confirmation(**dict.fromkeys(TO_CONFIRM, False))
