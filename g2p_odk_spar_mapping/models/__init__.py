from . import g2p_odk_server
from . import g2p_odk_form
from . import g2p_odk_run
from . import g2p_odk_submission
from . import g2p_odk_form_pull
from . import g2p_odk_form_stage
from . import g2p_odk_form_sweep
