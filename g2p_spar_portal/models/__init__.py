from . import g2p_portal_sent, res_partner, res_users
