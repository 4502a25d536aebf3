"""Contains all the data models used in inputs/outputs"""

from .accepted import Accepted
from .accepted_state import AcceptedState
from .access_token import AccessToken
from .address import Address
from .at_spar import AtSpar
from .bank_account import BankAccount
from .bank_account_payee_relation_type_0 import BankAccountPayeeRelationType0
from .bank_account_payee_type_0 import BankAccountPayeeType0
from .body_get_token import BodyGetToken
from .branch import Branch
from .branch_page import BranchPage
from .dfsp import Dfsp
from .dfsp_page import DfspPage
from .dfsp_type import DfspType
from .email_wallet import EmailWallet
from .email_wallet_payee_relation_type_0 import EmailWalletPayeeRelationType0
from .email_wallet_payee_type_0 import EmailWalletPayeeType0
from .end import End
from .ended import Ended
from .entry import Entry
from .entry_type import EntryType
from .field_problem import FieldProblem
from .health import Health
from .list_dfsps_type_type_0 import ListDfspsTypeType0
from .mobile_wallet import MobileWallet
from .mobile_wallet_payee_relation_type_0 import MobileWalletPayeeRelationType0
from .mobile_wallet_payee_type_0 import MobileWalletPayeeType0
from .payee import Payee
from .payee_relation_type_0 import PayeeRelationType0
from .place import Place
from .place_type import PlaceType
from .problem import Problem
from .progress import Progress
from .progress_state_type_0 import ProgressStateType0
from .progress_state_type_1 import ProgressStateType1
from .progress_type import ProgressType
from .proposal_page import ProposalPage
from .provider import Provider
from .state import State
from .state_code import StateCode
from .validation import Validation

__all__ = (
    "Accepted",
    "AcceptedState",
    "AccessToken",
    "Address",
    "AtSpar",
    "BankAccount",
    "BankAccountPayeeRelationType0",
    "BankAccountPayeeType0",
    "BodyGetToken",
    "Branch",
    "BranchPage",
    "Dfsp",
    "DfspPage",
    "DfspType",
    "EmailWallet",
    "EmailWalletPayeeRelationType0",
    "EmailWalletPayeeType0",
    "End",
    "Ended",
    "Entry",
    "EntryType",
    "FieldProblem",
    "Health",
    "ListDfspsTypeType0",
    "MobileWallet",
    "MobileWalletPayeeRelationType0",
    "MobileWalletPayeeType0",
    "Payee",
    "PayeeRelationType0",
    "Place",
    "PlaceType",
    "Problem",
    "Progress",
    "ProgressStateType0",
    "ProgressStateType1",
    "ProgressType",
    "ProposalPage",
    "Provider",
    "State",
    "StateCode",
    "Validation",
)
