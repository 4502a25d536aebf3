"""What the citizen's browser calls.

    PORTAL_REGISTRY=https://registry.example/spar/self-service/ \\
    PORTAL_ISSUER=https://login.example PORTAL_AUDIENCE=self-service \\
    uvicorn --factory tests.sample_self_service.app:make_app
"""

from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Body, Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from . import access, settings
from .citizens import Citizen, Citizens, NotLoggedIn
from .registry import Refused, Registry


def recognised(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> Citizen:
    """Return the citizen who calls."""
    return request.app.state.citizens.recognise(bearer.credentials)


Caller = Annotated[Citizen, Depends(recognised)]


def make_app():
    """Make the backend from the settings in the environment."""
    chosen = settings.from_environment()

    @asynccontextmanager
    async def lifespan(app):
        # One client for all calls, so that connections are kept.
        async with httpx.AsyncClient(base_url=chosen.registry, timeout=30) as http:
            app.state.registry = Registry(http, access.chosen(chosen, http))
            yield

    app = FastAPI(title="A self-service portal", lifespan=lifespan)
    app.state.citizens = Citizens(chosen.issuer, chosen.audience, chosen.person_claim)

    @app.exception_handler(NotLoggedIn)
    async def not_logged_in(_request, _problem):
        return JSONResponse({"title": "Log in first."}, 401)

    @app.exception_handler(Refused)
    async def refused(_request, refusal):
        # That the registry does not believe us is no fault of the citizen.
        own_fault = refusal.status == 401 and chosen.way != "citizen"
        headers = {"Retry-After": refusal.retry_after} if refusal.retry_after else None
        return JSONResponse(
            {"title": "Out of order."} if own_fault else refusal.problem,
            502 if own_fault else refusal.status,
            headers,
        )

    @app.get("/ping")
    async def ping():
        return "pong"

    @app.get("/my/address")
    async def address(citizen: Caller, request: Request):
        return await request.app.state.registry.address(citizen)

    @app.post("/my/address", status_code=201)
    async def propose(
        citizen: Caller,
        request: Request,
        proposal: dict,
        idempotency_key: Annotated[str, Header()],
    ):
        registry = request.app.state.registry
        return await registry.propose(citizen, proposal, idempotency_key)

    @app.get("/my/proposals/{proposal_id}")
    async def progress(citizen: Caller, request: Request, proposal_id: str):
        return await request.app.state.registry.progress(citizen, proposal_id)

    @app.post("/my/address/end")
    async def end(
        citizen: Caller,
        request: Request,
        reason: Annotated[str | None, Body(embed=True)] = None,
    ):
        return await request.app.state.registry.end(citizen, reason)

    @app.get("/providers")
    async def providers(citizen: Caller, request: Request, page: int = 1):
        return await request.app.state.registry.providers(citizen, page)

    return app
