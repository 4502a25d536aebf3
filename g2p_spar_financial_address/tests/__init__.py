from . import test_account_numbers
from . import test_address_values
from . import test_dfsp
from . import test_dfsp_import
from . import test_fa_strategy
from . import test_financial_address
from . import test_res_partner
from . import test_roles
