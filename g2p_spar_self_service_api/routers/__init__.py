"""The routers of the API, in the order in which its description lists them.

A new one is written in a module of its own and added to this list. Its paths begin
with the version: ``APIRouter(prefix="/v1", tags=[...], route_class=ApiRoute)``.
"""

from . import address, directory, health, token

routers = [health.router, token.router, address.router, directory.router]
