from . import g2p_odk_form_pick
from . import g2p_odk_form_pick_line
