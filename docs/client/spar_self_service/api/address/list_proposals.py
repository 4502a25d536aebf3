from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.proposal_page import ProposalPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    page: int | Unset = 1,
    page_size: int | Unset = 20,
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

    params: dict[str, Any] = {}

    params["page"] = page

    params["page_size"] = page_size

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/address/proposals",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | ProposalPage | None:
    if response.status_code == 200:
        response_200 = ProposalPage.from_dict(response.json())

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
) -> Response[Problem | ProposalPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    page: int | Unset = 1,
    page_size: int | Unset = 20,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[Problem | ProposalPage]:
    """The person's proposals

     List them with what became of each, newest first.

    Args:
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 20.
        person_id (None | str | Unset): The ID of the person a client acts for. It is never part
            of the URL, because URLs are logged. A citizen's own token says who they are, and comes
            without it.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProposalPage]
    """

    kwargs = _get_kwargs(
        page=page,
        page_size=page_size,
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
    page: int | Unset = 1,
    page_size: int | Unset = 20,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Problem | ProposalPage | None:
    """The person's proposals

     List them with what became of each, newest first.

    Args:
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 20.
        person_id (None | str | Unset): The ID of the person a client acts for. It is never part
            of the URL, because URLs are logged. A citizen's own token says who they are, and comes
            without it.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProposalPage
    """

    return sync_detailed(
        client=client,
        page=page,
        page_size=page_size,
        person_id=person_id,
        accept_language=accept_language,
        time_zone=time_zone,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    page: int | Unset = 1,
    page_size: int | Unset = 20,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[Problem | ProposalPage]:
    """The person's proposals

     List them with what became of each, newest first.

    Args:
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 20.
        person_id (None | str | Unset): The ID of the person a client acts for. It is never part
            of the URL, because URLs are logged. A citizen's own token says who they are, and comes
            without it.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProposalPage]
    """

    kwargs = _get_kwargs(
        page=page,
        page_size=page_size,
        person_id=person_id,
        accept_language=accept_language,
        time_zone=time_zone,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    page: int | Unset = 1,
    page_size: int | Unset = 20,
    person_id: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Problem | ProposalPage | None:
    """The person's proposals

     List them with what became of each, newest first.

    Args:
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 20.
        person_id (None | str | Unset): The ID of the person a client acts for. It is never part
            of the URL, because URLs are logged. A citizen's own token says who they are, and comes
            without it.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProposalPage
    """

    return (
        await asyncio_detailed(
            client=client,
            page=page,
            page_size=page_size,
            person_id=person_id,
            accept_language=accept_language,
            time_zone=time_zone,
        )
    ).parsed
