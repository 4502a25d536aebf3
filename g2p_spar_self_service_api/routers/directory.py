"""Routes: the directory of providers a person may be paid at."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query
from starlette.requests import Request

from ..caller import Caller, caller_with
from ..dependencies import ApiRoute, Env
from ..paging import kept_answer, next_page
from ..problems import Problem
from ..schemas.base import AddressType, Code, Page, PageSize
from ..schemas.directory import BranchPage, DfspPage

router = APIRouter(prefix="/v1", tags=["directory"], route_class=ApiRoute)

SCOPE = "directory:read"
SIZE = 50

_TEXT = {"type": "string"}
_KEPT = {
    "headers": {
        "ETag": {
            "description": "Send it as If-None-Match, to be told whether the answer "
            "is still the same.",
            "schema": _TEXT,
        },
        "Cache-Control": {
            "description": "How long the answer may be used without asking.",
            "schema": _TEXT,
        },
    }
}
KEPT = {200: _KEPT, 304: {**_KEPT, "description": "What the caller has still holds."}}

IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=1000,
        description="The ETag of the answer the caller has.",
    ),
]


# What these return is made without their models, which only tell what is in it: an
# ETag is of the very bytes.


@router.get(
    "/dfsps",
    operation_id="list_dfsps",
    summary="Providers",
    response_model=DfspPage,
    responses=KEPT,
)
async def list_dfsps(
    request: Request,
    env: Env,
    caller: Annotated[Caller, caller_with(SCOPE)],
    fa_type: Annotated[
        AddressType | None, Query(alias="type", description="What they offer.")
    ] = None,
    page: Page = 1,
    page_size: PageSize = SIZE,
    if_none_match: IfNoneMatch = None,
):
    """List the banks and wallet operators a person may be paid at, by name."""
    items, more = env["g2p.dfsp"]._api_page(fa_type, page, page_size)
    following = next_page(request, "/dfsps", more, page, page_size, type=fa_type)
    return kept_answer({"items": items, "next": following}, if_none_match)


@router.get(
    "/dfsps/{code}/branches",
    operation_id="list_branches",
    summary="Branches of a bank",
    response_model=BranchPage,
    responses={**KEPT, 404: {}},
)
async def list_branches(
    request: Request,
    env: Env,
    caller: Annotated[Caller, caller_with(SCOPE)],
    code: Annotated[Code, Path(description="The bank's code.")],
    page: Page = 1,
    page_size: PageSize = SIZE,
    if_none_match: IfNoneMatch = None,
):
    """List the branches of a bank, by name. Other providers have none."""
    found = env["g2p.dfsp"]._api_branches(code, page, page_size)
    if found is None:
        raise Problem("not_found", env._("There is no bank with this code."))
    items, more = found
    path = f"/dfsps/{quote(code, safe='')}/branches"
    following = next_page(request, path, more, page, page_size)
    return kept_answer({"items": items, "next": following}, if_none_match)
