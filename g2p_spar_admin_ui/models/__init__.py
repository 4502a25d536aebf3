from . import g2p_spar_reading
from . import res_partner
