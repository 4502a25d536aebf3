from . import agent
from . import registration
