from . import test_job_worker
