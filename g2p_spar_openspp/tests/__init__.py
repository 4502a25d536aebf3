from . import test_openspp
from . import test_attack_third_accounts
