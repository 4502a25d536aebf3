from . import fastapi_endpoint
from . import g2p_api_rights
from . import g2p_api_client
from . import g2p_api_issuer
from . import g2p_api_issuer_tokens
from . import g2p_api_call
from . import g2p_fa_settings
