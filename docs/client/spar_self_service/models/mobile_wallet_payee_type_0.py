from enum import Enum


class MobileWalletPayeeType0(str, Enum):
    OTHER = "other"
    SELF = "self"

    def __str__(self) -> str:
        return str(self.value)
