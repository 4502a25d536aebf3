from fastapi import APIRouter

from ..dependencies import ApiRoute
from ..description import VERSION
from ..schemas.health import Health

router = APIRouter(prefix="/v1", tags=["health"], route_class=ApiRoute)


@router.get("/health", operation_id="health", summary="Is the API up?")
async def health() -> Health:
    """Say that the API answers, and which version it is. Anybody may ask."""
    return Health(status="up", version=VERSION)
