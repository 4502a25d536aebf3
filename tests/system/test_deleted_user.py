"""Wake-ups outlive the user who caused them, with queue_job's own runner and route."""

import time

import pytest
from conftest import Registry, wait_until

from tools.odoo_rpc import RpcError

EDITOR = "g2p_spar_financial_address.group_editor"
#: Seconds after which people must see that something is wrong.
SOON = 10
#: No channel has room: the runner does not start.
NO_RUNNER = "root:0"


@pytest.fixture(scope="module")
def registry(make_stack):
    return Registry(make_stack("deleted_user"))


def troubles(registry):
    """Return the names of what the overview warns of."""
    overview = registry.rpc.call("g2p.spar.overview", "get")
    return {incident["name"] for incident in overview["incidents"]}


def restart(registry, channels):
    odoo = registry.stack.odoo
    odoo.stop()
    odoo.channels = channels
    odoo.start()
    registry.rpc = odoo.rpc()


def jobs(registry, *states):
    return registry.rpc.call(
        "queue.job", "search_count", [["state", "in", list(states)]]
    )


def test_users_who_leave_hold_up_nothing(registry):
    channels = registry.stack.odoo.channels
    registrants = [registry.registrant(f"R {n}", f"SR-{n}") for n in range(2)]
    for number, registrant in enumerate(registrants):
        registry.enter_wallet(registrant, f"075420000{number}")
        registry.wait_for_state(registrant, "in_sync")
    clerk = registry.new_user("clerk", EDITOR, "base.group_partner_manager")
    restart(registry, NO_RUNNER)
    # The sweeper would send it, too; this is about the wake-up.
    (sweep,) = registry.rpc.call(
        "ir.cron", "search", [["cron_name", "=", "SPAR: send what was left behind"]]
    )
    registry.rpc.call("ir.cron", "write", [sweep], {"active": False})
    as_clerk = registry.stack.odoo.rpc("clerk", "clerk")
    as_clerk.call("res.partner", "action_archive", [registrants[0]])
    wake_up = [["method_name", "=", "job_sync"], ["state", "=", "pending"]]
    assert registry.rpc.call("queue.job", "search_count", wake_up) == 1
    # The change names the clerk.
    with pytest.raises(RpcError, match="Archive this user"):
        registry.rpc.call("res.users", "unlink", [clerk])
    registry.rpc.call("res.users", "action_archive", [clerk])

    restart(registry, channels)
    wait_until(lambda: not jobs(registry, "pending", "enqueued", "started"), 60)
    assert not jobs(registry, "failed")
    assert list(registry.stack.mapper.rows()) == ["SR-1"]
    # And the channel is free for others.
    registry.enter_wallet(registrants[1], "0754200009")
    registry.wait_for_state(registrants[1], "in_sync")
    assert "no_sweeper" in troubles(registry)
    registry.rpc.call("ir.cron", "write", [sweep], {"active": True})


def test_a_missing_runner_is_seen_soon(registry):
    channels = registry.stack.odoo.channels
    restart(registry, NO_RUNNER)
    began = time.monotonic()
    wait_until(lambda: "no_runner" in troubles(registry), SOON)
    assert time.monotonic() - began < SOON
    restart(registry, channels)
    wait_until(lambda: "no_runner" not in troubles(registry))


def test_a_job_that_cannot_be_loaded_is_seen_soon_and_set_aside(registry):
    """As older versions stored it, for a user who has been deleted since."""
    registry.run(
        """
        connection = env["g2p.spar.connection"].search([], limit=1)
        for _number in range(2):
            connection.with_delay(channel="root.spar").job_work_off()
        env.flush_all()
        env.cr.execute(
            '''UPDATE queue_job SET user_id = NULL,
                      records = jsonb_set((records #>> '{}')::jsonb,
                                          '{uid}', '99999')
                WHERE state = 'pending' ''')
        env.cr.commit()
        print(env.cr.rowcount)
        """
    )
    began = time.monotonic()
    wait_until(lambda: "unreadable_jobs" in troubles(registry), SOON)
    assert time.monotonic() - began < SOON
    registry.rpc.call("g2p.spar.overview", "action_set_aside_jobs")
    wait_until(lambda: not jobs(registry, "pending", "enqueued", "started"), 60)
    assert jobs(registry, "cancelled") == 2
    # The sweeper was switched off: see above.
    assert troubles(registry) <= {"no_sweeper", "late_sweeper"}
