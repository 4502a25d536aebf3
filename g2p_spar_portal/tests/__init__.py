from . import (
    test_registration,
    test_registration_end,
    test_registration_hostile,
    test_registration_kept,
)
