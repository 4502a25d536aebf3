from odoo import api, models
from odoo.exceptions import AccessError

from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
    TRUSTED_WRITE,
    is_marked,
)


class G2pSparEngineFields(models.AbstractModel):
    """Fields that only the server's code writes, and no client in any role.

    ``readonly=True`` alone only prevents typing on a screen. In models with this mixin,
    stored fields that are ``readonly`` are written in superuser mode or with a mark of
    the context only.
    """

    _name = "g2p.spar.engine.fields"
    _description = "Fields that only the registry writes"

    @api.model_create_multi
    def create(self, vals_list):
        """Create records; fields the registry keeps are not among the values.

        :raise AccessError: when a client gives one of them
        """
        for values in vals_list:
            self._check_engine_fields(values)
        return super().create(vals_list)

    def write(self, vals):
        """Write, but no fields the registry keeps.

        :raise AccessError: when a client gives one of them
        """
        self._check_engine_fields(vals)
        return super().write(vals)

    def _may_write_engine_fields(self):
        return self.env.su or is_marked(self, TRUSTED_WRITE)

    def _engine_fields(self):
        return {
            name
            for name, field in self._fields.items()
            if field.store and field.column_type and field.readonly
        }

    def _check_engine_fields(self, values):
        if self._may_write_engine_fields():
            return
        if names := self._engine_fields() & values.keys():
            raise AccessError(
                self.env._(
                    "The registry keeps these fields itself; they cannot be typed in: "
                    "%s",
                    ", ".join(sorted(names)),
                )
            )
