"""A person's payment address."""

from pydantic import Field

from .base import Asked, Entry, Moment, State, Told


class AtSpar(Told):
    """What SPAR, the country's mapper of IDs to accounts, holds for the person."""

    text: str = Field(
        description="Provider and masked number; in words if SPAR holds nothing, or "
        "it is not known what.",
        examples=["Mobile wallet · M-Cash · +2557••••001"],
    )
    read_at: Moment | None = Field(
        description="When SPAR was last seen to hold this; empty if never."
    )
    current: bool = Field(
        description="Whether SPAR has answered just now. If not, this is what was "
        "last known."
    )
    problem: str | None = Field(
        description="Why SPAR has not answered, in words.",
        examples=["SPAR cannot be reached right now."],
    )


class Address(Told):
    """Where a person is paid, as SPAR has it and as the registry asked for it."""

    at_spar: AtSpar | None = Field(
        description="Empty while the registry has no connection to SPAR."
    )
    requested: Entry | None = Field(
        description="The address in use in the registry, or else the incomplete one."
    )
    waiting: Entry | None = Field(
        description="What waits for the approval of a second person."
    )
    state: State


class End(Asked):
    """Stop paying the person at this address."""

    reason: str | None = Field(
        default=None,
        max_length=250,
        description="Kept in the history, which many read: no numbers and no e-mail "
        "addresses in it.",
        examples=["The phone was lost."],
    )


class Ended(Told):
    """The person is paid nowhere."""

    state: State
