from .toolkit import request_bodies
from . import models
from . import wizards
