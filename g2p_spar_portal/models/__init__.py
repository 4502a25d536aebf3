from . import g2p_fa_settings
from . import g2p_portal_registration
from . import g2p_portal_registration_check
from . import g2p_portal_registration_finish
from . import g2p_portal_registration_review
from . import g2p_portal_sent
from . import res_partner
from . import res_partner_portal
