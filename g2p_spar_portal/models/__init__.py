from . import g2p_fa_settings
from . import g2p_portal_registration
from . import g2p_portal_sent
from . import res_partner
from . import res_users
from . import g2p_fa_retention
