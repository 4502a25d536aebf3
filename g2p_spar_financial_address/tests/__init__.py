from . import test_address_values
from . import test_fa_settings
from . import test_fa_strategy
from . import test_financial_address
from . import test_res_partner
from . import test_roles
from . import test_spar_id
