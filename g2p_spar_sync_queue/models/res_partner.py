from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.const import VIEWER

from ..engine import outbox
from ..live import query
from ..live.status import (
    DISPLAY_STATES,
    known_sentence,
    known_states,
    registrant_state,
    spar_status,
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    spar_mapping_ids = fields.One2many(
        "g2p.spar.mapping", "partner_id", string="At SPAR", groups=VIEWER
    )
    spar_state = fields.Selection(
        DISPLAY_STATES,
        compute="_compute_spar_state",
        search="_search_spar_state",
        string="SPAR",
        groups=VIEWER,
    )
    spar_sentence = fields.Char(
        compute="_compute_spar_state", string="What happens next", groups=VIEWER
    )

    @api.depends_context("uid")
    @api.depends("spar_mapping_ids", "financial_address_ids.state")
    def _compute_spar_state(self):
        # The first connection speaks for the registrant. All of them are read at once,
        # for a list.
        connections = query.connections(self.env)
        shown = self._of_own_companies()
        (self - shown).spar_state = (self - shown).spar_sentence = False
        states = known_states(shown, connections)
        mappings = shown.spar_mapping_ids
        for partner in shown:
            first = connections._serving(partner)[:1]
            mapping = partner.spar_mapping_ids.filtered(
                lambda mapping, first=first: mapping.connection_id == first
            ).with_prefetch(mappings._ids)
            # A contact that is not saved yet has none.
            state = states.get(partner._origin.id, "no_address")
            partner.spar_state = state
            partner.spar_sentence = known_sentence(partner, mapping, state)

    def _search_spar_state(self, operator, value):
        self._check_field_access(self._fields["spar_state"], "read")
        if operator != "in":
            return NotImplemented
        self.env.flush_all()
        connections = query.connections(self.env)
        wanted = tuple(state for state in value if state)

        def to_sql(_model, alias, _query):
            if not wanted:
                return SQL("FALSE")
            return SQL("%s IN %s", registrant_state(alias, connections), wanted)

        found = Domain.custom(to_sql=to_sql)
        if self.env.user._is_superuser():
            return found
        own = self.env.user.sudo().company_ids.ids
        return found & Domain("company_id", "in", [False, *own])

    def _financial_address_changed(self, channel):
        result = super()._financial_address_changed(channel)
        outbox.capture(self, channel)
        return result

    # === WHAT SPAR HOLDS === #

    def refresh_spar_status(self, ask=False):
        """Return the address at SPAR and the requested one, masked, for a screen.

        :param bool ask: whether SPAR is asked now, which takes a few seconds at most
            and commits what this transaction did before
        :return: as :func:`~..live.status.spar_status`
        :rtype: dict
        :raise AccessError: if the user may not see the registrant or payment data
        """
        self.ensure_one()
        self.check_access("read")
        self._check_own_companies()
        self.env["g2p.spar.reading"].check_access("read")
        return spar_status(self, ask)

    def _remove_payment_data(self):
        result = super()._remove_payment_data()
        readings = self.env["g2p.spar.reading"].sudo()
        readings.search([("partner_id", "in", self.ids)]).unlink()
        return result

    # === ARCHIVED AND DELETED REGISTRANTS === #

    def write(self, vals):
        turned = self.browse()
        if "active" in vals:
            turned = self.sudo().filtered(
                lambda partner: (
                    partner.active != bool(vals["active"])
                    and (partner.financial_address_ids or partner._spar_is_registrant())
                )
            )
            # It ends a payment, or starts one again, as surely as the address does.
            if paid := turned.filtered("financial_address_ids"):
                paid.with_env(self.env)._check_may_change_payment()
        told, homes = {}, {}
        if "company_id" in vals:
            homes = {partner: partner.company_id for partner in self.sudo()}
        self._spar_hold_details(vals)
        if self._spar_details_triggers() & vals.keys():
            told = {partner: partner._spar_details() for partner in self.sudo()}
        result = super().write(vals)
        # To be paid again may wait for a second person. Also of those without an
        # address: the first one may be entered by another transaction just now.
        turned = turned.filtered(lambda partner: partner.active == bool(vals["active"]))
        # Another connection may serve their new company.
        turned |= self.sudo().filtered(
            lambda partner: (
                partner in homes
                and partner.company_id != homes[partner]
                and (partner.financial_address_ids or partner._spar_is_registrant())
            )
        )
        if turned:
            turned.with_env(self.env)._financial_address_changed("admin")
        changed = self.browse(
            partner.id
            for partner, details in told.items()
            if partner._spar_details() != details
        )
        if changed:
            changed._spar_details_changed()
        return result

    def _spar_hold_details(self, vals):
        """Wait for a change of the settings that send this name or phone to SPAR.

        :param dict vals: the values to write
        """
        told = self._spar_details_triggers()
        if not ({"name", "phone"} & vals.keys()) - told:
            return
        # Also for those without an address: another transaction may enter one just now.
        registrants = self.sudo().filtered(lambda one: one._spar_is_registrant())
        if registrants or self._spar_with_address():
            self.env["g2p.fa.settings"]._hold_details()

    def _spar_with_address(self):
        """Return the registrants with an address in use, as superuser."""
        return self.sudo().filtered(
            lambda partner: partner.financial_address_id.state == "effective"
        )

    def _spar_details_changed(self):
        """Have SPAR updated for those who are paid: their name or phone changed.

        Of the others only the row of captures is written: a transaction that enters a
        first address just now is done again, or this one is.
        """
        paid = self._spar_with_address()
        if paid:
            paid._financial_address_changed("admin")
        unpaid = (self.sudo() - paid).filtered(lambda one: one._spar_is_registrant())
        outbox.capture(unpaid, "admin", self.env["g2p.spar.connection"])

    def _payment_data_may_leave(self):
        """Leave out registrants of whom SPAR has or may have a row."""
        known = self.env["g2p.spar.mapping"].sudo()._known_at_spar(self)
        return super()._payment_data_may_leave() - known.partner_id

    def _payment_data_forget(self):
        """Forget what was seen at SPAR: IDs and hashes; when that was stays."""
        Reading = self.env["g2p.spar.reading"].sudo()
        Reading.search([("partner_id", "in", self.ids)]).unlink()
        Line = self.env["g2p.spar.reconciliation.line"].sudo()
        lines = Line.search([("mapping_id.partner_id", "in", self.ids)])
        lines.write({"spar_id": False, "seen": False})
        Change = self.env["g2p.spar.change"].sudo()
        Change.search([("mapping_id.partner_id", "in", self.ids)]).spar_id = False
        return super()._payment_data_forget()

    def unlink(self):
        erased = self.filtered(lambda partner: partner._payment_data_is_erased())
        self.env["g2p.spar.mapping"].sudo()._forget(erased)
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_not_while_at_spar(self):
        """Refuse while SPAR has or may have a row, or has had one."""
        Mapping = self.env["g2p.spar.mapping"].sudo()
        mappings = Mapping.search([("partner_id", "in", self.ids)])
        if kept := Mapping._known_at_spar(self) | mappings.filtered("change_ids"):
            raise UserError(
                self.env._(
                    "%(name)s has a payment address at SPAR, or had one, and its "
                    "history is kept. Remove the payment data first, or archive this "
                    "registrant, which removes the address from SPAR.",
                    name=kept[0].partner_id.display_name,
                )
            )
        # Nothing was ever sent for these.
        mappings.unlink()
