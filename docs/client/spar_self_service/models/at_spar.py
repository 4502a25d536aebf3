from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from dateutil.parser import isoparse

T = TypeVar("T", bound="AtSpar")


@_attrs_define
class AtSpar:
    """What SPAR, the country's mapper of IDs to accounts, holds for the person.

    Attributes:
        text (str): Provider and masked number; in words if SPAR holds nothing, or it is not known what.
        read_at (datetime.datetime | None): When SPAR was last seen to hold this; empty if never.
        current (bool): Whether SPAR has answered just now. If not, this is what was last known.
        problem (None | str): Why SPAR has not answered, in words.
    """

    text: str
    read_at: datetime.datetime | None
    current: bool
    problem: None | str

    def to_dict(self) -> dict[str, Any]:
        text = self.text

        read_at: None | str
        if isinstance(self.read_at, datetime.datetime):
            read_at = self.read_at.isoformat()
        else:
            read_at = self.read_at

        current = self.current

        problem: None | str
        problem = self.problem

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "text": text,
                "read_at": read_at,
                "current": current,
                "problem": problem,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        text = d.pop("text")

        def _parse_read_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                read_at_type_0 = isoparse(data)

                return read_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        read_at = _parse_read_at(d.pop("read_at"))

        current = d.pop("current")

        def _parse_problem(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        problem = _parse_problem(d.pop("problem"))

        at_spar = cls(
            text=text,
            read_at=read_at,
            current=current,
            problem=problem,
        )

        return at_spar
