from . import g2p_spar_mapping
from . import g2p_spar_mapping_claim
from . import g2p_spar_mapping_send
from . import g2p_spar_mapping_sync
from . import g2p_spar_change
from . import g2p_spar_connection
from . import g2p_spar_connection_breaker
from . import res_partner
