from enum import Enum


class ProgressStateType1(str, Enum):
    REFUSED = "refused"
    REPLACED = "replaced"

    def __str__(self) -> str:
        return str(self.value)
