from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="EmailWallet")


@_attrs_define
class EmailWallet:
    """A wallet that is known by an e-mail address.

    Attributes:
        provider (str): The provider's code, from the directory.
        type_ (Literal['email_wallet']):
        email_address (str):
        holder_name (None | str | Unset): The name the account or wallet is held under.
        reason (None | str | Unset): Kept in the history, which many read: no numbers and no e-mail addresses in it.
    """

    provider: str
    type_: Literal["email_wallet"]
    email_address: str
    holder_name: None | str | Unset = UNSET
    reason: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        provider = self.provider

        type_ = self.type_

        email_address = self.email_address

        holder_name: None | str | Unset
        if isinstance(self.holder_name, Unset):
            holder_name = UNSET
        else:
            holder_name = self.holder_name

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "provider": provider,
                "type": type_,
                "email_address": email_address,
            }
        )
        if holder_name is not UNSET:
            field_dict["holder_name"] = holder_name
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        provider = d.pop("provider")

        type_ = cast(Literal["email_wallet"], d.pop("type"))
        if type_ != "email_wallet":
            raise ValueError(f"type must match const 'email_wallet', got '{type_}'")

        email_address = d.pop("email_address")

        def _parse_holder_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        holder_name = _parse_holder_name(d.pop("holder_name", UNSET))

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        email_wallet = cls(
            provider=provider,
            type_=type_,
            email_address=email_address,
            holder_name=holder_name,
            reason=reason,
        )

        return email_wallet
