from . import res_partner
from . import res_partner_bank
from . import spp_registry_id
