from odoo import api, models
from odoo.exceptions import AccessError

from ..const import APPROVER, EDITOR, VALUE_FIELD
from ..marks import DOOR, is_marked, marked

NUMBER_FIELDS = frozenset(VALUE_FIELD.values())


class G2pFinancialAddress(models.Model):
    """Who reads whole numbers, and that it is written down.

    The ORM asks :meth:`_has_field_access` before it reads, searches, groups or sorts
    by a field, so that a rule there holds for views, exports and RPC alike. Whoever
    may see numbers gets them by ``read`` and its kin, by export, and by
    :meth:`reveal`; each leaves a row in ``g2p.fa.reveal``.
    """

    _inherit = "g2p.financial.address"

    def _has_field_access(self, field, operation):
        allowed = super()._has_field_access(field, operation)
        if operation == "read" and field.name in NUMBER_FIELDS and not self.env.su:
            typed_just_now = self._ids and not any(self._origin._ids)
            return allowed and bool(typed_just_now or self._is_through_door())
        return allowed

    def _asks_for_numbers(self, fields):
        names = fields or self.fields_get(attributes=())
        return not self.env.su and bool(NUMBER_FIELDS.intersection(names))

    def _through_door(self):
        return marked(self, DOOR)

    def _is_through_door(self):
        return is_marked(self, DOOR)

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        # To know of a field is not to read it: forms need to.
        return super(G2pFinancialAddress, self._through_door()).fields_get(
            allfields, attributes
        )

    def read(self, fields=None, load="_classic_read"):
        if not self._asks_for_numbers(fields):
            return super().read(fields, load)
        return super(G2pFinancialAddress, self._through_door()).read(fields, load)

    # Filling the cache is not reading, and whoever reads comes through a door.

    def fetch(self, field_names=None):
        return super().fetch(self._fetchable(field_names))

    @api.model
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        names = self._fetchable(field_names)
        return super().search_fetch(domain, names, offset, limit, order)

    def _fetchable(self, names):
        if names is None or self.env.su or self._is_through_door():
            return names
        return [name for name in names if name not in NUMBER_FIELDS]

    def _read_format(self, fnames, load="_classic_read"):
        if not self._asks_for_numbers(fnames):
            return super()._read_format(fnames, load)
        rows = super(G2pFinancialAddress, self._through_door())._read_format(
            fnames, load
        )
        self._write_down("read")
        return rows

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        names = {path[0] for path in fields if path}
        if self.env.su or not NUMBER_FIELDS & names:
            return super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        rows = super(G2pFinancialAddress, self._through_door())._export_rows(
            fields, _is_toplevel_call=_is_toplevel_call
        )
        self._write_down("export")
        return rows

    def onchange(self, values, field_names, fields_spec):
        if self.env.su or not self.ids or not NUMBER_FIELDS & fields_spec.keys():
            return super().onchange(values, field_names, fields_spec)
        # The form of a draft sends what it holds and gets nothing else back.
        return super(G2pFinancialAddress, self._through_door()).onchange(
            values, field_names, fields_spec
        )

    def reveal(self):
        """Return the whole number to somebody who may see it, and write that down.

        :rtype: str
        :raise AccessError: for whoever may not see numbers
        """
        self.ensure_one().check_access("read")
        if not any(self.env.user.has_group(group) for group in (EDITOR, APPROVER)):
            raise AccessError(self.env._("You may only see this number masked."))
        self._write_down("reveal")
        return self._value() or ""

    def _write_down(self, way):
        """Record that these numbers were shown to this user.

        Not what they typed themselves: a form reads back what it has just saved, and
        what is not saved yet.
        """
        foreign = self._origin.filtered(lambda a: a.entered_by_id != self.env.user)
        self.env["g2p.fa.reveal"].sudo().create(
            [
                {
                    "address_id": address.id,
                    "partner_id": address.partner_id.id,
                    "masked": address.masked,
                    "user_id": self.env.uid,
                    "way": way,
                }
                for address in foreign
            ]
        )
