from . import g2p_fa_import_row
from . import base_import
from . import base_partner_merge
from . import g2p_fa_decision
from . import g2p_fa_sharing_accept
from . import g2p_dfsp_import_line
from . import g2p_dfsp_import
from . import g2p_fa_subject
