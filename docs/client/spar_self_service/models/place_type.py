from enum import Enum


class PlaceType(str, Enum):
    BANK_ACCOUNT = "bank_account"
    EMAIL_WALLET = "email_wallet"
    MOBILE_WALLET = "mobile_wallet"

    def __str__(self) -> str:
        return str(self.value)
