from . import test_central
from . import test_odk_roles
from . import test_pull
from . import test_pull_weaknesses
from . import test_staging
