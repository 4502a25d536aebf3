import math

from odoo.fields import Domain
from odoo.http import request
from odoo.tools import format_date

from odoo.addons.g2p_spar_financial_address.values import identifiers
from odoo.addons.g2p_spar_sync_queue.live.status import (
    DISPLAY_STATES,
    spar_status,
    told_state,
)

from .agent import AgentPortal, agent_route
from .frame import show

#: People on one page of the list, and entries of a history.
PER_PAGE = 20
#: Characters of a search.
MAX_SEARCH = 100
#: In place of a state: whose address is to be confirmed, and which addresses these are.
TO_CONFIRM = "to_confirm"
ASKED = [("state", "=", "effective"), ("to_confirm_reason", "!=", False)]


class PeoplePortal(AgentPortal):
    """The registrants of an agent: the list, and a page for each."""

    # === THE LIST === #

    @agent_route("/my/people", methods=["GET"])
    def people(self, q="", state="", page="1", **_others):
        """Show the agent's own registrants, a page at a time.

        :param str q: a part of a name or of a SPAR ID
        :param str state: one of ``DISPLAY_STATES``, or :data:`TO_CONFIRM`
        :param str page: from "1"
        """
        query = q.replace("\0", "").strip()[:MAX_SEARCH]
        state = state if state in (*dict(DISPLAY_STATES), TO_CONFIRM) else ""
        number = int(page) if page.isdecimal() and len(page) < 7 else 1
        people, total, number = self._find(query, state, number)
        values = {
            "people": people,
            "total": total,
            "query": query,
            "state": state,
            "states": {**self._state_labels(), TO_CONFIRM: self._to_confirm_label()},
            "page": number,
            "pages": max(1, math.ceil(total / PER_PAGE)),
        }
        return show("people", values)

    def _find(self, query, state, number):
        """Return one page of the agent's own registrants, how many there are, and which
        page it is.

        The search uses the agent's own rights; only the state and the SPAR ID are read
        with sudo.
        """
        user = request.env.user
        Partner = request.env["res.partner"]
        mine = Partner._search(Partner._spar_agent_domain(user))
        domain = Domain("id", "in", mine)
        if query:
            domain &= Domain("name", "ilike", query) | Domain(
                "spar_id", "ilike", identifiers.normal(query)
            )
        Partner, order = Partner.sudo(), "name, id"
        if state == TO_CONFIRM:
            domain &= Domain("financial_address_ids", "any", ASKED)
        elif state:
            domain &= Domain("spar_state", "=", state)
        total = Partner.search_count(domain)
        number = max(1, min(number, math.ceil(total / PER_PAGE)))
        first = (number - 1) * PER_PAGE
        people = Partner.search(domain, order=order, limit=PER_PAGE, offset=first)
        own = people.filtered(lambda partner: partner._spar_is_agent(user))
        return own, total, number

    def _state_labels(self):
        field = request.env["res.partner"]._fields["spar_state"]
        return dict(field._description_selection(request.env))

    def _to_confirm_label(self):
        field = request.env["res.partner"]._fields["to_confirm_reason"]
        return field._description_string(request.env)

    # === ONE PERSON === #

    @agent_route("/my/people/<int:partner_id>", methods=["GET"])
    def person(self, partner_id, ask="", saved="", **_others):
        """Show a registrant: identity, payment address, and its state.

        :param str ask: "1" to ask SPAR now, which may take some seconds
        :param str saved: "1" after something was saved
        """
        partner = self._own(partner_id)
        asker = f"portal {request.env.uid}"
        status = spar_status(partner, ask=ask == "1", asker=asker)
        code, sentence = self._progress(partner, status)
        values = {
            "partner": partner,
            "name": partner._spar_get_name(),
            "spar_id": partner._spar_get_id(),
            "phone": partner._spar_get_phone(),
            "requested": status.get("requested"),
            "payee": partner.financial_address_id.payee_text(),
            "to_confirm": partner.to_confirm_reason,
            "pending": partner.pending_address_id - partner.financial_address_id,
            "rows": status.get("rows", []),
            "code": code,
            "sentence": sentence,
            "states": self._state_labels(),
            "history": self._history(partner),
            "asked": ask == "1",
            "saved": saved == "1",
        }
        return show("person", values)

    @agent_route("/my/people/<int:partner_id>/receipt", methods=["GET"])
    def receipt(self, partner_id, **_others):
        """Show what was entered last, masked, to print it or to send it."""
        partner = self._own(partner_id)
        code, sentence = self._progress(partner, spar_status(partner))
        address = partner.pending_address_id or partner.financial_address_id
        settings = request.env["g2p.fa.settings"].cached_values()
        values = {
            "heading": request.env._("Receipt"),
            "office": request.env.company.name,
            "name": partner._spar_get_name(),
            "path": f"/my/people/{partner.id}",
            "address": address,
            "payee": address.payee_text(),
            "state": self._state_labels()[code],
            "sentence": sentence,
            "complaints": settings["complaints"],
        }
        return show("receipt", values)

    def _progress(self, partner, look):
        """Return the state of the address, as a code and in a sentence."""
        rows = look.get("rows")
        if rows:
            # The state at the first connection is the registrant's, as on all screens.
            return rows[0]["code"], rows[0]["sentence"]
        return told_state(partner)

    def _history(self, partner):
        """Return the entries for a registrant, newest first, masked.

        Names and notes of registry staff are left out.
        """
        Address = request.env["g2p.financial.address"].sudo()
        addresses = Address.search([("partner_id", "=", partner.id)], limit=PER_PAGE)
        channels = dict(Address._fields["channel"]._description_selection(Address.env))
        states = dict(Address._fields["state"]._description_selection(Address.env))
        return [
            {
                "day": format_date(request.env, address.create_date),
                "text": address.display_name,
                "by": request.env._("by you")
                if address.entered_by_id == request.env.user
                else channels[address.channel],
                "state": states[address.state],
                "note": address.state == "refused"
                and address.entered_by_id == request.env.user
                and address.decision_note,
            }
            for address in addresses
        ]
