from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.at_spar import AtSpar
    from ..models.entry import Entry
    from ..models.state import State


T = TypeVar("T", bound="Address")


@_attrs_define
class Address:
    """Where a person is paid, as SPAR has it and as the registry asked for it.

    Attributes:
        at_spar (AtSpar | None): Empty while the registry has no connection to SPAR.
        requested (Entry | None): The address in use in the registry, or else the incomplete one.
        waiting (Entry | None): What waits for the approval of a second person.
        state (State): How far something has come.
    """

    at_spar: AtSpar | None
    requested: Entry | None
    waiting: Entry | None
    state: State

    def to_dict(self) -> dict[str, Any]:
        from ..models.at_spar import AtSpar
        from ..models.entry import Entry

        at_spar: dict[str, Any] | None
        if isinstance(self.at_spar, AtSpar):
            at_spar = self.at_spar.to_dict()
        else:
            at_spar = self.at_spar

        requested: dict[str, Any] | None
        if isinstance(self.requested, Entry):
            requested = self.requested.to_dict()
        else:
            requested = self.requested

        waiting: dict[str, Any] | None
        if isinstance(self.waiting, Entry):
            waiting = self.waiting.to_dict()
        else:
            waiting = self.waiting

        state = self.state.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "at_spar": at_spar,
                "requested": requested,
                "waiting": waiting,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.at_spar import AtSpar
        from ..models.entry import Entry
        from ..models.state import State

        d = dict(src_dict)

        def _parse_at_spar(data: object) -> AtSpar | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                at_spar_type_0 = AtSpar.from_dict(data)

                return at_spar_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(AtSpar | None, data)

        at_spar = _parse_at_spar(d.pop("at_spar"))

        def _parse_requested(data: object) -> Entry | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                requested_type_0 = Entry.from_dict(data)

                return requested_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Entry | None, data)

        requested = _parse_requested(d.pop("requested"))

        def _parse_waiting(data: object) -> Entry | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                waiting_type_0 = Entry.from_dict(data)

                return waiting_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Entry | None, data)

        waiting = _parse_waiting(d.pop("waiting"))

        state = State.from_dict(d.pop("state"))

        address = cls(
            at_spar=at_spar,
            requested=requested,
            waiting=waiting,
            state=state,
        )

        return address
