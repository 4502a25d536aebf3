from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.state_code import StateCode

T = TypeVar("T", bound="State")


@_attrs_define
class State:
    """How far something has come.

    Attributes:
        code (StateCode): For programs. New codes need a new version.
        sentence (str): For people: what happens next, in the language of the Accept-Language header if the registry has
            it.
    """

    code: StateCode
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        code = self.code.value

        sentence = self.sentence

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "code": code,
                "sentence": sentence,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        code = StateCode(d.pop("code"))

        sentence = d.pop("sentence")

        state = cls(
            code=code,
            sentence=sentence,
        )

        return state
