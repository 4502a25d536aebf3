from . import test_breaker
from . import test_capture
from . import test_engine
from . import test_plan
from . import test_roles
from . import test_spar_client
from . import test_spar_g2p_connect
from . import test_spar_vectors
