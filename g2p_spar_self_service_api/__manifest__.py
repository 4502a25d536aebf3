{
    "name": "SPAR: Self-Service API",
    "summary": "Lets a self-service portal read and propose payment addresses",
    "version": "19.0.1.1.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["fastapi", "g2p_spar_financial_address", "g2p_spar_sync_queue"],
    "external_dependencies": {
        "python": ["PyJWT", "cryptography", "fastapi", "pydantic"]
    },
    "data": [
        "security/ir.model.access.csv",
        "security/rules.xml",
        "data/res_users.xml",
        "data/fastapi_endpoint.xml",
        "wizards/g2p_api_client_secret_views.xml",
        "views/g2p_api_client_views.xml",
        "views/g2p_api_issuer_views.xml",
        "views/g2p_api_call_views.xml",
        "views/g2p_fa_settings_views.xml",
        "views/menus.xml",
    ],
    "uninstall_hook": "uninstall_hook",
}
