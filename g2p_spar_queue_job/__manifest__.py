{
    "name": "SPAR: Job Queue (OCA)",
    "summary": "Runs the jobs of the SPAR addons in OCA's job queue",
    "version": "19.0.1.0.0",
    "category": "Social Registry",
    "author": "SPAR Suite",
    "license": "LGPL-3",
    "development_status": "Beta",
    "depends": ["g2p_spar_sync_queue", "queue_job"],
    # Both define the model queue.job; the one loaded later would replace the other.
    "excludes": ["job_worker"],
    "data": ["data/queue_job.xml"],
    "auto_install": True,
}
