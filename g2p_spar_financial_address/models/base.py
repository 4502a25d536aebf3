from odoo import SUPERUSER_ID, api, models, tools
from odoo.fields import NO_ACCESS

#: Beginning of the names of the suite's addons, and of its models.
OURS, MODELS = "g2p_", "g2p."


class Base(models.AbstractModel):
    """Fields that only the registry writes have no default that a user chose.

    A client's context may bring defaults, and users save some of their own. Nothing
    checks these like values, and they would also reach rows that the registry writes
    with all rights on behalf of the user.

    A form names records before it is saved, and related fields are read with all
    rights. So a form names no record that the user may not read.
    """

    _inherit = "base"

    @api.model
    def default_get(self, fields):
        never, by_role = self._fields_without_defaults()
        if not (never or by_role) or self.env.uid == SUPERUSER_ID:
            return super().default_get(fields)
        user = self.env.user
        kept = never.intersection(fields)
        kept |= {
            name
            for name in by_role.intersection(fields)
            if not (user and user.has_groups(self._fields[name].groups))
        }
        values = super().default_get([name for name in fields if name not in kept])
        for name in kept:
            field = self._fields[name]
            if field.default:
                value = field.convert_to_cache(field.default(self), self, False)
                values[name] = field.convert_to_write(value, self)
        return values

    @api.model
    @tools.ormcache()
    def _fields_without_defaults(self):
        """Return the names of fields that no client writes, and those of certain roles.

        Dialogs are given their values by defaults, and check rights when they act.
        """
        never, by_role = set(), set()
        for name, field in self._fields.items():
            if self._transient or not self._auto or not field.store:
                continue
            if self._is_of_suite(field):
                if field.readonly or field.groups == NO_ACCESS:
                    never.add(name)
                elif field.groups:
                    by_role.add(name)
            elif field.type == "one2many" and self._name.startswith(MODELS):
                # Messages, to-dos and followers would be created together with it.
                never.add(name)
        return frozenset(never), frozenset(by_role)

    # === FORMS === #

    def onchange(self, values, field_names, fields_spec):
        if not self.env.su:
            asks = not field_names and self._name.startswith(MODELS)
            first = self.default_get(list(fields_spec)) if asks else {}
            self._check_named_records({**first, **values})
        return super().onchange(values, field_names, fields_spec)

    def _check_named_records(self, values):
        """Refuse a form that names a contact or a record that the user may not read.

        :param dict values: of the form, or of a line or a parent in it; only what
            fields of the suite's models name
        :raise AccessError: as reading the record itself does
        """
        ours = self._name.startswith(MODELS)
        for name, value in values.items():
            field = self._fields.get(name)
            if not (value and field and field.relational):
                continue
            model = self.env[field.comodel_name]
            if field.type == "many2one":
                # A line names its parent by the values of the parent's form.
                parts = [value] if isinstance(value, dict) else []
                id_ = value.get("id") if parts else value
                known = model._name == "res.partner" or model._name.startswith(MODELS)
                if ours and known and isinstance(id_, int):
                    model.browse(id_).exists().check_access("read")
            else:
                commands = (one for one in value if isinstance(one, list | tuple))
                parts = [part for one in commands for part in one[2:]]
            for part in parts:
                if isinstance(part, dict):
                    model._check_named_records(part)

    @api.model
    def _is_of_suite(self, field):
        return any(module.startswith(OURS) for module in field._modules)
