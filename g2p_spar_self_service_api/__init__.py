from . import dispatcher
from . import models
from . import wizards
