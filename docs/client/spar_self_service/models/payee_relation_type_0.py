from enum import Enum


class PayeeRelationType0(str, Enum):
    CARETAKER = "caretaker"
    GUARDIAN = "guardian"
    HOUSEHOLD_HEAD = "household_head"
    OTHER = "other"
    TRUSTEE = "trustee"

    def __str__(self) -> str:
        return str(self.value)
