"""What the routes of the API are built with."""

import json
from collections import defaultdict
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


class OneMeaning(Request):
    """A request whose JSON says every thing once.

    Of a name that comes twice one reader takes the first value and another the last, so
    what a program on the way has looked at would not be what is entered here.
    """

    async def json(self):
        """Return the body.

        :raise ValueError: when it is no JSON in UTF-8, or leaves open what it says
        """
        text = (await self.body()).decode()
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)


def _once(pairs):
    content = dict(pairs)
    if len(content) != len(pairs):
        _refuse("twice")
    return content


def _refuse(what):
    raise json.JSONDecodeError(what, "", 0)


class ApiRoute(APIRoute):
    """A route that knows who calls before it reads what they say."""

    #: By path: what one route does not take, another one of the same path may.
    _methods_of = defaultdict(set)

    def __init__(self, path, *args, **kwargs):
        super().__init__(path, *args, **kwargs)
        self._methods_of[path] |= self.methods

    async def handle(self, scope, receive, send):
        """Run the route, or say which methods its path takes."""
        if scope["method"] not in self.methods:
            allowed = ", ".join(sorted(self._methods_of[self.path]))
            raise Problem("method_not_allowed", headers={"Allow": allowed})
        await super().handle(scope, receive, send)

    def get_route_handler(self):
        handler = super().get_route_handler()
        gates = list(_gates(self.dependant))

        async def handle(request: Request):
            one = call.current.get()
            one.operation, one.path = self.operation_id or self.name, self.path_format
            for gate in gates:
                gate.admit(odoo_env_ctx.get(), request)
            self._check_content_type(request)
            return await handler(OneMeaning(request.scope, request.receive))

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
