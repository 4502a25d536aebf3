from . import test_monitor
from . import test_overview
