"""Routes: a person's payment address, and proposing another one."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response

from ..caller import Caller
from ..dependencies import ApiRoute, Env, caller_with
from ..paging import next_page, path_of
from ..problems import Problem
from ..refusals import KeyReused, Refused
from ..schemas.address import Address, End, Ended
from ..schemas.base import Page, PageSize
from ..schemas.problem import problems
from ..schemas.proposal import Accepted, Progress, Proposal, ProposalPage

router = APIRouter(prefix="/v1", tags=["address"], route_class=ApiRoute)

READ, WRITE = "address:read", "address:write"
PROPOSALS = "/address/proposals"
SIZE = 20

ACCEPTED = {
    "headers": {
        "Location": {
            "description": "Path of the proposal, to ask how it goes on.",
            "schema": {"type": "string"},
        },
        "Idempotent-Replayed": {
            "description": "`true` if this answers an earlier call with the same key.",
            "schema": {"type": "string", "enum": ["true"]},
        },
    }
}

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[!-~]([ -~]*[!-~])?$",
        description="Made by the caller, anew for every proposal, such as a UUID. Sent "
        "again with the same body, it gets the same answer and nothing else happens; "
        "with another body it is refused. It is remembered for 24 hours at least, for "
        "this caller and this person. A proposal that was refused is not remembered.",
        examples=["0f8c6a5e-7b1e-4c53-9a43-1f1d8f6f2c11"],
    ),
]


# async: every request has an event loop of its own, so nobody waits for this one, and
# no second thread is needed.
@router.get(
    "/address",
    operation_id="readAddress",
    summary="The person's payment address",
    description="What SPAR holds for the person now, what the registry asked for, and "
    "how far the two are apart. SPAR is asked, for a few seconds at most; if it does "
    "not answer, what was last known is returned. Numbers are masked.",
    responses=problems(401, 403, 404, 422, 429),
)
async def read_address(
    caller: Annotated[Caller, Depends(caller_with(READ))],
) -> Address:
    return caller.partner._api_address(caller.key_for_limits)


@router.post(
    PROPOSALS,
    operation_id="proposeAddress",
    summary="Propose another payment address",
    description="Where the person wants to be paid from now on. If the registry's "
    "rules want a second person to approve it, it waits; otherwise it is sent to SPAR. "
    "A newer proposal takes the place of one that waits. Proposing what is there "
    "already changes nothing.",
    status_code=201,
    responses={201: ACCEPTED, **problems(401, 403, 404, 409, 413, 415, 422, 429)},
)
async def propose_address(
    request: Request,
    response: Response,
    env: Env,
    caller: Annotated[Caller, Depends(caller_with(WRITE))],
    key: IdempotencyKey,
    proposal: Annotated[Proposal, Body()],
) -> Accepted:
    try:
        answer, new = env["g2p.api.proposal"]._propose(
            caller.partner, caller.name, key, proposal.model_dump()
        )
    except Refused as refused:
        raise not_taken(refused) from None
    except KeyReused:
        raise Problem("key_reused") from None
    response.headers["Location"] = path_of(request, f"{PROPOSALS}/{answer['id']}")
    if not new:
        response.headers["Idempotent-Replayed"] = "true"
    return answer


@router.get(
    PROPOSALS,
    operation_id="listProposals",
    summary="The person's proposals",
    description="Newest first, with what became of each.",
    responses=problems(401, 403, 404, 422, 429),
)
async def list_proposals(
    request: Request,
    env: Env,
    caller: Annotated[Caller, Depends(caller_with(READ))],
    page: Annotated[Page, Query()] = 1,
    page_size: Annotated[PageSize, Query()] = SIZE,
) -> ProposalPage:
    found, more = env["g2p.api.proposal"]._page(caller.partner, page, page_size)
    return {
        "items": found._progress(),
        "next": next_page(request, PROPOSALS, more, page, page_size),
    }


@router.get(
    PROPOSALS + "/{id}",
    operation_id="readProposal",
    summary="What became of a proposal",
    responses=problems(401, 403, 404, 422, 429),
)
async def read_proposal(
    env: Env,
    caller: Annotated[Caller, Depends(caller_with(READ))],
    id: Annotated[  # noqa: A002
        str, Path(min_length=1, max_length=64, description="The proposal's ID.")
    ],
) -> Progress:
    found = env["g2p.api.proposal"]._own(caller.partner, id)
    if not found:
        raise Problem("not_found", env._("This person has no such proposal."))
    return found._progress()[0]


@router.post(
    "/address/end",
    operation_id="endAddress",
    summary="Stop paying the person",
    description="Ends the address in use and withdraws what waits for approval. SPAR "
    "is told to forget the address. Without an address nothing happens, so it can be "
    "sent again safely.",
    responses=problems(401, 403, 404, 409, 413, 415, 422, 429),
)
async def end_address(
    env: Env,
    caller: Annotated[Caller, Depends(caller_with(WRITE))],
    end: Annotated[End, Body()],
) -> Ended:
    try:
        env["g2p.api.proposal"]._end_address(
            caller.partner, caller.name, end.reason
        )
    except Refused as refused:
        raise not_taken(refused) from None
    return {"state": caller.partner.sudo()._api_state()}


def not_taken(refused):
    """Return the answer for what the registry does not take."""
    general = refused.reasons.get("")
    errors = {name: text for name, text in refused.reasons.items() if name}
    return Problem("refused", general, errors)
