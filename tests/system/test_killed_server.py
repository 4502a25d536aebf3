"""The Odoo server is killed without warning in the middle of its work."""

import random
import time

import pytest
from conftest import Trail, wait_until

ROUNDS = 2


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_all_demo_addresses_arrive_although_the_server_is_killed(
    make_stack, round_number
):
    seed = 2026 + round_number
    print(f"seed {seed}")
    stack = make_stack(f"killed_{round_number}", demo=True)
    trail = Trail(stack.mapper)
    rpc = stack.odoo.rpc()
    wanted = rpc.call(
        "g2p.financial.address", "search_count", [["state", "=", "effective"]]
    )
    # One registrant per request, so that there is a middle to be killed in.
    stack.connect(rpc, batch_size=1, answer_timeout=10, cool_down=3)
    kill_at = random.Random(seed).randrange(3, wanted - 10)
    wait_until(lambda: len(stack.mapper.rows()) >= kill_at)
    stack.odoo.kill()
    at_the_kill = len(stack.mapper.rows())
    assert kill_at <= at_the_kill < wanted, "killed too late to show anything"

    began = time.monotonic()
    stack.odoo.start()
    rpc = stack.odoo.rpc()
    in_sync = [["state", "=", "in_sync"]]
    wait_until(lambda: rpc.call("g2p.spar.mapping", "search_count", in_sync) == wanted)
    print(
        f"killed at {at_the_kill} of {wanted}, "
        f"all there {time.monotonic() - began:.0f} s after the restart"
    )
    rows = stack.mapper.rows()
    held = rpc.call(
        "g2p.spar.mapping", "search_read", [], ["held_value", "linked_spar_id"]
    )
    assert rows == {row["linked_spar_id"]: row["held_value"] for row in held}
    for spar_id in rows:
        values = {value for _operation, value in trail.of(spar_id)}
        assert values == {rows[spar_id]}, "SPAR was given something else in between"
