from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.dfsp_type import DfspType

T = TypeVar("T", bound="Dfsp")


@_attrs_define
class Dfsp:
    """A bank or wallet operator.

    Attributes:
        code (str):
        name (str):
        type_ (DfspType):
        country (None | str): Its country (ISO 3166-1 alpha-2).
        account_hint (None | str): What an account number looks like there, in words.
        account_example (None | str): An invented account number of the right form.
    """

    code: str
    name: str
    type_: DfspType
    country: None | str
    account_hint: None | str
    account_example: None | str

    def to_dict(self) -> dict[str, Any]:
        code = self.code

        name = self.name

        type_ = self.type_.value

        country: None | str
        country = self.country

        account_hint: None | str
        account_hint = self.account_hint

        account_example: None | str
        account_example = self.account_example

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "code": code,
                "name": name,
                "type": type_,
                "country": country,
                "account_hint": account_hint,
                "account_example": account_example,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        code = d.pop("code")

        name = d.pop("name")

        type_ = DfspType(d.pop("type"))

        def _parse_country(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        country = _parse_country(d.pop("country"))

        def _parse_account_hint(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        account_hint = _parse_account_hint(d.pop("account_hint"))

        def _parse_account_example(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        account_example = _parse_account_example(d.pop("account_example"))

        dfsp = cls(
            code=code,
            name=name,
            type_=type_,
            country=country,
            account_hint=account_hint,
            account_example=account_example,
        )

        return dfsp
