import re

from werkzeug.exceptions import NotFound

from odoo import models

from .fastapi_endpoint import APP

#: What the paths of Odoo's rules do not hold: a line break, and a slash at a slash.
_ODD = re.compile(r"\n|(?<=/)/")


class IrHttp(models.AbstractModel):
    """Leads to the self-service API whatever is asked below its path."""

    _inherit = "ir.http"

    @classmethod
    def _match(cls, path_info):
        """Return the rule for a path.

        Below the API's path there is one rule for everything, so that it says itself
        what it does not have. The app looks at the path as it was sent.
        """
        try:
            return super()._match(path_info)
        except NotFound:
            plain = _ODD.sub("_", path_info)
            if plain == path_info:
                raise
            rule, args = super()._match(plain)
            if rule.endpoint.routing["type"] != APP:
                raise
            return rule, args
