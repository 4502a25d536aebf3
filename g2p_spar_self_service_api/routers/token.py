"""Access tokens for clients: OAuth 2.0, client credentials (RFC 6749, RFC 7523)."""

import base64
import binascii
from typing import Annotated
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form
from starlette.requests import Request

from .. import call, rate_limits, signing
from ..caller import CLIENT, Caller, count, unauthenticated
from ..dependencies import ApiRoute, Env
from ..problems import Problem
from ..schemas.token import AccessToken
from ..tokens import BadToken

router = APIRouter(prefix="/v1", tags=["token"], route_class=ApiRoute)

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Text = Annotated[str | None, Form(max_length=8192)]


@router.post(
    "/token",
    operation_id="get_token",
    summary="Get an access token",
    responses={401: {}, 429: {}},
)
async def get_token(
    request: Request,
    env: Env,
    grant_type: Text = None,
    scope: Text = None,
    client_id: Text = None,
    client_secret: Text = None,
    client_assertion_type: Text = None,
    client_assertion: Text = None,
) -> AccessToken:
    """Exchange a client's proof for a token, as of RFC 6749, section 4.4.

    The client proves who it is with its ID and secret, as HTTP Basic or in the form, or
    with a JWT it signs with its registered key (RFC 7523): `iss` and `sub` its ID,
    `aud` as the registry says, `exp` at most five minutes after `iat`, `jti` used only
    once.

    Errors have the members of RFC 6749, section 5.2, besides those of problem details.
    """
    one = call.current.get()
    count(env, one, rate_limits.of_token(one.source))
    if grant_type != "client_credentials":
        raise _refused("unsupported_grant_type" if grant_type else "invalid_request")
    try:
        if client_assertion_type or client_assertion:
            client = _by_assertion(
                env, client_id, client_assertion_type, client_assertion
            )
        else:
            client = env["g2p.api.client"]._by_secret(
                *_secret(request, client_id, client_secret)
            )
    except BadToken as cause:
        raise _unknown(cause) from None
    scopes = client._scopes()
    one.caller = Caller(
        CLIENT, client.id, client.name, scopes, client.rate, client.person_rate
    )
    if scope:
        asked = frozenset(scope.split())
        if not asked <= scopes:
            raise _refused("invalid_scope")
        scopes = asked
    return AccessToken(
        access_token=signing.issue(env, client.client_id, scopes),
        expires_in=signing.LIFETIME,
        scope=" ".join(sorted(scopes)),
    )


def _by_assertion(env, client_id, assertion_type, assertion):
    if assertion_type != ASSERTION or not assertion:
        raise _refused("invalid_request")
    client = env["g2p.api.client"]._by_assertion(assertion)
    if client_id and client_id != client.client_id:
        raise BadToken("another client")
    return client


def _secret(request, client_id, client_secret):
    """Return the client's ID and secret, from the header or else the form.

    :raise Problem: when there are both
    :raise BadToken: when there is neither
    """
    scheme, _blank, text = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return client_id or "", client_secret or ""
    if client_secret:
        # One way to prove it at a time (RFC 6749, section 2.3).
        raise _refused("invalid_request")
    try:
        if scheme.lower() != "basic":
            raise BadToken("scheme")
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise BadToken("unreadable") from None
    name, _colon, secret = pair.partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _refused(error):
    return Problem("bad_token_request", members={"error": error}, cause=error)


def _unknown(cause):
    problem = unauthenticated('Basic realm="spar"', cause)
    problem.members = {"error": "invalid_client"}
    return problem
