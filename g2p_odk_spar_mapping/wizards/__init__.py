from . import g2p_odk_form_pick
from . import g2p_odk_form_pick_line
from . import g2p_odk_correct
from . import g2p_odk_correct_line
from . import g2p_odk_decision
