from odoo import api, models

from ..pipeline.mapping import full_name

#: Parts of a name that some registries keep in fields of their own.
_NAME_PARTS = ("given_name", "family_name")


class ResPartner(models.Model):
    """Hooks by which a registry adapts the import, for example of names."""

    _inherit = "res.partner"

    @api.model
    def _odk_new_values(self, values):
        """Return the values of a new registrant from a submission.

        :param dict values: by target of the mapping
        :rtype: dict
        """
        return {
            **self._spar_new(),
            **self._odk_contact_values(values),
            **self._spar_id_values(values.get("registrant_id")),
        }

    @api.model
    def _odk_contact_values(self, values):
        """Return the name and contact phone from a submission.

        :rtype: dict
        """
        parts = {name: values.get(name) for name in _NAME_PARTS if name in self._fields}
        contact = {
            "name": full_name(values),
            "phone": values.get("contact_phone"),
            **parts,
        }
        return {name: value for name, value in contact.items() if value}

    def _payment_data_forget(self):
        # As it was collected, it is the SPAR ID or what that is made from.
        sources = self._spar_id_rule().sources
        keys = []
        for one in self:
            keys += [one.spar_id, one.spar_id_kept, *map(one._spar_id_read, sources)]
        self.env["g2p.odk.submission"]._remove_of(self, keys)
        return super()._payment_data_forget()
