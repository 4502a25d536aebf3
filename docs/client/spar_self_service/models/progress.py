from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from dateutil.parser import isoparse

from ..models.progress_state_type_0 import ProgressStateType0
from ..models.progress_state_type_1 import ProgressStateType1
from ..models.progress_type import ProgressType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.payee import Payee
    from ..models.provider import Provider


T = TypeVar("T", bound="Progress")


@_attrs_define
class Progress:
    """What became of a proposal.

    Attributes:
        type_ (ProgressType):
        provider (None | Provider): Empty while it is not known yet, which only the registry can mend.
        number (str): The account number, mobile number or e-mail address, masked.
        payee (None | Payee): Who receives the money; empty: the person themselves.
        entered_at (datetime.datetime):
        to_confirm (bool): Whether the person is asked if it is still right. Proposing the same address confirms it.
            Payments go on meanwhile.
        id (str):
        state (ProgressStateType0 | ProgressStateType1): `refused`: a second person refused it. `replaced`: there is a
            newer one. `ended`: the person is no longer paid there. The others are those of the address in use.
        sentence (str): For people: what happens next, or what happened.
        reason (None | str): Why it was refused or ended, in the words of whoever did.
        proposed_at (datetime.datetime):
        branch (None | Provider | Unset):
    """

    type_: ProgressType
    provider: None | Provider
    number: str
    payee: None | Payee
    entered_at: datetime.datetime
    to_confirm: bool
    id: str
    state: ProgressStateType0 | ProgressStateType1
    sentence: str
    reason: None | str
    proposed_at: datetime.datetime
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

        entered_at = self.entered_at.isoformat()

        to_confirm = self.to_confirm

        id = self.id

        state: str
        if isinstance(self.state, ProgressStateType0):
            state = self.state.value
        else:
            state = self.state.value

        sentence = self.sentence

        reason: None | str
        reason = self.reason

        proposed_at = self.proposed_at.isoformat()

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
                "entered_at": entered_at,
                "to_confirm": to_confirm,
                "id": id,
                "state": state,
                "sentence": sentence,
                "reason": reason,
                "proposed_at": proposed_at,
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
        type_ = ProgressType(d.pop("type"))

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

        entered_at = isoparse(d.pop("entered_at"))

        to_confirm = d.pop("to_confirm")

        id = d.pop("id")

        def _parse_state(data: object) -> ProgressStateType0 | ProgressStateType1:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                state_type_0 = ProgressStateType0(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, str):
                raise TypeError()
            state_type_1 = ProgressStateType1(data)

            return state_type_1

        state = _parse_state(d.pop("state"))

        sentence = d.pop("sentence")

        def _parse_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        reason = _parse_reason(d.pop("reason"))

        proposed_at = isoparse(d.pop("proposed_at"))

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

        progress = cls(
            type_=type_,
            provider=provider,
            number=number,
            payee=payee,
            entered_at=entered_at,
            to_confirm=to_confirm,
            id=id,
            state=state,
            sentence=sentence,
            reason=reason,
            proposed_at=proposed_at,
            branch=branch,
        )

        return progress
