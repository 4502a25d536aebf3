from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.access_token import AccessToken
from ...models.body_get_token import BodyGetToken
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: BodyGetToken | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(accept_language, Unset):
        headers["Accept-Language"] = accept_language

    if not isinstance(time_zone, Unset):
        headers["Time-Zone"] = time_zone

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/token",
    }

    if not isinstance(body, Unset):
        _kwargs["data"] = body.to_dict()

    headers["Content-Type"] = "application/x-www-form-urlencoded"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AccessToken | Problem | None:
    if response.status_code == 200:
        response_200 = AccessToken.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 405:
        response_405 = Problem.from_dict(response.json())

        return response_405

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = Problem.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AccessToken | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: BodyGetToken | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[AccessToken | Problem]:
    """Get an access token

     Exchange a client's proof for a token, as of RFC 6749, section 4.4.

    The client proves who it is with its ID and secret, as HTTP Basic or in the form, or
    with a JWT it signs with its registered key (RFC 7523): `iss` and `sub` its ID,
    `aud` as the registry says, `exp` at most five minutes after `iat`, `jti` used only
    once.

    Errors have the members of RFC 6749, section 5.2, besides those of problem details.

    Args:
        accept_language (str | Unset):
        time_zone (str | Unset):
        body (BodyGetToken | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccessToken | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        accept_language=accept_language,
        time_zone=time_zone,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: BodyGetToken | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> AccessToken | Problem | None:
    """Get an access token

     Exchange a client's proof for a token, as of RFC 6749, section 4.4.

    The client proves who it is with its ID and secret, as HTTP Basic or in the form, or
    with a JWT it signs with its registered key (RFC 7523): `iss` and `sub` its ID,
    `aud` as the registry says, `exp` at most five minutes after `iat`, `jti` used only
    once.

    Errors have the members of RFC 6749, section 5.2, besides those of problem details.

    Args:
        accept_language (str | Unset):
        time_zone (str | Unset):
        body (BodyGetToken | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccessToken | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        accept_language=accept_language,
        time_zone=time_zone,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: BodyGetToken | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[AccessToken | Problem]:
    """Get an access token

     Exchange a client's proof for a token, as of RFC 6749, section 4.4.

    The client proves who it is with its ID and secret, as HTTP Basic or in the form, or
    with a JWT it signs with its registered key (RFC 7523): `iss` and `sub` its ID,
    `aud` as the registry says, `exp` at most five minutes after `iat`, `jti` used only
    once.

    Errors have the members of RFC 6749, section 5.2, besides those of problem details.

    Args:
        accept_language (str | Unset):
        time_zone (str | Unset):
        body (BodyGetToken | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccessToken | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        accept_language=accept_language,
        time_zone=time_zone,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: BodyGetToken | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> AccessToken | Problem | None:
    """Get an access token

     Exchange a client's proof for a token, as of RFC 6749, section 4.4.

    The client proves who it is with its ID and secret, as HTTP Basic or in the form, or
    with a JWT it signs with its registered key (RFC 7523): `iss` and `sub` its ID,
    `aud` as the registry says, `exp` at most five minutes after `iat`, `jti` used only
    once.

    Errors have the members of RFC 6749, section 5.2, besides those of problem details.

    Args:
        accept_language (str | Unset):
        time_zone (str | Unset):
        body (BodyGetToken | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccessToken | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            accept_language=accept_language,
            time_zone=time_zone,
        )
    ).parsed
