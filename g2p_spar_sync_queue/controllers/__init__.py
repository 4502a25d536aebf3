from . import g2p_spar_key
