from . import test_alerts
from . import test_background
from . import test_bulk
from . import test_crons
from . import test_monitor
from . import test_overview
from . import test_truth
from . import test_words
