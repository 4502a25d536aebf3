from . import g2p_fa_strategy
from . import g2p_dfsp
from . import g2p_dfsp_branch
from . import g2p_financial_address
from . import g2p_fa_settings
from . import res_partner
from . import res_partner_spar_id
