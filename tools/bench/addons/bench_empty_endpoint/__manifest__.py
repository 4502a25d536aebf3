{
    "name": "Benchmark: Empty Endpoint",
    "summary": "An endpoint of the self-service API that does nothing",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "depends": ["g2p_spar_self_service_api"],
}
