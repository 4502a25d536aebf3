from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.branch_page import BranchPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    code: str,
    *,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_none_match, Unset):
        headers["If-None-Match"] = if_none_match

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
        "url": "/v1/dfsps/{code}/branches".format(
            code=quote(str(code), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | BranchPage | Problem | None:
    if response.status_code == 200:
        response_200 = BranchPage.from_dict(response.json())

        return response_200

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

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
) -> Response[Any | BranchPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    code: str,
    *,
    client: AuthenticatedClient,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[Any | BranchPage | Problem]:
    """Branches of a bank

     List the branches of a bank, by name. Other providers have none.

    Args:
        code (str): The bank's code.
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 50.
        if_none_match (None | str | Unset): The ETag of the answer the caller has.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | BranchPage | Problem]
    """

    kwargs = _get_kwargs(
        code=code,
        page=page,
        page_size=page_size,
        if_none_match=if_none_match,
        accept_language=accept_language,
        time_zone=time_zone,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    code: str,
    *,
    client: AuthenticatedClient,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Any | BranchPage | Problem | None:
    """Branches of a bank

     List the branches of a bank, by name. Other providers have none.

    Args:
        code (str): The bank's code.
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 50.
        if_none_match (None | str | Unset): The ETag of the answer the caller has.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | BranchPage | Problem
    """

    return sync_detailed(
        code=code,
        client=client,
        page=page,
        page_size=page_size,
        if_none_match=if_none_match,
        accept_language=accept_language,
        time_zone=time_zone,
    ).parsed


async def asyncio_detailed(
    code: str,
    *,
    client: AuthenticatedClient,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[Any | BranchPage | Problem]:
    """Branches of a bank

     List the branches of a bank, by name. Other providers have none.

    Args:
        code (str): The bank's code.
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 50.
        if_none_match (None | str | Unset): The ETag of the answer the caller has.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | BranchPage | Problem]
    """

    kwargs = _get_kwargs(
        code=code,
        page=page,
        page_size=page_size,
        if_none_match=if_none_match,
        accept_language=accept_language,
        time_zone=time_zone,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    code: str,
    *,
    client: AuthenticatedClient,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Any | BranchPage | Problem | None:
    """Branches of a bank

     List the branches of a bank, by name. Other providers have none.

    Args:
        code (str): The bank's code.
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 50.
        if_none_match (None | str | Unset): The ETag of the answer the caller has.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | BranchPage | Problem
    """

    return (
        await asyncio_detailed(
            code=code,
            client=client,
            page=page,
            page_size=page_size,
            if_none_match=if_none_match,
            accept_language=accept_language,
            time_zone=time_zone,
        )
    ).parsed
