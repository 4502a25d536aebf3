from http import HTTPStatus
from typing import Any, cast

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.dfsp_page import DfspPage
from ...models.list_dfsps_type_type_0 import ListDfspsTypeType0
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    type_: ListDfspsTypeType0 | None | Unset = UNSET,
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

    json_type_: None | str | Unset
    if isinstance(type_, Unset):
        json_type_ = UNSET
    elif isinstance(type_, ListDfspsTypeType0):
        json_type_ = type_.value
    else:
        json_type_ = type_
    params["type"] = json_type_

    params["page"] = page

    params["page_size"] = page_size

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/dfsps",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | DfspPage | Problem | None:
    if response.status_code == 200:
        response_200 = DfspPage.from_dict(response.json())

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
) -> Response[Any | DfspPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    type_: ListDfspsTypeType0 | None | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[Any | DfspPage | Problem]:
    """Providers

     List the banks and wallet operators a person may be paid at, by name.

    Args:
        type_ (ListDfspsTypeType0 | None | Unset): What they offer.
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 50.
        if_none_match (None | str | Unset): The ETag of the answer the caller has.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | DfspPage | Problem]
    """

    kwargs = _get_kwargs(
        type_=type_,
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
    *,
    client: AuthenticatedClient,
    type_: ListDfspsTypeType0 | None | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Any | DfspPage | Problem | None:
    """Providers

     List the banks and wallet operators a person may be paid at, by name.

    Args:
        type_ (ListDfspsTypeType0 | None | Unset): What they offer.
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 50.
        if_none_match (None | str | Unset): The ETag of the answer the caller has.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | DfspPage | Problem
    """

    return sync_detailed(
        client=client,
        type_=type_,
        page=page,
        page_size=page_size,
        if_none_match=if_none_match,
        accept_language=accept_language,
        time_zone=time_zone,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    type_: ListDfspsTypeType0 | None | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Response[Any | DfspPage | Problem]:
    """Providers

     List the banks and wallet operators a person may be paid at, by name.

    Args:
        type_ (ListDfspsTypeType0 | None | Unset): What they offer.
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 50.
        if_none_match (None | str | Unset): The ETag of the answer the caller has.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | DfspPage | Problem]
    """

    kwargs = _get_kwargs(
        type_=type_,
        page=page,
        page_size=page_size,
        if_none_match=if_none_match,
        accept_language=accept_language,
        time_zone=time_zone,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    type_: ListDfspsTypeType0 | None | Unset = UNSET,
    page: int | Unset = 1,
    page_size: int | Unset = 50,
    if_none_match: None | str | Unset = UNSET,
    accept_language: str | Unset = UNSET,
    time_zone: str | Unset = UNSET,
) -> Any | DfspPage | Problem | None:
    """Providers

     List the banks and wallet operators a person may be paid at, by name.

    Args:
        type_ (ListDfspsTypeType0 | None | Unset): What they offer.
        page (int | Unset): Which page, counted from 1. Default: 1.
        page_size (int | Unset): How many entries a page has at most. Default: 50.
        if_none_match (None | str | Unset): The ETag of the answer the caller has.
        accept_language (str | Unset):
        time_zone (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | DfspPage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            type_=type_,
            page=page,
            page_size=page_size,
            if_none_match=if_none_match,
            accept_language=accept_language,
            time_zone=time_zone,
        )
    ).parsed
