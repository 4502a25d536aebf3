"""Routes: a person's payment address, and proposing another one."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path
from starlette.requests import Request
from starlette.responses import Response

from ..caller import Caller, caller_with
from ..dependencies import ApiRoute, Env
from ..exceptions import KeyReused, Refused
from ..paging import next_page, path_of
from ..problems import Problem
from ..schemas.address import Address, End, Ended
from ..schemas.base import Page, PageSize
from ..schemas.proposal import (
    Accepted,
    Progress,
    Proposal,
    ProposalPage,
    Validation,
)

router = APIRouter(prefix="/v1", tags=["address"], route_class=ApiRoute)

PROPOSALS = "/address/proposals"
SIZE = 20

Reader = Annotated[Caller, caller_with("address:read", person=True)]
Proposer = Annotated[Caller, caller_with("address:propose", person=True)]
Ender = Annotated[Caller, caller_with("address:end", person=True)]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[!-~]([ -~]*[!-~])?$",
        description="Made by the caller, anew for every proposal, such as a UUID. Sent "
        "again with the same body, it gets the same answer and nothing else happens; "
        "with another body it is refused. It is remembered for at least 24 hours, for "
        "this caller and this person. What was refused is not remembered.",
        examples=["0f8c6a5e-7b1e-4c53-9a43-1f1d8f6f2c11"],
    ),
]
ACCEPTED = {
    "headers": {
        "Location": {
            "description": "Path of the proposal, to ask how it goes on.",
            "schema": {"type": "string"},
        },
        "Idempotent-Replayed": {
            "description": "Only if this answers an earlier call with the same key.",
            "schema": {"type": "string", "enum": ["true"]},
        },
    }
}


@router.get(
    "/address",
    operation_id="read_address",
    summary="The person's payment address",
    responses={404: {}},
)
async def read_address(caller: Reader) -> Address:
    """Tell what SPAR holds, what the registry asked for, and how far they are apart.

    SPAR is asked now, for a few seconds at most. If it does not answer, what was last
    known is told. Numbers are masked.
    """
    return caller.partner._api_address(f"{caller.key}|{caller.spar_id}")


@router.post(
    PROPOSALS,
    operation_id="propose_address",
    summary="Propose another payment address",
    status_code=201,
    responses={201: ACCEPTED, 404: {}, 409: {}},
)
async def propose_address(
    request: Request,
    response: Response,
    env: Env,
    caller: Proposer,
    idempotency_key: IdempotencyKey,
    proposal: Annotated[Proposal, Body()],
) -> Accepted:
    """Say where the person wants to be paid from now on.

    If the registry's rules want a second person to look at it, it waits for that;
    otherwise it is sent to SPAR. A newer proposal takes the place of one that waits.
    Proposing what is there already changes nothing.
    """
    try:
        answer, new = env["g2p.api.proposal"]._propose(
            caller, idempotency_key, proposal.model_dump()
        )
    except Refused as refused:
        raise _not_taken(refused) from None
    except KeyReused:
        raise Problem("key_reused") from None
    response.headers["Location"] = path_of(request, f"{PROPOSALS}/{answer['id']}")
    if not new:
        response.headers["Idempotent-Replayed"] = "true"
    return answer


@router.post(
    "/validate",
    operation_id="validate_proposal",
    summary="Check a payment address before proposing it",
    responses={404: {}},
)
async def validate_proposal(
    env: Env, caller: Proposer, proposal: Annotated[Proposal, Body()]
) -> Validation:
    """Say what proposing it would change, or what is wrong with it. Nothing is stored.

    It does not say whether the address is there already, or others are paid there: who
    tries one number after the other would learn one. So a proposal may still be
    refused. An account at a bank that needs a branch is checked with its branch.
    """
    try:
        return env["g2p.api.proposal"]._validate(caller, proposal.model_dump())
    except Refused as refused:
        raise _not_taken(refused) from None


@router.get(
    PROPOSALS,
    operation_id="list_proposals",
    summary="The person's proposals",
    responses={404: {}},
)
async def list_proposals(
    request: Request,
    env: Env,
    caller: Reader,
    page: Page = 1,
    page_size: PageSize = SIZE,
) -> ProposalPage:
    """List them with what became of each, newest first."""
    found, more = env["g2p.api.proposal"]._page(caller.partner, page, page_size)
    following = next_page(request, PROPOSALS, more, page, page_size)
    return {"items": found._progress(), "next": following}


@router.get(
    PROPOSALS + "/{id}",
    operation_id="read_proposal",
    summary="What became of a proposal",
    responses={404: {}},
)
async def read_proposal(
    env: Env,
    caller: Reader,
    public_id: Annotated[
        str,
        Path(
            alias="id", pattern="^[A-Za-z0-9_-]{1,64}$", description="The proposal's."
        ),
    ],
) -> Progress:
    """Tell how far a proposal of this person has come."""
    found = env["g2p.api.proposal"]._own(caller.partner, public_id)
    if not found:
        raise Problem("not_found", env._("This person has no such proposal."))
    return found._progress()[0]


@router.post(
    "/address/end",
    operation_id="end_address",
    summary="Stop paying the person",
    responses={404: {}},
)
async def end_address(env: Env, caller: Ender, end: Annotated[End, Body()]) -> Ended:
    """End the address in use, and withdraw what waits for approval.

    SPAR is told to forget the address. Where there is none nothing happens, so it can
    be sent again safely.
    """
    try:
        env["g2p.api.proposal"]._end_address(caller, end.reason)
    except Refused as refused:
        raise _not_taken(refused) from None
    return {"state": caller.partner._api_state()}


def _not_taken(refused):
    """Return the answer for what the registry does not take."""
    errors = {name: text for name, text in refused.reasons.items() if name}
    return Problem("refused", refused.reasons.get(""), errors)
