"""Words shared by the models of this addon."""

BANK_ACCOUNT = "bank_account"
MOBILE_WALLET = "mobile_wallet"
EMAIL_WALLET = "email_wallet"

FA_TYPES = [
    (BANK_ACCOUNT, "Bank account"),
    (MOBILE_WALLET, "Mobile wallet"),
    (EMAIL_WALLET, "E-mail wallet"),
]

#: The one field that holds the payment value, by address type.
VALUE_FIELD = {
    BANK_ACCOUNT: "account_number",
    MOBILE_WALLET: "mobile_number",
    EMAIL_WALLET: "email_address",
}

CHANNELS = [
    ("admin", "Admin form"),
    ("portal", "Registration portal"),
    ("odk", "ODK"),
    ("api", "Self-service API"),
    ("import", "File import"),
]

ADDRESS_STATES = [
    ("draft", "Incomplete"),
    ("to_approve", "To approve"),
    ("effective", "In use"),
    ("refused", "Refused"),
    ("ended", "Ended"),
]

#: In the context of a write to the directory, under ``spar_rewritten``: whoever writes
#: tells, once for all, that what is written for SPAR changed. An object, because no
#: client can send it.
TOLD_BY_CALLER = object()
