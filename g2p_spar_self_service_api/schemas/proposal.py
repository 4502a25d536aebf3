"""Proposing an address, and what became of it."""

from typing import Annotated, Literal

from pydantic import Field

from .base import Asked, Code, Entry, Moment, Place, Relation, StateCode, Told


class _Proposal(Asked):
    provider: Code = Field(
        description="The provider's code, from the directory.",
        examples=["MC"],
    )
    holder_name: str | None = Field(
        default=None,
        max_length=250,
        description="The name the account or wallet is held under.",
        examples=["Asha Juma"],
    )
    payee: Literal["self", "other"] | None = Field(
        default=None,
        description="Who receives the money: the person, or another one in the "
        "person's place. If nothing is said of it, it stays as it is.",
    )
    payee_name: str | None = Field(
        default=None,
        max_length=250,
        description="Needed if another person receives the money.",
        examples=["Neema Juma"],
    )
    payee_relation: Relation | None = None
    payee_id_number: str | None = Field(
        default=None, max_length=250, examples=["19800101-1234"]
    )
    payee_until: str | None = Field(
        default=None,
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        description="The last day on which the payee may receive the money. After it, "
        "the person is no longer paid there.",
        examples=["2030-12-31"],
    )
    reason: str | None = Field(
        default=None,
        max_length=250,
        description="Kept in the history, which many read: no numbers and no e-mail "
        "addresses in it.",
        examples=["A new phone"],
    )


class BankAccount(_Proposal):
    """An account at a bank."""

    type: Literal["bank_account"]
    branch: Code | None = Field(
        default=None,
        description="The branch's code, from the directory.",
        examples=["NB01"],
    )
    account_number: str = Field(min_length=1, max_length=64, examples=["0123456789"])


class MobileWallet(_Proposal):
    """A wallet at a mobile money operator."""

    type: Literal["mobile_wallet"]
    mobile_number: str = Field(
        min_length=1,
        max_length=32,
        description="With the country code, or as it is dialled in the provider's "
        "country.",
        examples=["+255 754 200 001"],
    )


class EmailWallet(_Proposal):
    """A wallet that is known by an e-mail address."""

    type: Literal["email_wallet"]
    email_address: str = Field(
        min_length=3, max_length=254, examples=["asha@mpay.example"]
    )


#: What a caller proposes: one of three kinds, each with its own values and no others.
Proposal = Annotated[
    BankAccount | MobileWallet | EmailWallet, Field(discriminator="type")
]


class Validation(Told):
    """What a proposal would change. Nothing is stored."""

    before: Place | None = Field(description="The address in use; empty if none is.")
    after: Place
    needs_approval: bool = Field(
        description="Whether the registry's policy has a second person approve it. It "
        "may wait for one for other reasons, which only proposing it tells."
    )


class Accepted(Told):
    """The answer to a proposal; the same again for the same idempotency key."""

    id: str = Field(examples=["mT9vXHHYdLWqBVAn1tBAFg"])
    state: Literal["to_approve", "on_its_way"] = Field(
        description="How it was accepted: a second person has to approve it, or it is "
        "sent to SPAR at once. Ask for the proposal to learn how it goes on."
    )
    proposed_at: Moment


class Progress(Entry):
    """What became of a proposal."""

    id: str = Field(examples=["mT9vXHHYdLWqBVAn1tBAFg"])
    state: StateCode | Literal["refused", "replaced"] = Field(
        description="`refused`: a second person refused it. `replaced`: there is a "
        "newer one. `ended`: the person is no longer paid there. The others are those "
        "of the address in use."
    )
    sentence: str = Field(
        description="For people: what happens next, or what happened.",
        examples=["Saved. Being sent to SPAR."],
    )
    reason: str | None = Field(
        description="Why it was refused or ended, in the words of whoever did.",
        examples=["The account is not the person's own."],
    )
    proposed_at: Moment


class ProposalPage(Told):
    """A person's proposals, newest first."""

    items: list[Progress]
    next: str | None = Field(
        description="Path and query of the next page; empty on the last one."
    )
