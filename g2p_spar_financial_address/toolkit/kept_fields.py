"""Fields that only the registry writes, whatever defaults a client has.

``readonly`` alone only prevents typing on a screen. Clients send defaults in the
context, and each user may store defaults of their own.
"""


def own_defaults(model, values):
    """Return default values; of the fields the registry keeps, those of the code only.

    :param model: an empty recordset
    :param dict values: what Odoo's ``default_get`` returns
    :rtype: dict
    """
    kept = {name for name in values if _is_kept(model._fields.get(name))}
    own = {name: model._fields[name].default for name in kept}
    return {
        **{name: values[name] for name in values.keys() - kept},
        **{name: default(model) for name, default in own.items() if default},
    }


def _is_kept(field):
    return bool(field and field.store and field.readonly)
