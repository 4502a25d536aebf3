"""The protection of fields that Odoo itself does not protect in every way.

All of it depends on how this series of Odoo reads, searches, groups and exports fields;
see ``docs/decisions/0053-bound-to-series-19.md``.
"""

from odoo import api, models
from odoo.fields import Domain

from ..toolkit.context_flags import AUDITED_READ, is_marked, marked


class G2pFaProtected(models.AbstractModel):
    """A record with fields that are read within audited methods only.

    The ORM calls :meth:`_has_field_access` before it reads, searches, groups or sorts
    by a field, so the rule there applies to views, exports and RPC. Users who may see
    these fields get them by ``read`` and its variants and by export, which call
    :meth:`_log_shown`; a model can have more such methods, see :meth:`_audited_read`.
    """

    _name = "g2p.fa.protected"
    _description = "Record with protected fields"

    #: Names of the fields that are read within an audited method only.
    _audited_fields = frozenset()
    #: Of the fields that are written in superuser mode only: a read-only field is only
    #: not typed in on a screen.
    _registry_fields = frozenset()
    #: Of the fields that no user reads, and that the code writes in a user's name.
    _derived_fields = frozenset()

    def _log_shown(self, way, names):
        """Log that these fields were shown to the user; a hook.

        :param str way: ``read`` or ``export``
        :param names: of all fields that were shown, also of others
        """
        raise NotImplementedError

    def _has_field_access(self, field, operation):
        if operation == "write" and not self.env.su:
            if field.name in self._derived_fields:
                return True
            if field.name in self._registry_fields:
                return False
        allowed = super()._has_field_access(field, operation)
        if operation == "read" and field.name in self._audited_fields:
            typed_just_now = self._ids and not any(self._origin._ids)
            audited = self.env.su or typed_just_now or self._is_audited_read()
            return allowed and bool(audited)
        return allowed

    def _audited_read(self):
        """Return these records for the code of an audited method."""
        return marked(self, AUDITED_READ)

    def _is_audited_read(self):
        return is_marked(self, AUDITED_READ)

    def _asks_for_audited(self, names):
        """Return whether a user asks for a field that is read in audited methods."""
        if self.env.su or not self._audited_fields:
            return False
        names = names or self.fields_get(attributes=())
        return bool(self._audited_fields.intersection(names))

    # === READ AND EXPORT === #

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        if not self._audited_fields:
            return super().fields_get(allfields, attributes)
        # Forms need the description of these fields; it contains no value.
        return super(G2pFaProtected, self._audited_read()).fields_get(
            allfields, attributes
        )

    def read(self, fields=None, load="_classic_read"):
        if not self._asks_for_audited(fields):
            return super().read(fields, load)
        return super(G2pFaProtected, self._audited_read()).read(fields, load)

    def fetch(self, field_names=None):
        return super().fetch(self._fetchable(field_names))

    @api.model
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        names = self._fetchable(field_names)
        return super().search_fetch(domain, names, offset, limit, order)

    def _fetchable(self, names):
        if names is None or self.env.su or self._is_audited_read():
            return names
        return [name for name in names if name not in self._audited_fields]

    def _read_format(self, fnames, load="_classic_read"):
        if not self._asks_for_audited(fnames):
            return super()._read_format(fnames, load)
        rows = super(G2pFaProtected, self._audited_read())._read_format(fnames, load)
        self._log_shown("read", fnames)
        return rows

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        names = {path[0] for path in fields if path}
        if self.env.su or not self._audited_fields & names:
            return super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        rows = super(G2pFaProtected, self._audited_read())._export_rows(
            fields, _is_toplevel_call=_is_toplevel_call
        )
        self._log_shown("export", names)
        return rows

    def onchange(self, values, field_names, fields_spec):
        if self.env.su or not self.ids or not self._audited_fields & fields_spec.keys():
            return super().onchange(values, field_names, fields_spec)
        # The form of a draft gets back only values that it has sent.
        return super(G2pFaProtected, self._audited_read()).onchange(
            values, field_names, fields_spec
        )


class Base(models.AbstractModel):
    """Paths that lead from any model to the suite's fields for certain roles.

    Odoo evaluates some conditions with all rights, such as those on followers, or on
    the user who made a file. So what they lead to is checked first.
    """

    _inherit = "base"

    def _may_read_field(self, name):
        """Return whether the user may read a field of these records."""
        return self._has_field_access(self._fields[name], "read")

    def _check_may_read_field(self, name):
        """Refuse a field that the user may not read.

        The ORM does not check access to a field with its own search method.

        :raise AccessError: naming the field
        """
        self._check_field_access(self._fields[name], "read")

    def _search(self, domain, *args, **options):
        if not self.env.su:
            self._check_named_fields(domain)
        return super()._search(domain, *args, **options)

    def _check_named_fields(self, domain):
        """Refuse a domain that leads to fields of the suite the user may not read.

        :raise AccessError: naming the field
        """
        for condition in Domain(domain).iter_conditions():
            model = self
            for name in condition.field_expr.split("."):
                field = model._fields.get(name)
                if field is None:
                    break
                if field.groups and model._is_of_suite(field):
                    model._check_may_read_field(name)
                if not field.relational:
                    break
                model = self.env[field.comodel_name]
            else:
                if isinstance(condition.value, list | tuple | Domain) and (
                    condition.operator in ("any", "not any")
                ):
                    model._check_named_fields(condition.value)

    def _read_group_groupby(self, alias, groupby_spec, query):
        # Odoo checks this of all fields but those to many records.
        name = groupby_spec.partition(":")[0].partition(".")[0]
        field = self._fields.get(name)
        if field and field.groups and self._is_of_suite(field):
            self._check_may_read_field(name)
        return super()._read_group_groupby(alias, groupby_spec, query)
