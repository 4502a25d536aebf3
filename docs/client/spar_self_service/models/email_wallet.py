from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

from ..models.email_wallet_payee_relation_type_0 import EmailWalletPayeeRelationType0
from ..models.email_wallet_payee_type_0 import EmailWalletPayeeType0
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
        payee (EmailWalletPayeeType0 | None | Unset): Who receives the money: the person, or another one in the person's
            place. If nothing is said of it, it stays as it is.
        payee_name (None | str | Unset): Needed if another person receives the money.
        payee_relation (EmailWalletPayeeRelationType0 | None | Unset):
        payee_id_number (None | str | Unset):
        payee_until (None | str | Unset): The last day on which the payee may receive the money. After it, the person is
            no longer paid there.
        reason (None | str | Unset): Kept in the history, which many read: no numbers and no e-mail addresses in it.
    """

    provider: str
    type_: Literal["email_wallet"]
    email_address: str
    holder_name: None | str | Unset = UNSET
    payee: EmailWalletPayeeType0 | None | Unset = UNSET
    payee_name: None | str | Unset = UNSET
    payee_relation: EmailWalletPayeeRelationType0 | None | Unset = UNSET
    payee_id_number: None | str | Unset = UNSET
    payee_until: None | str | Unset = UNSET
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

        payee: None | str | Unset
        if isinstance(self.payee, Unset):
            payee = UNSET
        elif isinstance(self.payee, EmailWalletPayeeType0):
            payee = self.payee.value
        else:
            payee = self.payee

        payee_name: None | str | Unset
        if isinstance(self.payee_name, Unset):
            payee_name = UNSET
        else:
            payee_name = self.payee_name

        payee_relation: None | str | Unset
        if isinstance(self.payee_relation, Unset):
            payee_relation = UNSET
        elif isinstance(self.payee_relation, EmailWalletPayeeRelationType0):
            payee_relation = self.payee_relation.value
        else:
            payee_relation = self.payee_relation

        payee_id_number: None | str | Unset
        if isinstance(self.payee_id_number, Unset):
            payee_id_number = UNSET
        else:
            payee_id_number = self.payee_id_number

        payee_until: None | str | Unset
        if isinstance(self.payee_until, Unset):
            payee_until = UNSET
        else:
            payee_until = self.payee_until

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
        if payee is not UNSET:
            field_dict["payee"] = payee
        if payee_name is not UNSET:
            field_dict["payee_name"] = payee_name
        if payee_relation is not UNSET:
            field_dict["payee_relation"] = payee_relation
        if payee_id_number is not UNSET:
            field_dict["payee_id_number"] = payee_id_number
        if payee_until is not UNSET:
            field_dict["payee_until"] = payee_until
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

        def _parse_payee(data: object) -> EmailWalletPayeeType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                payee_type_0 = EmailWalletPayeeType0(data)

                return payee_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EmailWalletPayeeType0 | None | Unset, data)

        payee = _parse_payee(d.pop("payee", UNSET))

        def _parse_payee_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        payee_name = _parse_payee_name(d.pop("payee_name", UNSET))

        def _parse_payee_relation(
            data: object,
        ) -> EmailWalletPayeeRelationType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                payee_relation_type_0 = EmailWalletPayeeRelationType0(data)

                return payee_relation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(EmailWalletPayeeRelationType0 | None | Unset, data)

        payee_relation = _parse_payee_relation(d.pop("payee_relation", UNSET))

        def _parse_payee_id_number(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        payee_id_number = _parse_payee_id_number(d.pop("payee_id_number", UNSET))

        def _parse_payee_until(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        payee_until = _parse_payee_until(d.pop("payee_until", UNSET))

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
            payee=payee,
            payee_name=payee_name,
            payee_relation=payee_relation,
            payee_id_number=payee_id_number,
            payee_until=payee_until,
            reason=reason,
        )

        return email_wallet
