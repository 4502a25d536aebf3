from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from dateutil.parser import isoparse

from ..models.payee_relation_type_0 import PayeeRelationType0

T = TypeVar("T", bound="Payee")


@_attrs_define
class Payee:
    """Another person, who receives the money in the person's place.

    Attributes:
        name (str):
        relation (None | PayeeRelationType0):
        until (datetime.date | None): The last day of the mandate; empty if it has no end.
    """

    name: str
    relation: None | PayeeRelationType0
    until: datetime.date | None

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        relation: None | str
        if isinstance(self.relation, PayeeRelationType0):
            relation = self.relation.value
        else:
            relation = self.relation

        until: None | str
        if isinstance(self.until, datetime.date):
            until = self.until.isoformat()
        else:
            until = self.until

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "relation": relation,
                "until": until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        def _parse_relation(data: object) -> None | PayeeRelationType0:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                relation_type_0 = PayeeRelationType0(data)

                return relation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PayeeRelationType0, data)

        relation = _parse_relation(d.pop("relation"))

        def _parse_until(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                until_type_0 = isoparse(data).date()

                return until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        until = _parse_until(d.pop("until"))

        payee = cls(
            name=name,
            relation=relation,
            until=until,
        )

        return payee
