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

T = TypeVar("T", bound="BankAccount")


@_attrs_define
class BankAccount:
    """An account at a bank.

    Attributes:
        provider (str): The provider's code, from the directory.
        type_ (Literal['bank_account']):
        account_number (str):
        holder_name (None | str | Unset): The name the account or wallet is held under.
        reason (None | str | Unset): Kept in the history, which many read: no numbers and no e-mail addresses in it.
        branch (None | str | Unset): The branch's code, from the directory.
    """

    provider: str
    type_: Literal["bank_account"]
    account_number: str
    holder_name: None | str | Unset = UNSET
    reason: None | str | Unset = UNSET
    branch: None | str | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        provider = self.provider

        type_ = self.type_

        account_number = self.account_number

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

        branch: None | str | Unset
        if isinstance(self.branch, Unset):
            branch = UNSET
        else:
            branch = self.branch

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "provider": provider,
                "type": type_,
                "account_number": account_number,
            }
        )
        if holder_name is not UNSET:
            field_dict["holder_name"] = holder_name
        if reason is not UNSET:
            field_dict["reason"] = reason
        if branch is not UNSET:
            field_dict["branch"] = branch

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        provider = d.pop("provider")

        type_ = cast(Literal["bank_account"], d.pop("type"))
        if type_ != "bank_account":
            raise ValueError(f"type must match const 'bank_account', got '{type_}'")

        account_number = d.pop("account_number")

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

        def _parse_branch(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        branch = _parse_branch(d.pop("branch", UNSET))

        bank_account = cls(
            provider=provider,
            type_=type_,
            account_number=account_number,
            holder_name=holder_name,
            reason=reason,
            branch=branch,
        )

        return bank_account
