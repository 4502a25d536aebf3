"""SPAR is down: saving works, nothing is lost, everything is sent later."""

from conftest import Trail, wait_until


def test_saved_while_spar_is_down_it_goes_out_when_spar_is_back(registry):
    trail = Trail(registry.stack.mapper)
    registry.stack.mapper.stop()
    people = [registry.registrant(f"Person {n}", f"SR-{n}") for n in range(3)]
    for n, person in enumerate(people):
        registry.enter_wallet(person, f"+25575420000{n}")
    for person in people:
        assert registry.wait_for_state(person, "retrying")
    # Amended meanwhile: the older address must never reach SPAR.
    registry.enter_wallet(people[0], "+255754200009")

    registry.stack.mapper.start()
    for person in people:
        registry.wait_for_state(person, "in_sync")
    for n, number in enumerate(["+255754200009", "+255754200001", "+255754200002"]):
        assert trail.of(f"SR-{n}") == [("INSERT", registry.wallet_string(number))]


def test_while_the_key_service_is_down_nothing_is_lost(registry):
    registry.stack.key_service.stop()
    person = registry.registrant("Person 7", "SR-7")
    registry.enter_wallet(person, "+255754200007")
    assert registry.wait_for_state(person, "retrying", "paused")
    registry.stack.key_service.start()
    if registry.state(person) == "paused":
        registry.resume()
    registry.wait_for_state(person, "in_sync")


def test_a_partner_spar_does_not_know_pauses_and_resuming_sends(registry):
    certificate = registry.stack.partners / "PARTNER_SOCIAL_REGISTRY.pem"
    registered = certificate.read_bytes()
    certificate.unlink()
    person = registry.registrant("Person 8", "SR-8")
    registry.enter_wallet(person, "+255754200008")
    assert registry.wait_for_state(person, "paused")
    assert "SR-8" not in registry.stack.mapper.rows()

    certificate.write_bytes(registered)
    registry.resume()
    registry.wait_for_state(person, "in_sync")


def test_a_lost_job_is_made_good_by_the_sweeper(registry):
    connection = [registry.connection]
    registry.rpc.call("g2p.spar.connection", "action_pause", connection)
    person = registry.registrant("Person 9", "SR-9")
    registry.enter_wallet(person, "+255754200090")
    wait_until(lambda: not registry.open_jobs())
    # Resumed without a wake-up, as after a restored backup or a purged queue.
    registry.force(state="running")
    assert registry.state(person) == "on_its_way"
    registry.wait_for_state(person, "in_sync")
