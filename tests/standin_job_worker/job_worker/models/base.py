from odoo import models

from ..jobs import OPTIONS, Delayed


class Base(models.AbstractModel):
    _inherit = "base"

    def with_delay(self, scheduled_at=None, **options):
        """Return an object that enqueues the method that is called."""
        if unknown := set(options) - set(OPTIONS):
            raise TypeError(f"with_delay() takes no {unknown}")
        if options.get("eta") is None:
            options["eta"] = scheduled_at
        return Delayed(self, options)
