"""The methods of the suite's models that clients may call, and arguments for them."""

import inspect

from odoo.service.model import get_public_method


class PublicMethodsMixin:
    """Goes before a test class that has a registrant."""

    def models(self):
        registry = self.env.registry
        return sorted(
            name
            for name in registry
            if name.startswith("g2p.") and not registry[name]._abstract
        )

    def own_methods(self, model):
        """Yield the names of the public methods that the suite itself defines."""
        for name, member in inspect.getmembers(self.env.registry[model]):
            if name.startswith("_") or not inspect.isfunction(member):
                continue
            if not member.__module__.startswith("odoo.addons.g2p_"):
                continue
            try:
                get_public_method(self.env[model], name)
            except Exception:  # private for clients
                continue
            yield name, member

    def arguments(self, member, ids):
        """Return arguments for a method, by the names of its parameters."""
        guesses = {
            "partner_ids": self.registrant.ids,
            "partners": self.registrant.ids,
            "fields": ["id"],
            "field_names": [],
            "fields_spec": {},
            "data": [],
            "domain": [],
            "vals": {},
            "values": {},
            "vals_list": [{}],
            "name": "x",
        }
        needed = [
            parameter
            for parameter in list(inspect.signature(member).parameters.values())[1:]
            if parameter.default is parameter.empty
            and parameter.kind
            in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
        said = [guesses.get(parameter.name, "Because") for parameter in needed]
        is_model = getattr(member, "_api_model", False)
        return said if is_model else [ids, *said]
