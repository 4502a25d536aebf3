"""What all schemas of the API have in common."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

#: The kinds of payment addresses.
AddressType = Literal["bank_account", "mobile_wallet", "email_wallet"]

#: The relations of a payee, as in the registry.
Relation = Literal["guardian", "caretaker", "household_head", "trustee", "other"]

#: The states of an address, the same in every channel of the registry.
StateCode = Literal[
    "no_address",
    "incomplete",
    "to_approve",
    "waiting_id",
    "on_its_way",
    "retrying",
    "checking",
    "in_sync",
    "differs",
    "held",
    "paused",
    "ended",
]

#: Odoo's moments are in UTC and do not say so.
Moment = Annotated[
    datetime,
    PlainSerializer(
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC).isoformat(),
        return_type=str,
    ),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

Page = Annotated[int, Query(ge=1, le=10_000, description="Which page, counted from 1.")]
PageSize = Annotated[
    int, Query(ge=1, le=100, description="How many entries a page has at most.")
]


#: A code of a provider or branch. No database stores a NUL, and no code has controls.
Code = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Asked(BaseModel):
    """What a caller sends: nothing but what is named here, and no other types."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Told(BaseModel):
    """What a caller is answered."""

    model_config = ConfigDict(extra="forbid")


class State(Told):
    """How far something has come."""

    code: StateCode = Field(description="For programs. New codes need a new version.")
    sentence: str = Field(
        description="For people: what happens next, in the language of the "
        "Accept-Language header if the registry has it.",
        examples=["Saved. Being sent to SPAR."],
    )


class Provider(Told):
    """A bank or wallet operator, or a branch of a bank."""

    code: str = Field(examples=["MC"])
    name: str = Field(examples=["M-Cash"])


class Payee(Told):
    """Another person, who receives the money in the person's place."""

    name: str = Field(examples=["Neema Juma"])
    relation: Relation | None
    until: date | None = Field(
        description="The last day of the mandate; empty if it has no end."
    )


class Place(Told):
    """Where a person is paid, as people may see it."""

    type: AddressType
    provider: Provider | None = Field(
        description="Empty while it is not known yet, which only the registry can mend."
    )
    branch: Provider | None = None
    number: str = Field(
        description="The account number, mobile number or e-mail address, masked.",
        examples=["+2557••••001"],
    )
    payee: Payee | None = Field(
        description="Who receives the money; empty: the person themselves."
    )


class Entry(Place):
    """A payment address as people may see it."""

    entered_at: Moment
    to_confirm: bool = Field(
        description="Whether the person is asked if it is still right. Proposing the "
        "same address confirms it. Payments go on meanwhile."
    )
