from . import g2p_dfsp_import
from . import g2p_spar_directory_refresh
from . import g2p_spar_intervene
from . import g2p_spar_key_generate
