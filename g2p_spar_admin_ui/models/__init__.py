from . import g2p_spar_reading
from . import g2p_spar_reading_ask
from . import res_partner
