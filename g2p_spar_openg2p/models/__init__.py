from . import g2p_reg_id
from . import res_partner
