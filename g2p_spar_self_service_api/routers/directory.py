"""Routes: the directory of providers a person may be paid at."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Request

from ..caller import Caller
from ..dependencies import ApiRoute, Env, caller_with
from ..paging import kept_answer, next_page
from ..problems import Problem
from ..schemas.problem import problems
from ..schemas.base import AddressType, Page, PageSize
from ..schemas.directory import BranchPage, DfspPage

router = APIRouter(prefix="/v1", tags=["directory"], route_class=ApiRoute)

SCOPE = "directory:read"
SIZE = 50

#: What these answers have besides their content.
KEPT = {
    "headers": {
        "ETag": {
            "description": "Send it as If-None-Match, to be told whether the answer "
            "is still the same.",
            "schema": {"type": "string"},
        },
        "Cache-Control": {
            "description": "How long the answer may be used without asking.",
            "schema": {"type": "string"},
        },
    }
}
KNOWN = {200: KEPT, 304: {**KEPT, "description": "What the caller has still holds."}}

# FastAPI validates the content of an answer by a model; these are made without one,
# and the models tell what is in them.

IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=1000,
        description="The ETag of the answer the caller has.",
    ),
]


# async: every request has an event loop of its own, so nobody waits for this one, and
# no second thread is needed.
@router.get(
    "/dfsps",
    operation_id="listDfsps",
    summary="Providers",
    description="Banks and wallet operators a person may be paid at, by name.",
    response_model=DfspPage,
    responses={**KNOWN, **problems(401, 403, 422, 429)},
)
async def list_dfsps(
    request: Request,
    env: Env,
    caller: Annotated[Caller, Depends(caller_with(SCOPE))],
    type: Annotated[  # noqa: A002
        AddressType | None, Query(description="Only those that offer this.")
    ] = None,
    page: Annotated[Page, Query()] = 1,
    page_size: Annotated[PageSize, Query()] = SIZE,
    if_none_match: IfNoneMatch = None,
):
    items, more = env["g2p.dfsp"]._api_page(type, page, page_size)
    return kept_answer(
        request,
        {
            "items": items,
            "next": next_page(request, "/dfsps", more, page, page_size, type=type),
        },
    )


@router.get(
    "/dfsps/{code}/branches",
    operation_id="listBranches",
    summary="Branches of a bank",
    description="Only banks have branches.",
    response_model=BranchPage,
    responses={**KNOWN, **problems(401, 403, 404, 422, 429)},
)
async def list_branches(
    request: Request,
    env: Env,
    caller: Annotated[Caller, Depends(caller_with(SCOPE))],
    code: Annotated[
        str, Path(min_length=1, max_length=64, description="The bank's code.")
    ],
    page: Annotated[Page, Query()] = 1,
    page_size: Annotated[PageSize, Query()] = SIZE,
    if_none_match: IfNoneMatch = None,
):
    found = env["g2p.dfsp"]._api_branches(code, page, page_size)
    if found is None:
        raise Problem("not_found", env._("There is no bank with this code."))
    items, more = found
    path = f"/dfsps/{quote(code, safe='')}/branches"
    return kept_answer(
        request,
        {"items": items, "next": next_page(request, path, more, page, page_size)},
    )
