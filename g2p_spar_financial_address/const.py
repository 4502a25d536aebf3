"""Words shared by the models of this addon."""

# The roles, as groups.
VIEWER = "g2p_spar_financial_address.group_viewer"
EDITOR = "g2p_spar_financial_address.group_editor"
APPROVER = "g2p_spar_financial_address.group_approver"
ADMINISTRATOR = "g2p_spar_financial_address.group_administrator"

#: The highest number that screens count, as in Odoo's own lists.
COUNT_LIMIT = 10_000

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

#: Fields of an address that SPAR gets as they are, by its own names for them. Which
#: type of address has which, ``PLACEHOLDERS`` of the strategies says.
OWN_PARTS = tuple(VALUE_FIELD.values())

CHANNELS = [
    ("admin", "Admin form"),
    ("portal", "Registration portal"),
    ("odk", "ODK"),
    ("api", "Self-service API"),
    ("import", "File import"),
]

#: Channels whose callers are no users of the registry's own forms.
OUTSIDE = frozenset({"portal", "odk", "api"})

ADDRESS_STATES = [
    ("draft", "Incomplete"),
    ("to_approve", "To approve"),
    ("effective", "In use"),
    ("refused", "Refused"),
    ("ended", "Ended"),
]

#: Why an address is to be confirmed; empty where it is not.
TO_CONFIRM = ("to_confirm_reason", "to_confirm_note", "to_confirm_on")
#: Who receives the money: the registrant, or another person in the registrant's place.
PAYEE_SELF, PAYEE_OTHER = "self", "other"
PAYEES = [(PAYEE_SELF, "The registrant"), (PAYEE_OTHER, "Another person")]

RELATIONS = [
    ("guardian", "Guardian"),
    ("caretaker", "Caretaker"),
    ("household_head", "Head of the household"),
    ("trustee", "Trustee"),
    ("other", "Other"),
]

#: What is said of another person who is paid, and of the proof of their mandate.
PAYEE_DETAILS = ("payee_name", "payee_relation", "payee_id_number", "payee_until")
PAYEE_FIELDS = ("payee", *PAYEE_DETAILS)
MANDATE_FIELDS = ("mandate", "mandate_name")

#: Documents of an address, which are opened by a method that logs it.
PROOFS = ("proof", "mandate")

#: States of an address that is in use, or is going to be.
LIVE_STATES = ("effective", "to_approve")

#: To-do of the author of what a second person refused.
RETURNED = "g2p_spar_financial_address.activity_returned"
