from odoo import api, fields, models

from ..const import VIEWER


class ResPartner(models.Model):
    """A contact that may be a registrant, with one payment address in use.

    The ``_spar_…`` methods are all the suite needs to know of a registrant. A registry
    that keeps these facts elsewhere overrides them and nothing else.
    """

    _inherit = "res.partner"

    is_registrant = fields.Boolean(
        string="Registrant", help="A person or household in the registry."
    )
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
        help="What somebody entered and a second person has not approved yet.",
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

    _registrants = models.Index("(id) WHERE is_registrant")

    # === COMPUTE METHODS === #

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

    # === WHAT THE SUITE ASKS OF A REGISTRANT === #

    def _spar_is_registrant(self):
        """Return whether this contact is somebody the registry pays."""
        self.ensure_one()
        return self.is_registrant

    def _spar_get_name(self):
        """Return the registrant's full name."""
        self.ensure_one()
        return self.name

    def _spar_get_phone(self):
        """Return the phone the registrant is contacted by, or ``False``.

        Never the number of a wallet: the two stay apart.
        """
        self.ensure_one()
        return self.phone

    def _spar_get_agent(self):
        """Return the user who looks after this registrant, such as a field agent.

        :rtype: res.users
        """
        self.ensure_one()
        return self.user_id

    def _spar_details(self, settings=None):
        """Return what SPAR is told besides the ID and the address, by the settings.

        :param dict settings: the settings' values, for who has read them already
        :return: ``name`` and ``phone``, each only if it is to be sent and there is one
        :rtype: dict
        """
        self.ensure_one()
        settings = settings or self.env["g2p.fa.settings"]._values()
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
        settings = self.env["g2p.fa.settings"]._values()
        return {name for name in ("name", "phone") if settings[f"send_{name}"]}

    @api.model
    def _financial_address_triggers(self):
        """Return the fields of a contact that decide what SPAR should hold."""
        return {"is_registrant"}

    def _financial_address_changed(self, channel):
        """Hook: what SPAR should hold for these registrants may have changed.

        Called in the transaction of the change, whatever channel it came in by. This
        addon does nothing with it; the SPAR engine overrides it.

        :param str channel: one of the channels of a financial address
        """

    # === ACTION METHODS === #

    def action_amend_financial_address(self):
        """Open the dialog that enters a payment address, the first or a new one."""
        self.ensure_one()
        current = self.financial_address_id
        incomplete = self.incomplete_address_id
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
            },
        }

    def action_end_financial_address(self, reason=None):
        """End the payment address in use.

        :param str reason: why; kept with the address
        """
        self.ensure_one()
        if self.financial_address_id:
            self.financial_address_id.action_end(reason)

    def action_ask_end_financial_address(self):
        """Open the dialog that asks why the payment address in use is ended."""
        self.ensure_one()
        address = self.financial_address_id.with_context(decision="end")
        return address.action_ask_reason()
