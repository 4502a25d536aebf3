"""The Odoo server is killed without warning in the middle of its work."""

import random
import time

import pytest
from conftest import Trail, wait_until

from tools import demo, settings

#: Registrants in one request: few, so that there is a middle to be killed in.
BATCHES = [1, 4] if settings.is_on("FULL") else [4]
#: Registrants whose address is amended while the first ones are being sent.
AMENDED = 6
#: Seconds SPAR takes for each row, so that neither amending nor killing comes too late.
PAUSE = 0.3


@pytest.mark.parametrize("batch_size", BATCHES)
def test_all_demo_addresses_arrive_although_the_server_is_killed(
    make_stack, batch_size
):
    seed = 2026 + batch_size
    chance = random.Random(seed)
    print(f"seed {seed}")
    stack = make_stack(f"killed_{batch_size}", demo=True)
    trail = Trail(stack.mapper, pause=PAUSE)
    rpc = stack.odoo.rpc()
    old = strings(rpc)
    stack.connect(rpc, batch_size=batch_size, answer_timeout=10, cool_down=3)
    wait_until(lambda: stack.mapper.rows())
    amend_wallets(rpc)
    new = strings(rpc)
    assert sum(old[spar_id] != new[spar_id] for spar_id in old) == AMENDED

    kill_at = chance.randrange(len(trail.all()) + 2, len(new) - 5)
    wait_until(lambda: len(trail.all()) >= kill_at)
    stack.odoo.kill()
    at_the_kill = stack.mapper.rows()
    assert at_the_kill != new, "killed too late to show anything"

    began = time.monotonic()
    stack.odoo.start()
    rpc = stack.odoo.rpc()
    in_sync = [["state", "=", "in_sync"]]
    wait_until(
        lambda: rpc.call("g2p.spar.mapping", "search_count", in_sync) == len(new)
    )
    print(
        f"killed with {len(at_the_kill)} of {len(new)} at SPAR, "
        f"all there {time.monotonic() - began:.0f} s after the restart"
    )
    assert stack.mapper.rows() == new
    for spar_id in new:
        order = [old[spar_id], new[spar_id]]
        seen = [order.index(value) for _operation, value in trail.of(spar_id)]
        assert seen == sorted(seen), "SPAR went back to an older address"


def strings(rpc):
    """Return what SPAR should hold, by SPAR ID, written without the addon's code."""
    addresses = rpc.call(
        "g2p.financial.address",
        "search_read",
        [["state", "=", "effective"]],
        demo.ADDRESS_FIELDS,
    )
    partners = demo.read_by_id(rpc, "res.partner", addresses, "partner_id", ["spar_id"])
    providers = demo.read_by_id(rpc, "g2p.dfsp", addresses, "dfsp_id", ["name", "code"])
    branches = demo.read_by_id(
        rpc, "g2p.dfsp.branch", addresses, "branch_id", ["name", "code"]
    )
    return {
        partners[address["partner_id"][0]]["spar_id"]: demo.spar_string(
            address, providers, branches
        )
        for address in addresses
    }


def amend_wallets(rpc):
    """Give some registrants with an e-mail wallet another one, in one transaction."""
    addresses = rpc.call(
        "g2p.financial.address",
        "search_read",
        [["state", "=", "effective"], ["fa_type", "=", "email_wallet"]],
        ["partner_id", "dfsp_id", "fa_type"],
        limit=AMENDED,
    )
    amended = [
        {
            "partner_id": address["partner_id"][0],
            "dfsp_id": address["dfsp_id"][0],
            "fa_type": address["fa_type"],
            "reason": "Another wallet",
            "email_address": f"amended{address['id']}@paymail.example",
        }
        for address in addresses
    ]
    rpc.call("g2p.financial.address", "create", amended)
