from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.bank_account import BankAccount
from ...models.email_wallet import EmailWallet
from ...models.mobile_wallet import MobileWallet
from ...models.problem import Problem
from ...models.validation import Validation
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: BankAccount | EmailWallet | MobileWallet,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(person_id, Unset):
        headers["Person-Id"] = person_id

    if not isinstance(accept_language, Unset):
        headers["Accept-Language"] = accept_language

    if not isinstance(time_zone, Unset):
        headers["Time-Zone"] = time_zone

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/validate",
    }

    if isinstance(body, BankAccount) or isinstance(body, MobileWallet):
        _kwargs["json"] = body.to_dict()
    else:
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | Validation | None:
    if response.status_code == 200:
        response_200 = Validation.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

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
) -> Response[Problem | Validation]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: BankAccount | EmailWallet | MobileWallet,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[Problem | Validation]:
    """Check a payment address before proposing it

     Say what proposing it would change, or what is wrong with it. Nothing is stored.

    It does not say whether the address is there already, or others are paid there: who
    tries one number after the other would learn one. So a proposal may still be
    refused. An account at a bank that needs a branch is checked with its branch.

    Args:
        person_id (None | str | Unset): The ID of the person a client acts for. It is never part
            of the URL, because URLs are logged. A citizen's own token says who they are, and comes
            without it.
        accept_language (str | Unset):
        time_zone (str | Unset):
        body (BankAccount | EmailWallet | MobileWallet):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Validation]
    """

    kwargs = _get_kwargs(
        body=body,
        person_id=person_id,
        accept_language=accept_language,
        time_zone=time_zone,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: BankAccount | EmailWallet | MobileWallet,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Problem | Validation | None:
    """Check a payment address before proposing it

     Say what proposing it would change, or what is wrong with it. Nothing is stored.

    It does not say whether the address is there already, or others are paid there: who
    tries one number after the other would learn one. So a proposal may still be
    refused. An account at a bank that needs a branch is checked with its branch.

    Args:
        person_id (None | str | Unset): The ID of the person a client acts for. It is never part
            of the URL, because URLs are logged. A citizen's own token says who they are, and comes
            without it.
        accept_language (str | Unset):
        time_zone (str | Unset):
        body (BankAccount | EmailWallet | MobileWallet):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Validation
    """

    return sync_detailed(
        client=client,
        body=body,
        person_id=person_id,
        accept_language=accept_language,
        time_zone=time_zone,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: BankAccount | EmailWallet | MobileWallet,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[Problem | Validation]:
    """Check a payment address before proposing it

     Say what proposing it would change, or what is wrong with it. Nothing is stored.

    It does not say whether the address is there already, or others are paid there: who
    tries one number after the other would learn one. So a proposal may still be
    refused. An account at a bank that needs a branch is checked with its branch.

    Args:
        person_id (None | str | Unset): The ID of the person a client acts for. It is never part
            of the URL, because URLs are logged. A citizen's own token says who they are, and comes
            without it.
        accept_language (str | Unset):
        time_zone (str | Unset):
        body (BankAccount | EmailWallet | MobileWallet):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Validation]
    """

    kwargs = _get_kwargs(
        body=body,
        person_id=person_id,
        accept_language=accept_language,
        time_zone=time_zone,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: BankAccount | EmailWallet | MobileWallet,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Problem | Validation | None:
    """Check a payment address before proposing it

     Say what proposing it would change, or what is wrong with it. Nothing is stored.

    It does not say whether the address is there already, or others are paid there: who
    tries one number after the other would learn one. So a proposal may still be
    refused. An account at a bank that needs a branch is checked with its branch.

    Args:
        person_id (None | str | Unset): The ID of the person a client acts for. It is never part
            of the URL, because URLs are logged. A citizen's own token says who they are, and comes
            without it.
        accept_language (str | Unset):
        time_zone (str | Unset):
        body (BankAccount | EmailWallet | MobileWallet):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Validation
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            person_id=person_id,
            accept_language=accept_language,
            time_zone=time_zone,
        )
    ).parsed
