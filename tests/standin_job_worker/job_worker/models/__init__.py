from . import base
from . import queue_job
