from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.place import Place


T = TypeVar("T", bound="Validation")


@_attrs_define
class Validation:
    """What a proposal would change. Nothing is stored.

    Attributes:
        before (None | Place): The address in use; empty if none is.
        after (Place): Where a person is paid, as people may see it.
        needs_approval (bool): Whether the registry's policy has a second person approve it. It may wait for one for
            other reasons, which only proposing it tells.
    """

    before: None | Place
    after: Place
    needs_approval: bool

    def to_dict(self) -> dict[str, Any]:
        from ..models.place import Place

        before: dict[str, Any] | None
        if isinstance(self.before, Place):
            before = self.before.to_dict()
        else:
            before = self.before

        after = self.after.to_dict()

        needs_approval = self.needs_approval

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "before": before,
                "after": after,
                "needs_approval": needs_approval,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.place import Place

        d = dict(src_dict)

        def _parse_before(data: object) -> None | Place:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                before_type_0 = Place.from_dict(data)

                return before_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Place, data)

        before = _parse_before(d.pop("before"))

        after = Place.from_dict(d.pop("after"))

        needs_approval = d.pop("needs_approval")

        validation = cls(
            before=before,
            after=after,
            needs_approval=needs_approval,
        )

        return validation
