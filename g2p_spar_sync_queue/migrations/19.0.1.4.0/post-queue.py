"""Jobs have public names, and a bridge to OCA's queue.

The queue was a dependency until now, so there are jobs that wait in it.
"""

BRIDGE = "g2p_spar_queue_job"


def migrate(cr, version):
    """Rename the jobs, hand the queue's records to the bridge, and have it installed.

    Odoo installs no addon by itself in an upgrade. Without the bridge the jobs that
    wait would still run, and a scheduled action would run new ones.
    """
    # Also those that failed: they can be put into the queue again.
    cr.execute(
        r"""UPDATE queue_job
               SET method_name = substr(method_name, 2),
                   func_string = replace(func_string, '._job_', '.job_')
             WHERE model_name LIKE 'g2p.%' AND method_name LIKE '\_job\_%'"""
    )
    cr.execute(
        r"""UPDATE queue_job_function
               SET method = substr(method, 2), name = replace(name, '>._job_', '>.job_')
             WHERE name LIKE '<g2p.%' AND method LIKE '\_job\_%'"""
    )
    cr.execute(
        """UPDATE ir_model_data SET module = %s
            WHERE module IN ('g2p_spar_sync_queue', 'g2p_spar_admin_ui')
              AND model IN ('queue.job.channel', 'queue.job.function')""",
        [BRIDGE],
    )
    cr.execute(
        """UPDATE ir_module_module SET state = 'to install'
            WHERE name = %s AND state = 'uninstalled'""",
        [BRIDGE],
    )
