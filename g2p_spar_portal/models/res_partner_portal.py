from odoo import api, models

#: Parts of a name that some registries keep in fields of their own.
NAME_PARTS = ("given_name", "family_name")


class ResPartner(models.Model):
    """What the portal asks of a registry to enter somebody new."""

    _inherit = "res.partner"

    @api.model
    def _portal_name_fields(self):
        """Return the fields the name of a person is typed in.

        :rtype: tuple
        """
        in_parts = all(name in self._fields for name in NAME_PARTS)
        return NAME_PARTS if in_parts else ("name",)

    @api.model
    def _portal_new_values(self, values):
        """Return the values of a new registrant of the current user.

        :param dict values: cleaned, by field of the step: names and ``id_number``
        :rtype: dict
        """
        names = {name: values[name] for name in self._portal_name_fields()}
        return {
            "is_registrant": True,
            "user_id": self.env.uid,
            "name": " ".join(name for name in names.values() if name),
            **names,
            **self._spar_id_values(values["id_number"]),
        }

    @api.model
    def _portal_contact_values(self, values):
        """Return the values of how a registrant is contacted.

        :param dict values: cleaned, by field of the step
        :rtype: dict
        """
        return {
            name: values[name]
            for name in ("phone", "email", "street", "city")
            if values[name]
        }
