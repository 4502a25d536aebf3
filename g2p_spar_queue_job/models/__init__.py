from . import g2p_spar_job
from . import queue_job_function
