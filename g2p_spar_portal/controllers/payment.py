from odoo.http import request

from ..payment_form import PaymentForm, fields_of
from .agent import AgentPortal, agent_route
from .frame import show

PATH = "/my/people/<int:partner_id>/payment"


class PaymentPortal(AgentPortal):
    """Pages on which agents enter and change payment addresses."""

    @agent_route(PATH, methods=["GET"])
    def payment(self, partner_id, **chosen):
        """Show the form; ``type`` and ``provider`` are the choices so far."""
        partner = self._own(partner_id)
        return self._show(partner, self._payment_form(partner, chosen))

    @agent_route(PATH, kind="write", methods=["POST"])
    def save_payment(self, partner_id, **_posted):
        """Enter the typed address, or show it again with its errors."""
        partner = self._own(partner_id)
        fa_type = request.httprequest.form.get("fa_type", "")
        posted = self._posted(fields_of(fa_type))
        if not self._was_sent(posted):
            form = self._payment_form(partner, {"type": fa_type})
            first = form.read(posted) and form.enter(
                partner, lambda: self._is_first(posted)
            )
            if not first:
                return self._show(partner, form, 422)
        return request.redirect(f"/my/people/{partner.id}?saved=1", code=303)

    def _payment_form(self, partner, chosen):
        return PaymentForm(
            partner.env,
            chosen,
            phone=partner._spar_get_phone(),
            holder=partner._spar_get_name(),
            address=partner.financial_address_id,
            amends=partner.financial_address_id.state == "effective",
            partner=partner,
        )

    def _show(self, partner, form, status=200):
        values = {
            "partner": partner,
            "name": partner._spar_get_name(),
            "path": request.httprequest.path,
            "form": form,
            "form_token": self._new_token(),
        }
        return show("payment", values, status)
