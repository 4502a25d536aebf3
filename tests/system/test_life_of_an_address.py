"""One registrant's address, from the first entry to its end, at the real mapper."""

import pytest
from conftest import Trail

from tools.odoo_rpc import RpcError


@pytest.fixture(scope="module")
def trail(registry):
    return Trail(registry.stack.mapper)


def test_create_amend_twice_remove(registry, trail):
    asha = registry.registrant("Asha Juma", "SR-1")
    numbers = ["+255754200001", "+255754200002", "+255754200003"]
    for number in numbers:
        registry.enter_wallet(asha, number)
        registry.wait_for_state(asha, "in_sync")
    registry.rpc.call("res.partner", "action_end_financial_address", [asha])
    registry.wait_for_state(asha, "ended")

    first, second, third = map(registry.wallet_string, numbers)
    assert trail.of("SR-1") == [
        ("INSERT", first),
        ("UPDATE", second),
        ("UPDATE", third),
        ("DELETE", None),
    ]
    assert "SR-1" not in registry.stack.mapper.rows()


def test_entered_after_it_was_ended_it_is_linked_again(registry, trail):
    neema = registry.registrant("Neema Shayo", "SR-2")
    registry.enter_wallet(neema, "+255754200011")
    registry.wait_for_state(neema, "in_sync")
    registry.rpc.call("res.partner", "action_end_financial_address", [neema])
    registry.wait_for_state(neema, "ended")
    registry.enter_wallet(neema, "+255754200012")
    registry.wait_for_state(neema, "in_sync")
    operations = [operation for operation, _value in trail.of("SR-2")]
    assert operations == ["INSERT", "DELETE", "INSERT"]


def test_many_edits_in_a_row_never_go_backwards(registry, trail):
    baraka = registry.registrant("Baraka Mwakyusa", "SR-3")
    numbers = [f"+2557543000{n:02}" for n in range(20)]
    for number in numbers:
        registry.enter_wallet(baraka, number)
    registry.wait_for_state(baraka, "in_sync")
    wanted = [registry.wallet_string(number) for number in numbers]
    seen = [wanted.index(value) for _operation, value in trail.of("SR-3")]
    assert seen == sorted(set(seen)), "SPAR went back to an older address"
    assert registry.stack.mapper.rows()["SR-3"] == wanted[-1]


def test_an_id_spar_has_from_elsewhere_is_taken_over(registry, trail):
    spar = registry.stack.spar_client()
    with spar as client:
        from tools.stack import import_spar

        item = import_spar().answers.Item("r-1", "SR-4", "an older system's entry", 4)
        client.send("link", [item])
    chidi = registry.registrant("Chidi Nwọsu", "SR-4")
    registry.enter_wallet(chidi, "+255754200041")
    registry.wait_for_state(chidi, "in_sync")
    assert trail.of("SR-4") == [
        ("INSERT", "an older system's entry"),
        ("UPDATE", registry.wallet_string("+255754200041")),
    ]


def test_without_a_spar_id_it_waits_and_goes_out_when_the_id_appears(registry, trail):
    grace = registry.registrant("Grace Nakato")
    registry.enter_wallet(grace, "+255754200051")
    assert registry.wait_for_state(grace, "waiting_id")
    registry.rpc.call("res.partner", "write", [grace], {"spar_id": " SR-5 "})
    registry.wait_for_state(grace, "in_sync")
    assert trail.of("SR-5") == [("INSERT", registry.wallet_string("+255754200051"))]


def test_a_changed_spar_id_leaves_no_trace_of_the_old_one(registry, trail):
    tesfaye = registry.registrant("Tesfaye Girma", "SR-6")
    registry.enter_wallet(tesfaye, "+255754200061")
    registry.wait_for_state(tesfaye, "in_sync")
    registry.rpc.call("res.partner", "write", [tesfaye], {"spar_id": "SR-7"})
    registry.wait_for_state(tesfaye, "in_sync")
    rows = registry.stack.mapper.rows()
    assert "SR-6" not in rows
    assert rows["SR-7"] == registry.wallet_string("+255754200061")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mobile_number": "12"}, "This mobile number cannot exist in Tanzania."),
        ({"mobile_number": ""}, "Enter the mobile number of the wallet."),
        (
            {"fa_type": "bank_account", "account_number": " "},
            "Enter the account number.",
        ),
    ],
)
def test_bad_input_is_refused_with_a_plain_message(registry, trail, values, message):
    spar_id = f"SR-bad-{message}"
    person = registry.registrant("Bad Input", spar_id)
    values = {"fa_type": "mobile_wallet", **values, "partner_id": person}
    bank = values["fa_type"] == "bank_account"
    values["dfsp_id"] = registry.bank if bank else registry.operator
    with pytest.raises(RpcError, match=message):
        registry.create("g2p.financial.address", values)
    assert registry.state(person) == "no_address"
    assert not trail.of(spar_id)


def test_a_second_registrant_with_the_same_spar_id_is_refused(registry):
    registry.registrant("First", "SR-8")
    with pytest.raises(RpcError, match="First, Second: SR-8"):
        registry.registrant("Second", "SR-8")
