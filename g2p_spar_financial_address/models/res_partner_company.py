from odoo import models
from odoo.exceptions import AccessError

#: Fields of a company's own contact by which it gets its country.
PLACE = {"country_id", "parent_id", "type"}


class ResPartner(models.Model):
    """The contact of a company, by whose country typed numbers are read.

    So that country decides who is paid, as a provider's does.
    """

    _inherit = "res.partner"

    def write(self, vals):
        names = PLACE & vals.keys()
        if names and not self.env.is_admin():
            self.filtered(
                lambda one: any(
                    one._decisive_value(name) != (vals[name] or False) for name in names
                )
            )._check_no_company()
        return super().write(vals)

    def _check_no_company(self):
        """Refuse the contacts of companies.

        :raise AccessError: naming one
        """
        own = [("partner_id", "in", self.ids)]
        for company in self and self.env["res.company"].sudo().search(own, limit=1):
            raise AccessError(
                self.env._(
                    "Numbers typed without a country code are read as of the country "
                    "of %(name)s, so only a user who manages companies may change it.",
                    name=company.name,
                )
            )
