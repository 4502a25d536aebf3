from . import test_answers
from . import test_calls
from . import test_citizens
from . import test_clients
from . import test_rights
