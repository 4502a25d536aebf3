from .toolkit import request_bodies, sql_log
from . import controllers
from . import models
from . import wizards
