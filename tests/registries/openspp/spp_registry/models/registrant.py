from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

PARTS = {"family_name", "given_name", "addl_name"}


class Registrant(models.Model):
    _inherit = "res.partner"
    _order = "id DESC"

    is_registrant = fields.Boolean("Registrant", index=True)
    is_group = fields.Boolean("Group", index=True)
    name = fields.Char(index=True)
    family_name = fields.Char()
    given_name = fields.Char()
    addl_name = fields.Char("Additional name")
    disabled = fields.Datetime("Date disabled")
    disabled_reason = fields.Text()
    disabled_by = fields.Many2one("res.users")
    reg_ids = fields.One2many("spp.registry.id", "partner_id", "Registrant IDs")
    phone_number_ids = fields.One2many("spp.phone.number", "partner_id")
    company_id = fields.Many2one(required=True, default=lambda self: self.env.company)
    registration_date = fields.Date(default=fields.Date.context_today)

    def init(self):
        # The registry itself stops where the server lacks it, as the embedded one does.
        self.env.cr.execute(
            "SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'"
        )
        if self.env.cr.fetchall():
            self.env.cr.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")

    @api.onchange("phone_number_ids")
    def phone_number_ids_change(self):
        live = self.phone_number_ids.filtered(lambda one: not one.disabled)
        self.phone = ",".join(live.mapped("phone_no"))

    @api.model
    def _name_of_parts(self, vals):
        """Make ``FAMILY, GIVEN ADDITIONAL`` in capitals, as the registry does."""
        family, given, more = (
            vals.get(part) for part in ("family_name", "given_name", "addl_name")
        )
        first = f"{family}," if family and (given or more) else family
        return " ".join(filter(None, [first, given, more])).upper()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            is_person = not vals.get("is_group")
            if is_person and PARTS & vals.keys() and not vals.get("name"):
                vals["name"] = self._name_of_parts(vals)
        return super().create(vals_list)

    def write(self, vals):
        result = super().write(vals)
        if PARTS & vals.keys() and not vals.get("name"):
            for one in self.filtered(lambda one: not one.is_group):
                parts = {part: one[part] for part in PARTS}
                super(Registrant, one).write({"name": self._name_of_parts(parts)})
        return result

    def _check_company_domain(self, companies):
        domain = super()._check_company_domain(companies)
        return Domain(domain) | Domain("company_id", "=", self.env.company.id)

    def unlink(self):
        user = self.env.user
        if (
            user.has_group("spp_registry.group_registry_officer")
            and not user.has_group("spp_registry.group_registry_manager")
            and not user._is_admin()
        ):
            raise AccessError("Officers delete no registrants.")
        return super().unlink()

    def enable_registrant(self):
        nothing = {"disabled": None, "disabled_by": None, "disabled_reason": None}
        self.filtered("disabled").update(nothing)
