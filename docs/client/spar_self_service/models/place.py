from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.place_type import PlaceType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.payee import Payee
    from ..models.provider import Provider


T = TypeVar("T", bound="Place")


@_attrs_define
class Place:
    """Where a person is paid, as people may see it.

    Attributes:
        type_ (PlaceType):
        provider (None | Provider): Empty while it is not known yet, which only the registry can mend.
        number (str): The account number, mobile number or e-mail address, masked.
        payee (None | Payee): Who receives the money; empty: the person themselves.
        branch (None | Provider | Unset):
    """

    type_: PlaceType
    provider: None | Provider
    number: str
    payee: None | Payee
    branch: None | Provider | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        from ..models.payee import Payee
        from ..models.provider import Provider

        type_ = self.type_.value

        provider: dict[str, Any] | None
        if isinstance(self.provider, Provider):
            provider = self.provider.to_dict()
        else:
            provider = self.provider

        number = self.number

        payee: dict[str, Any] | None
        if isinstance(self.payee, Payee):
            payee = self.payee.to_dict()
        else:
            payee = self.payee

        branch: dict[str, Any] | None | Unset
        if isinstance(self.branch, Unset):
            branch = UNSET
        elif isinstance(self.branch, Provider):
            branch = self.branch.to_dict()
        else:
            branch = self.branch

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "type": type_,
                "provider": provider,
                "number": number,
                "payee": payee,
            }
        )
        if branch is not UNSET:
            field_dict["branch"] = branch

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.payee import Payee
        from ..models.provider import Provider

        d = dict(src_dict)
        type_ = PlaceType(d.pop("type"))

        def _parse_provider(data: object) -> None | Provider:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                provider_type_0 = Provider.from_dict(data)

                return provider_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Provider, data)

        provider = _parse_provider(d.pop("provider"))

        number = d.pop("number")

        def _parse_payee(data: object) -> None | Payee:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                payee_type_0 = Payee.from_dict(data)

                return payee_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Payee, data)

        payee = _parse_payee(d.pop("payee"))

        def _parse_branch(data: object) -> None | Provider | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                branch_type_0 = Provider.from_dict(data)

                return branch_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Provider | Unset, data)

        branch = _parse_branch(d.pop("branch", UNSET))

        place = cls(
            type_=type_,
            provider=provider,
            number=number,
            payee=payee,
            branch=branch,
        )

        return place
