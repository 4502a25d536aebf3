from . import (
    test_forms,
    test_page,
    test_payment,
    test_people,
    test_roles,
    test_rpc,
)
