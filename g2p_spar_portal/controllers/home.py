from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..const import FIELD_AGENT


class PeopleHome(CustomerPortal):
    """The entry on the start page of the portal."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        # Always, so that the page shows it without JavaScript.
        if request.env.user.has_group(FIELD_AGENT):
            Partner = request.env["res.partner"]
            mine = Partner._spar_agent_domain(request.env.user)
            values["people_count"] = Partner.search_count(mine)
        return values
