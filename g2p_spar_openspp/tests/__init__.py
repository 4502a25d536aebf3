from . import test_openspp
