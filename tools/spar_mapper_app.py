"""The SPAR mapper as an application; runs in the mapper's own virtual environment.

``python -m tools.spar_mapper_app migrate`` makes its tables; uvicorn serves ``app``.
"""

from openg2p_spar_mapper_api.app import Initializer

# The mapper's settings must exist before the framework reads its own.
from openg2p_fastapi_common.ping import PingInitializer  # isort: skip

initializer = Initializer()
PingInitializer()
app = initializer.return_app()

if __name__ == "__main__":
    initializer.main()
