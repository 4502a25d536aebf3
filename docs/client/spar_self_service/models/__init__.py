"""Contains all the data models used in inputs/outputs"""

from .accepted import Accepted
from .accepted_state import AcceptedState
from .address import Address
from .at_spar import AtSpar
from .bank_account import BankAccount
from .dfsp import Dfsp
from .dfsp_page import DfspPage
from .dfsp_type import DfspType
from .email_wallet import EmailWallet
from .entry import Entry
from .entry_type import EntryType
from .http_validation_error import HTTPValidationError
from .mobile_wallet import MobileWallet
from .progress import Progress
from .progress_state_type_0 import ProgressStateType0
from .progress_state_type_1 import ProgressStateType1
from .progress_type import ProgressType
from .provider import Provider
from .state import State
from .state_code import StateCode
from .validation_error import ValidationError
from .validation_error_context import ValidationErrorContext

__all__ = (
    "Accepted",
    "AcceptedState",
    "Address",
    "AtSpar",
    "BankAccount",
    "Dfsp",
    "DfspPage",
    "DfspType",
    "EmailWallet",
    "Entry",
    "EntryType",
    "HTTPValidationError",
    "MobileWallet",
    "Progress",
    "ProgressStateType0",
    "ProgressStateType1",
    "ProgressType",
    "Provider",
    "State",
    "StateCode",
    "ValidationError",
    "ValidationErrorContext",
)
