from . import (
    test_forms,
    test_language,
    test_page,
    test_payment,
    test_people,
    test_receipt,
    test_registration,
    test_registration_end,
    test_registration_hostile,
    test_registration_kept,
    test_registration_office,
    test_registration_page,
    test_registration_sent,
    test_roles,
    test_rpc,
    test_words,
)
from . import test_security_forms
from . import test_security_matrix
from . import test_security_rpc
from . import test_security_ways
from . import test_typed
from . import test_headers
from . import test_attack_own_contact
from . import test_attack_third_oracles
