from . import test_alerts
from . import test_monitor
from . import test_overview
