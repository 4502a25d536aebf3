"""What the routes of the API are built with."""

from typing import Annotated

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request

from odoo.api import Environment

from odoo.addons.fastapi.context import odoo_env_ctx

from . import call
from .problems import Problem


async def api_env() -> Environment:
    """Give the environment of the API's own user, who has no rights.

    What a caller has proved a right to is done with ``sudo()``.
    """
    return odoo_env_ctx.get()


#: For routes: ``env: Env``.
Env = Annotated[Environment, Depends(api_env)]


class ApiRoute(APIRoute):
    """A route that knows who calls before it reads what they say."""

    def get_route_handler(self):
        handler = super().get_route_handler()
        gates = list(_gates(self.dependant))

        async def handle(request: Request):
            one = call.current.get()
            one.operation, one.path = self.operation_id or self.name, self.path_format
            for gate in gates:
                gate.admit(odoo_env_ctx.get(), request)
            self._check_content_type(request)
            return await handler(request)

        return handle

    def _check_content_type(self, request):
        """Refuse a body of another type: it would be read as what it is not.

        :raise Problem: when it is not of the type this operation reads
        """
        if self.body_field is None:
            return
        expected = getattr(self.body_field.field_info, "media_type", None)
        given = request.headers.get("content-type", "").partition(";")[0]
        if given.strip().lower() != (expected or "application/json"):
            raise Problem("unsupported_type")


def _gates(dependant):
    """Return the dependencies of a route that let callers in."""
    for dependency in dependant.dependencies:
        if hasattr(dependency.call, "admit"):
            yield dependency.call
        yield from _gates(dependency)
