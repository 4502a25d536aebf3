from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from dateutil.parser import isoparse

from ..models.accepted_state import AcceptedState

T = TypeVar("T", bound="Accepted")


@_attrs_define
class Accepted:
    """The answer to a proposal; the same again for the same idempotency key.

    Attributes:
        id (str):
        state (AcceptedState): How it was accepted: a second person has to approve it, or it is sent to SPAR at once.
            Ask for the proposal to learn how it goes on.
        proposed_at (datetime.datetime):
    """

    id: str
    state: AcceptedState
    proposed_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        state = self.state.value

        proposed_at = self.proposed_at.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "state": state,
                "proposed_at": proposed_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        state = AcceptedState(d.pop("state"))

        proposed_at = isoparse(d.pop("proposed_at"))

        accepted = cls(
            id=id,
            state=state,
            proposed_at=proposed_at,
        )

        return accepted
