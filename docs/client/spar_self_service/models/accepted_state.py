from enum import Enum


class AcceptedState(str, Enum):
    ON_ITS_WAY = "on_its_way"
    TO_APPROVE = "to_approve"

    def __str__(self) -> str:
        return str(self.value)
