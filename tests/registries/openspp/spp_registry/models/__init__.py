from . import registrant
from . import registry_id
from . import phone_number
