from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.state import State


T = TypeVar("T", bound="Ended")


@_attrs_define
class Ended:
    """The person is paid nowhere.

    Attributes:
        state (State): How far something has come.
    """

    state: State

    def to_dict(self) -> dict[str, Any]:
        state = self.state.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.state import State

        d = dict(src_dict)
        state = State.from_dict(d.pop("state"))

        ended = cls(
            state=state,
        )

        return ended
