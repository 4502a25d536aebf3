"""The directory of providers."""

from pydantic import Field

from .base import AddressType, Told


class Dfsp(Told):
    """A bank or wallet operator."""

    code: str = Field(examples=["FB"])
    name: str = Field(examples=["First Bank"])
    type: AddressType
    country: str | None = Field(
        description="Its country (ISO 3166-1 alpha-2).", examples=["TZ"]
    )
    account_hint: str | None = Field(
        description="What an account number looks like there, in words.",
        examples=["Ten digits, printed on the front of the card."],
    )
    account_example: str | None = Field(
        description="An invented account number of the right form.",
        examples=["0123456789"],
    )


class DfspPage(Told):
    """Providers, by name."""

    items: list[Dfsp]
    next: str | None = Field(
        description="Path and query of the next page; empty on the last one."
    )


class Branch(Told):
    """A branch of a bank."""

    code: str = Field(examples=["NB01"])
    name: str = Field(examples=["North"])


class BranchPage(Told):
    """Branches of one bank, by name."""

    items: list[Branch]
    next: str | None = Field(
        description="Path and query of the next page; empty on the last one."
    )
