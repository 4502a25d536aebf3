{
    "name": "SPAR: Job Queue (OpenSPP)",
    "summary": "Runs the jobs of the SPAR addons in OpenSPP's job_worker",
    "version": "19.0.1.0.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["g2p_spar_sync_queue", "job_worker"],
    # Both define the model queue.job; the one loaded later would replace the other.
    "excludes": ["queue_job"],
    "data": ["data/queue_limit.xml"],
    "auto_install": True,
}
