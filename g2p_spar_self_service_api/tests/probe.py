"""Operations of the tests: what a caller proves, without anything being done."""

import threading
from typing import Annotated

from fastapi import APIRouter
from psycopg2 import errorcodes
from psycopg2.errors import SerializationFailure
from pydantic import BaseModel, ConfigDict

from odoo.exceptions import UserError, ValidationError

from ..caller import Caller, caller_with
from ..dependencies import ApiRoute, Env
from ..problems import Problem

router = APIRouter(prefix="/v1/probe", route_class=ApiRoute)


class Said(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: str
    count: int = 0


def _told(caller):
    return {
        "kind": caller.kind,
        "name": caller.name,
        "key": caller.key,
        "scopes": sorted(caller.scopes),
        "partner": caller.partner and caller.partner.id,
        "spar_id": caller.spar_id,
    }


@router.get("/nobody", operation_id="probe_nobody")
async def nobody(caller: Annotated[Caller, caller_with("directory:read")]) -> dict:
    return _told(caller)


@router.get("/person", operation_id="probe_person")
async def person(
    caller: Annotated[Caller, caller_with("address:read", person=True)],
) -> dict:
    return _told(caller)


@router.get("/person/{thing}", operation_id="probe_thing")
async def thing(
    caller: Annotated[Caller, caller_with("address:read", person=True)], thing: str
) -> dict:
    return _told(caller)


@router.post("/person", operation_id="probe_write")
async def write(
    said: Said,
    env: Env,
    caller: Annotated[Caller, caller_with("address:propose", person=True)],
) -> dict:
    """Write something, and then fail as the number says."""
    caller.partner.comment = said.number
    caller.partner.flush_recordset()
    failures = {
        "user": UserError(said.number),
        "validation": ValidationError(said.number),
        "bug": RuntimeError(said.number),
        "problem": Problem("refused", errors={"number": "No."}),
    }
    for word, failure in failures.items():
        if word in said.number:
            raise failure
    return _told(caller)


@router.post("/again", operation_id="probe_again")
async def again(
    said: Said,
    caller: Annotated[Caller, caller_with("address:propose", person=True)],
) -> dict:
    """Write something, and be beaten by somebody else as often as is said."""
    caller.partner.comment = said.number
    caller.partner.flush_recordset()
    beaten.append(caller.partner.id)
    if len(beaten) <= said.count:
        raise Beaten
    return _told(caller)


#: One for each time the operation above was run.
beaten = []


class Beaten(SerializationFailure):
    """As the database raises it, where two write the same."""

    pgcode = errorcodes.SERIALIZATION_FAILURE


@router.get("/thread", operation_id="probe_thread")
async def thread() -> dict:
    return {"thread": threading.get_ident()}


@router.post("/open", operation_id="probe_open")
async def open_(said: Said) -> dict:
    return {}
