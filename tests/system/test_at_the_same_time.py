"""Several transactions, editors and workers at once, with real commits."""

import itertools
import threading

from conftest import Trail, wait_until

from tools.odoo_rpc import RpcError

EDITORS = 4
EDITS = 12
REGISTRANTS = 3


def test_editors_at_once_never_send_spar_backwards(registry):
    trail = Trail(registry.stack.mapper)
    people = [registry.registrant(f"P {n}", f"SR-{n}") for n in range(REGISTRANTS)]
    numbers = itertools.count(755_000_000)
    problems = []

    def edit():
        rpc = registry.stack.odoo.rpc()
        for n in range(EDITS):
            values = {
                "partner_id": people[n % REGISTRANTS],
                "fa_type": "mobile_wallet",
                "dfsp_id": registry.operator,
                "mobile_number": f"+255{next(numbers)}",
                "reason": "Edited by many at once",
            }
            try:
                save(rpc, values)
            except RpcError as problem:
                problems.append(problem)

    editors = [threading.Thread(target=edit) for _editor in range(EDITORS)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    assert not problems
    for person in people:
        registry.wait_for_state(person, "in_sync")

    theirs = [["partner_id", "in", people]]
    addresses = registry.rpc.call(
        "g2p.financial.address", "search_read", theirs, ["mobile_number", "state"]
    )
    assert len(addresses) == EDITORS * EDITS
    # An address only takes effect after the one it replaces, so ids tell the order.
    order = {
        registry.wallet_string(address["mobile_number"]): address["id"]
        for address in addresses
    }
    in_use = {address["id"] for address in addresses if address["state"] == "effective"}
    for n in range(REGISTRANTS):
        seen = [order[value] for _operation, value in trail.of(f"SR-{n}")]
        assert seen == sorted(seen), "SPAR went back to an older address"
        assert seen[-1] in in_use


def save(rpc, values):
    """Save an address; if another user was faster, save again."""
    try:
        rpc.call("g2p.financial.address", "create", [values])
    except RpcError as error:
        if "Another user has just changed" not in str(error):
            raise
        save(rpc, values)


def test_an_id_given_while_the_first_address_is_saved_is_not_lost(registry):
    """Neither transaction sees the other's row; the one that comes second must."""
    person = registry.registrant("Late ID")
    outcome = registry.run(
        """
        from psycopg2.errors import SerializationFailure
        person, operator = values["person"], values["operator"]
        with env.registry.cursor() as early, env.registry.cursor() as late:
            early_env, late_env = env(cr=early), env(cr=late)
            early_env["res.partner"].browse(person).name  # its snapshot is taken here
            late_env["g2p.financial.address"].create({
                "partner_id": person, "fa_type": "mobile_wallet",
                "dfsp_id": operator, "mobile_number": "+255754200077"})
            late.commit()
            try:
                early_env["res.partner"].browse(person).spar_id = "SR-77"
                early_env.flush_all()
                early.commit()
                print("both committed without meeting")
            except SerializationFailure:
                early.rollback()
                print("met")
        """,
        person=person,
        operator=registry.operator,
    )
    assert outcome == "met"
    registry.rpc.call("res.partner", "write", [person], {"spar_id": "SR-77"})
    registry.wait_for_state(person, "in_sync")
    rows = registry.stack.mapper.rows()
    assert rows["SR-77"] == registry.wallet_string("+255754200077")


def test_what_is_rolled_back_never_reaches_spar(registry):
    person = registry.registrant("Rolled Back", "SR-78")
    registry.run(
        """
        env["g2p.financial.address"].create({
            "partner_id": values["person"], "fa_type": "mobile_wallet",
            "dfsp_id": values["operator"], "mobile_number": "+255754200078"})
        env.cr.rollback()
        print("rolled back")
        """,
        person=person,
        operator=registry.operator,
    )
    after = registry.registrant("After", "SR-79")
    registry.enter_wallet(after, "+255754200079")
    registry.wait_for_state(after, "in_sync")
    assert registry.state(person) == "no_address"
    assert "SR-78" not in registry.stack.mapper.rows()


def test_of_two_workers_one_sends(registry):
    """The same mapping claimed twice: the second finds nothing to do."""
    registry.rpc.call("g2p.spar.connection", "action_pause", [registry.connection])
    person = registry.registrant("Twice", "SR-80")
    registry.enter_wallet(person, "+255754200080")
    wait_until(lambda: not registry.open_jobs())
    outcome = registry.run(
        """
        from odoo.addons.g2p_spar_sync_queue.engine.claim import claim_mappings

        person = [("partner_id", "=", values["person"])]
        mapping = env["g2p.spar.mapping"].search(person)
        with env.registry.cursor() as one, env.registry.cursor() as two:
            first = claim_mappings(mapping.with_env(env(cr=one))).request
            second = claim_mappings(mapping.with_env(env(cr=two))).request
            one.rollback()
            two.rollback()
        print(first and first.operation, second)
        """,
        person=person,
    )
    assert outcome == "link None"
    registry.resume()
    registry.wait_for_state(person, "in_sync")


def test_of_two_resumes_at_once_at_one_spar_one_runs(registry):
    """Neither transaction sees the other's connection run; the database does."""
    outcome = registry.run(
        """
        from psycopg2.errors import UniqueViolation
        first = env["g2p.spar.connection"].browse(values["connection"])
        first.action_pause()
        twin = first.copy({"name": "Twin", "base_url": first.base_url + "/"})
        twin.state = "paused"
        env.cr.commit()
        with env.registry.cursor() as one, env.registry.cursor() as two:
            late = twin.with_env(env(cr=two))
            late.name  # its snapshot is taken here
            first.with_env(env(cr=one)).action_resume()
            one.commit()
            try:
                late.action_resume()
                late.flush_recordset()
                two.commit()
                print("both run")
            except UniqueViolation:
                two.rollback()
                print("one runs")
        """,
        connection=registry.connection,
    )
    assert outcome == "one runs"
    (twin,) = registry.rpc.call(
        "g2p.spar.connection", "search", [["name", "=", "Twin"]]
    )
    registry.rpc.call("g2p.spar.connection", "unlink", [twin])
