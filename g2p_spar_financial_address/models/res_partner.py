from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..const import (
    ADMINISTRATOR,
    LIVE_STATES,
    PAYEE_DETAILS,
    PAYEE_OTHER,
    PAYEE_SELF,
    PROOFS,
    VIEWER,
)
from ..toolkit.context_flags import APPROVED, marked
from ..toolkit.transactions import in_chunks
from ..values import identifiers
from .g2p_fa_confirmation import REASONS

#: Registrants whose data is removed in one transaction.
CHUNK = 100


class ResPartner(models.Model):
    """A contact that may be a registrant, with one payment address in use.

    What the suite reads of a registrant is in ``res_partner_adapter.py``.
    """

    _name = "res.partner"
    _inherit = ["res.partner", "g2p.fa.protected"]
    _registry_fields = frozenset({"payment_removal_date", "spar_id_likeness"})

    financial_address_ids = fields.One2many(
        "g2p.financial.address", "partner_id", string="Payment addresses", groups=VIEWER
    )
    financial_address_id = fields.Many2one(
        "g2p.financial.address",
        string="Payment address",
        compute="_compute_financial_address_id",
        groups=VIEWER,
        help="The address in use, or else the one on its way there.",
    )
    incomplete_address_id = fields.Many2one(
        "g2p.financial.address",
        compute="_compute_financial_address_id",
        groups=VIEWER,
        help="The newest address that still lacks its provider.",
    )
    pending_address_id = fields.Many2one(
        "g2p.financial.address",
        string="Waiting for approval",
        compute="_compute_financial_address_id",
        groups=VIEWER,
        help="The address that was entered and that a second person has not approved "
        "yet.",
    )
    financial_address_state = fields.Selection(
        selection=lambda self: (
            self.env["g2p.financial.address"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        string="Address state",
        compute="_compute_financial_address_id",
        groups=VIEWER,
    )
    pending_comparison = fields.Json(
        "What changes", compute="_compute_pending_comparison", groups=VIEWER
    )
    returned_address_id = fields.Many2one(
        "g2p.financial.address",
        string="Refused",
        compute="_compute_returned",
        groups=VIEWER,
        help="The address that a second person refused, until another one is entered.",
    )
    returned_note = fields.Char(
        "Why it was refused",
        compute="_compute_returned",
        groups=VIEWER,
    )
    spar_unpaid = fields.Boolean(
        "Not paid",
        compute="_compute_spar_unpaid",
        groups=VIEWER,
        help="A registrant who has left the registry.",
    )
    payee_note = fields.Char(
        "Payee",
        compute="_compute_payee_note",
        groups=VIEWER,
        help="Another person who receives the money, until the mandate ends.",
    )
    to_confirm_reason = fields.Selection(
        REASONS,
        string="To confirm",
        compute="_compute_to_confirm",
        groups=VIEWER,
    )
    to_confirm_note = fields.Char(
        "To confirm because", compute="_compute_to_confirm", groups=VIEWER
    )
    _registrants = models.Index("(id) WHERE is_registrant")
    payment_removal_date = fields.Datetime(
        "Payment data to be removed since",
        readonly=True,
        copy=False,
        groups=VIEWER,
    )
    _payment_removals = models.Index(
        "(payment_removal_date) WHERE payment_removal_date IS NOT NULL"
    )

    # === COMPUTE METHODS === #

    # Each depends on the user, which keeps apart what the system has read of addresses
    # in the same call: Odoo shows contacts to more users than their addresses.

    @api.depends_context("uid")
    @api.depends("financial_address_ids.state")
    def _compute_financial_address_id(self):
        live = ("draft", "to_approve", "effective")
        addresses = self.env["g2p.financial.address"].search(
            [("partner_id", "in", self.ids), ("state", "in", live)], order="id"
        )
        by_partner = addresses.grouped("partner_id")
        for partner in self:
            found = by_partner.get(partner._origin, addresses.browse())
            by_state = found.grouped("state")
            draft, pending, in_use = (
                by_state.get(state, addresses.browse())[-1:] for state in live
            )
            partner.incomplete_address_id = draft
            partner.pending_address_id = pending
            partner.financial_address_id = in_use or pending or draft
            partner.financial_address_state = partner.financial_address_id.state

    # Not related: what a field is related by has to be searchable.
    @api.depends_context("uid", "lang")
    @api.depends("financial_address_ids.state", "financial_address_ids.comparison")
    def _compute_pending_comparison(self):
        for partner in self:
            partner.pending_comparison = partner.pending_address_id.comparison

    @api.depends_context("uid")
    @api.depends("financial_address_ids.state", "financial_address_ids.decision_note")
    def _compute_returned(self):
        entered = self.env["g2p.financial.address"].search(
            [("partner_id", "in", self.ids), ("state", "!=", "draft")], order="id"
        )
        by_partner = entered.grouped("partner_id")
        for partner in self:
            newest = by_partner.get(partner._origin, entered.browse())[-1:]
            returned = newest.filtered(lambda address: address.state == "refused")
            partner.returned_address_id = returned
            partner.returned_note = returned.decision_note

    @api.depends_context("uid")
    @api.depends("financial_address_ids.state", "financial_address_ids.payee")
    def _compute_payee_note(self):
        for partner in self:
            address = partner.financial_address_id
            is_other = address.payee == PAYEE_OTHER
            partner.payee_note = is_other and self.env._(
                "Paid to %(payee)s.", payee=address.payee_text()
            )

    @api.depends(lambda self: sorted({"active", *self._spar_paid_fields()}))
    def _compute_spar_unpaid(self):
        for partner in self:
            is_registrant = partner._spar_is_registrant()
            partner.spar_unpaid = is_registrant and not partner._spar_is_paid()

    @api.depends_context("uid")
    @api.depends(
        "financial_address_ids.state", "financial_address_ids.to_confirm_reason"
    )
    def _compute_to_confirm(self):
        for partner in self:
            address = partner.financial_address_id
            partner.to_confirm_reason = address.to_confirm_reason
            partner.to_confirm_note = address.to_confirm_note

    # === WHAT SPAR GETS OF A REGISTRANT === #

    def _spar_details(self, settings=None):
        """Return what SPAR receives besides the ID and the address, by the settings.

        :param dict settings: the settings' values, if the caller has read them
        :return: ``name`` and ``phone``, each only if it is to be sent and not empty
        :rtype: dict
        """
        self.ensure_one()
        settings = settings or self.env["g2p.fa.settings"].cached_values()
        details = {}
        if settings["send_name"]:
            details["name"] = self._spar_get_name()
        if settings["send_phone"]:
            details["phone"] = self._spar_get_phone()
        return {key: value for key, value in details.items() if value}

    @api.model
    def _spar_details_triggers(self):
        """Return the fields of a contact that decide :meth:`_spar_details`.

        A registry that makes names or phones of other fields adds those.
        """
        settings = self.env["g2p.fa.settings"].cached_values()
        return {name for name in ("name", "phone") if settings[f"send_{name}"]}

    @api.model
    def _financial_address_triggers(self):
        """Return the fields of a contact that decide what SPAR should hold."""
        return self._spar_paid_fields()

    def _financial_address_changed(self, channel):
        """Hook: the address SPAR should have for these registrants may have changed.

        It is called in the transaction of the change, for every channel. This method
        does nothing; the SPAR engine overrides it.

        :param str channel: one of the channels of a financial address
        """

    def _spar_check_merge(self):
        """Refuse to merge these contacts; a hook.

        Merging moves what refers to a contact by SQL, without any check.
        """

    # === ONCHANGE === #

    def onchange(self, values, field_names, fields_spec):
        # A proof is read where that is logged. A contact's form never changes one.
        name = "financial_address_ids"
        nested = (fields_spec.get(name) or {}).get("fields") or {}
        if nested.keys() & set(PROOFS):
            shown = {field: nested[field] for field in nested if field not in PROOFS}
            fields_spec = {**fields_spec, name: {**fields_spec[name], "fields": shown}}
        return super().onchange(values, field_names, fields_spec)

    # === ACTION METHODS === #

    def action_amend_financial_address(self):
        """Open the dialog that enters a payment address, the first or a new one."""
        self.ensure_one()
        return self._amendment_like(self.financial_address_id)

    def action_enter_again(self):
        """Open that dialog with what a second person refused, but for the number."""
        self.ensure_one()
        return self._amendment_like(self.returned_address_id)

    def action_open_pending(self):
        """Open the address that waits for a second person."""
        self.ensure_one()
        return self.pending_address_id._get_records_action()

    def _amendment_like(self, current):
        """Return the dialog that enters an address, with what another one says.

        :param current: an address of this registrant, or none
        """
        incomplete = self.incomplete_address_id
        # A viewer does not read the payee's ID number.
        payee = {
            f"default_{name}": current[name]
            for name in PAYEE_DETAILS
            if current._may_read_field(name)
        }
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payment address of %(name)s", name=self.display_name),
            "res_model": "g2p.financial.address",
            "res_id": incomplete.id,
            "view_mode": "form",
            "views": [
                (
                    self.env.ref(
                        "g2p_spar_financial_address.g2p_financial_address_view_dialog"
                    ).id,
                    "form",
                )
            ],
            "target": "new",
            "context": {
                "default_partner_id": self.id,
                "default_fa_type": current.fa_type or "mobile_wallet",
                "default_dfsp_id": current.dfsp_id.id,
                "default_branch_id": current.branch_id.id,
                "default_holder_name": current.holder_name or self._spar_get_name(),
                "default_payee": current.payee or PAYEE_SELF,
                **payee,
            },
        }

    def action_end_financial_address(self, reason=None):
        """End the payment address in use.

        :param str reason: why; kept with the address
        """
        self.ensure_one()
        if self.financial_address_id:
            self.financial_address_id.action_end(reason)

    def action_confirm_financial_address(self):
        """Confirm the payment address in use: the registrant says that it is right."""
        self.ensure_one()
        self.financial_address_id.action_confirm()

    def action_ask_end_financial_address(self):
        """Open the dialog that asks why the payment address in use is ended."""
        self.ensure_one()
        address = self.financial_address_id.with_context(decision="end")
        return address.action_ask_reason()

    # === FINDING REGISTRANTS BY NAME === #

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """Find people whom a file names in another composition, or with other blanks.

        Odoo keeps names of contacts as they were typed.
        """
        found = super().name_search(name, domain, operator, limit)
        refused = self.env["g2p.financial.address"]._refused_rows()
        if found or operator != "=" or not refused or not refused.may_look_closer():
            return found
        wanted = identifiers.normal(name)
        closer = super().name_search(name, domain, "=ilike", limit)
        return [
            (id_, shown) for id_, shown in closer if identifiers.normal(shown) == wanted
        ]

    # === FINDING REGISTRANTS BY ID === #

    # For channels that only have the ID on a person's card. That ID may be the SPAR ID,
    # or a value the SPAR ID is made from.

    @api.model
    def _spar_find(self, texts):
        """Return the contacts that have each of these IDs.

        :param set texts: IDs as they were collected
        :return: contacts by ID, also archived ones; none, one or several
        :rtype: collections.defaultdict
        """
        sources = self._spar_id_rule().sources
        everybody = self.sudo().with_context(active_test=False)
        texts = {text for text in texts if not self._spar_id_is_missing(text)}
        at_spar = {text: {text, self._spar_id_from(text)} for text in texts}
        by_id = everybody._spar_by_id(set().union(*at_spar.values()))
        # A source has the text as it was typed, which may differ from the normal form.
        in_sources = {text: identifiers.spellings(text) for text in texts}
        values = sorted(set().union(*in_sources.values()))
        by_value = defaultdict(everybody.browse)
        for source in sources if values else ():
            for value, owners in everybody._spar_id_owners(source, values).items():
                by_value[value] |= owners
        found = defaultdict(everybody.browse)
        for text in texts:
            for spar_id in at_spar[text]:
                found[text] |= by_id[spar_id]
            for value in in_sources[text]:
                found[text] |= by_value[value]
        return found

    def _spar_texts_of(self):
        """Return the IDs by which :meth:`_spar_find` finds each of these contacts.

        :return: their normal forms, by contact
        :rtype: dict
        """
        sources = self._spar_id_rule().sources
        return {
            partner: {
                identifiers.normal(text)
                for text in (partner.spar_id, *map(partner._spar_id_read, sources))
                if text
            }
            for partner in self.sudo()
        }

    @api.model
    def _spar_id_from(self, text):
        """Return the SPAR ID that is made from the ID on a card."""
        return self._spar_id_rule().template.replace("{id}", identifiers.normal(text))

    @api.model
    def _spar_id_values(self, text):
        """Return the values of a new registrant with this ID on the card.

        :param str text: the ID, or a falsy value
        :rtype: dict
        """
        sources = self._spar_id_rule().sources
        text = identifiers.normal(text)
        source = sources[0] if sources else "spar_id"
        return self._spar_id_new(source, text) if text else {}

    # === SUBJECT ACCESS === #

    def action_subject_access(self):
        """Download all that the suite holds of this registrant, and log that.

        :raise AccessError: when the user is no administrator of payment addresses, or
            may not see the registrant
        """
        self.ensure_one()
        return self.env["g2p.fa.subject"]._ask(self)

    # === REMOVAL OF PAYMENT DATA === #

    # First from SPAR, then from the registry. In the reverse order, the ID under which
    # SPAR still has an address would be lost.

    def action_remove_payment_data(self):
        """End the address; erase all payment data once SPAR no longer has the address.

        Also of the duplicates that were merged into these registrants.

        :raise AccessError: when the user is no administrator of payment addresses
        """
        if not self.env.user.has_group(ADMINISTRATOR):
            raise AccessError(
                self.env._("Only an administrator removes the payment data of people.")
            )
        people = self._with_duplicates()
        people.check_access("read")
        people._check_own_companies()
        addresses = people.sudo().financial_address_ids
        addresses.filtered(lambda a: a.state == "draft").unlink()
        live = addresses.exists().filtered(lambda a: a.state in LIVE_STATES)
        live._close("ended", self.env._("The registrant's payment data is removed."))
        # Also for registrants without an address in use: another transaction may be
        # entering one.
        people.sudo()._financial_address_changed("admin")
        people.sudo().payment_removal_date = fields.Datetime.now()
        people._remove_payment_data()

    def _check_payment_data_stays(self):
        """Refuse to enter an address for a registrant whose payment data is removed.

        :raise UserError: with the names of these registrants
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
        """Erase the payment data that SPAR no longer has; the rest follows later."""
        leaving = self.sudo()._payment_data_may_leave()
        leaving._payment_data_forget()
        leaving.financial_address_ids._erase()
        self.env["g2p.fa.sharing"].sudo()._forget(leaving)
        self.env["g2p.fa.merge"].sudo()._forget(leaving)
        gone = {"is_registrant": False}
        if not self._spar_id_rule().sources:
            gone["spar_id"] = False
        # Stored before the ID is erased: the trail must show that it was given up.
        self.env["g2p.fa.proposal"]._enter(
            {one: gone for one in leaving if one.spar_id}, "at_once", True, {}
        )
        # Without approval, because removing an ID redirects no payment.
        marked(leaving, APPROVED).write(
            {**gone, "spar_id_kept": False, "payment_removal_date": False}
        )
        self.env["g2p.fa.proposal.line"]._forget(leaving)

    def _payment_data_forget(self):
        """Erase what other addons keep of these registrants; a hook.

        Called before the addresses and the SPAR IDs are erased.
        """

    def _payment_data_is_erased(self):
        """Return whether this person had payment addresses, and all are erased."""
        self.ensure_one()
        addresses = self.sudo().financial_address_ids
        return bool(addresses) and all(addresses.mapped("erased_date"))

    def _payment_data_may_leave(self):
        """Return the registrants whose payment data no other system needs any more.

        Hook: the SPAR engine leaves out registrants whose address SPAR still has.
        """
        return self

    @api.model
    def _cron_remove_payment_data(self):
        """Erase the requested payment data of registrants that SPAR no longer has."""
        Cron = self.env["ir.cron"]
        waiting = self.sudo().with_context(active_test=False)
        waiting = waiting.search([("payment_removal_date", "!=", False)])
        Cron._commit_progress(remaining=len(waiting))
        for count in in_chunks(waiting, CHUNK, type(waiting)._remove_payment_data):
            if not Cron._commit_progress(count):
                break

    @api.ondelete(at_uninstall=False)
    def _unlink_after_payment_data(self):
        """Refuse to delete contacts with payment data: SPAR would keep the address."""
        kept = self.sudo().financial_address_ids
        if kept.filtered(lambda address: not address.erased_date):
            raise UserError(
                self.env._(
                    "%(names)s: remove the payment data first (Payment page, Remove "
                    "payment data). The contact can be deleted once the data is "
                    "removed from SPAR.",
                    names=", ".join(kept.partner_id.mapped("display_name")[:5]),
                )
            )

    def unlink(self):
        # Erased addresses contain no personal data any more.
        self.sudo().financial_address_ids.filtered("erased_date").unlink()
        return super().unlink()
