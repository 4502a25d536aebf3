from fastapi import APIRouter

from odoo import models

from odoo.addons.g2p_spar_self_service_api.models.fastapi_endpoint import APP

router = APIRouter()


@router.get("/empty")
async def empty() -> dict:
    """Do nothing for anybody: what is left is what the server itself costs."""
    return {}


class FastapiEndpoint(models.Model):
    _inherit = "fastapi.endpoint"

    def _get_fastapi_routers(self):
        routers = super()._get_fastapi_routers()
        return [*routers, router] if self.app == APP else routers
