from . import test_truth
from . import test_truth_protects
