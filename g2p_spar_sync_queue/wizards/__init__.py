from . import g2p_spar_intervene
from . import g2p_spar_key_generate
