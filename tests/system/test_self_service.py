"""A self-service portal outside the registry, and citizens who use it.

Real processes: the sample backend, a login service, Odoo, the real SPAR mapper.
"""

import subprocess
import sys
import threading
from collections import Counter

import pytest
from conftest import PATIENCE, Registry, Trail, free_ports, wait_until
from self_service import (
    AUDIENCE,
    CLAIM,
    PREFIX,
    Caller,
    Portal,
    new_key,
    register_client,
    register_issuer,
    register_key,
)

from tests import invariants
from tests.standin_oidc import StandInIssuer
from tools import settings
from tools.processes import child_environment

PROPOSALS = "/address/proposals"
CROWD = 200


@pytest.fixture(scope="module")
def registry(make_stack):
    """Return a registry on a server as operators run it, with several processes."""
    return Registry(make_stack("self_service", workers=4))


@pytest.fixture(scope="module")
def trail(registry):
    return Trail(registry.stack.mapper)


@pytest.fixture(scope="module")
def issuer(registry):
    issuer = StandInIssuer(*free_ports(1), "test-self-service-issuer").start()
    register_issuer(registry, issuer)
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def portals(registry, issuer, tmp_path_factory):
    """Return the sample backend in each of its ways to call the registry."""
    common = {
        "registry": registry.stack.odoo.url + PREFIX.removesuffix("v1"),
        "issuer": issuer.url,
        "audience": AUDIENCE,
    }
    private_key = tmp_path_factory.mktemp("portal") / "portal.key.pem"
    ways = {
        "citizen": {},
        "secret": register_client(registry, "Portal with a secret"),
        "assertion": register_key(registry, "Portal with a key", private_key),
    }
    running = {}
    try:
        for way, values in ways.items():
            (port,) = free_ports(1)
            name = f"test-portal-{way}"
            running[way] = Portal(port, name, way=way, **common, **values).start()
        yield running
    finally:
        for portal in running.values():
            portal.stop()


@pytest.fixture
def log_in(issuer):
    """Return a function that gives the token of whoever has logged in."""

    def token(spar_id, **claims):
        return issuer.token(f"user-{spar_id}", AUDIENCE, **{CLAIM: spar_id, **claims})

    return token


def a_minute_later(registry):
    """Let the limits of the last minute be over."""
    registry.stack.postgres.query(registry.stack.name, "TRUNCATE g2p_fa_rate_taken")


@pytest.mark.parametrize("way", ["citizen", "secret", "assertion"])
def test_a_citizen_changes_the_address_until_spar_holds_it(
    registry, trail, portals, log_in, way
):
    spar_id, number = f"SR-{way}", f"+2557542000{len(way):02}"
    registry.registrant("Asha Juma", spar_id)
    browser = portals[way].browser(log_in(spar_id))
    assert browser.get("/my/address").json()["requested"] is None

    proposed = browser.propose("/my/address", number)
    assert proposed.status_code == 201
    path = f"/my/proposals/{proposed.json()['id']}"
    wait_until(lambda: browser.get(path).json()["state"] == "in_sync")
    assert trail.of(spar_id) == [("INSERT", registry.wallet_string(number))]

    told = browser.get("/my/address")
    assert told.json()["state"]["code"] == "in_sync"
    assert told.json()["at_spar"]["text"].endswith(f"+2557••••0{number[-2:]}")
    assert number not in told.text

    ended = browser.post("/my/address/end", {"reason": "The phone was lost"})
    assert ended.status_code == 200
    wait_until(lambda: browser.get("/my/address").json()["state"]["code"] == "ended")
    assert trail.of(spar_id)[-1] == ("DELETE", None)
    assert browser.get(path).json()["state"] == "ended"


def test_the_generated_client_in_docs_does_what_its_example_says(registry):
    registry.registrant("Juma Ali", "SR-example")
    values = {
        "REGISTRY": registry.stack.odoo.url + PREFIX.removesuffix("/v1"),
        "PERSON": "SR-example",
        "PROVIDER": "MC",
        "MOBILE_NUMBER": "+255754200050",
        **{
            name.upper(): value
            for name, value in register_client(registry, "Example").items()
        },
    }
    done = subprocess.run(
        [sys.executable, settings.ROOT / "docs" / "client" / "example.py"],
        env=child_environment(NO_PROXY="127.0.0.1", **values),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert not done.returncode, done.stderr
    first, *_progress, last = done.stdout.splitlines()
    assert first == "Accepted: on_its_way"
    assert last == "SPAR: M-Cash · +2557••••050"


def test_callers_cannot_see_or_change_data_of_others(registry, trail, portals, log_in):
    people = {spar_id: registry.registrant(spar_id, spar_id) for spar_id in ("A", "B")}
    browsers = {s: portals["citizen"].browser(log_in(s)) for s in people}
    made = browsers["A"].propose("/my/address", "+255754200030").json()
    path = f"/my/proposals/{made['id']}"
    assert browsers["A"].get(path).status_code == 200
    assert browsers["B"].get(path).status_code == 404
    assert browsers["B"].get("/my/address").json()["requested"] is None
    registry.wait_for_state(people["A"], "in_sync")
    assert registry.state(people["B"]) == "no_address"
    assert not trail.of("B")


def test_a_new_key_of_the_issuer_is_noticed(registry, portals, issuer, log_in):
    registry.registrant("Neema Shayo", "SR-key")
    old = portals["citizen"].browser(log_in("SR-key"))
    assert old.get("/my/address").status_code == 200

    a_minute_later(registry)
    issuer.rotate(keep=False)
    new = Caller(registry.stack.odoo.url + PREFIX, log_in("SR-key"))
    assert new.get("/address").status_code == 200
    # The older key is among the issuer's no more.
    old = Caller(registry.stack.odoo.url + PREFIX, old.token)
    assert old.get("/address").status_code == 401


def test_while_the_issuer_is_down_known_keys_do(registry, issuer, log_in):
    registry.registrant("Grace Nakato", "SR-down")
    api = Caller(registry.stack.odoo.url + PREFIX, log_in("SR-down"))
    assert api.get("/address").status_code == 200
    issuer.rotate()
    unknown = Caller(registry.stack.odoo.url + PREFIX, log_in("SR-down"))
    issuer.fail(503)
    a_minute_later(registry)
    try:
        assert api.get("/address").status_code == 200
        answer = unknown.get("/address")
        assert answer.status_code in (401, 503)
        assert answer.headers["Content-Type"] == "application/problem+json"
    finally:
        issuer.fail(200)
    a_minute_later(registry)
    assert unknown.get("/address").status_code == 200


def test_many_proposals_at_once_end_in_one_address_and_one_history(
    registry, trail, issuer, log_in
):
    person = registry.registrant("Chidi Nwọsu", "SR-many")
    url, token = registry.stack.odoo.url + PREFIX, log_in("SR-many")
    numbers = [f"+2557543{n:05}" for n in range(CROWD)]
    answers = at_once(
        lambda number: Caller(url, token).propose(PROPOSALS, number), numbers
    )
    assert Counter(answer.status_code for answer in answers) == {201: CROWD}
    registry.wait_for_state(person, "in_sync")
    order = history(registry, person)
    assert sorted(order) == sorted(numbers)

    # The newest is in use, and SPAR never went back.
    applied = [[*entry[:1], "SR-many", entry[1]] for entry in trail.of("SR-many")]
    wanted = [registry.wallet_string(number) for number in order]
    reordered, invented = invariants.check_order({"SR-many": wanted}, applied)
    assert not reordered and not invented
    assert registry.stack.mapper.rows()["SR-many"] == wanted[-1]
    # What callers were told is the same order.
    page = Caller(url, token).get(PROPOSALS, params={"page_size": 100}).json()
    states = [item["state"] for item in page["items"]]
    assert states == ["in_sync"] + ["replaced"] * 99
    assert page["items"][0]["number"].endswith(order[-1][-3:])


def test_the_same_key_many_times_at_once_is_one_proposal(registry, trail, log_in):
    person = registry.registrant("Baraka Mwakyusa", "SR-same")
    url, token = registry.stack.odoo.url + PREFIX, log_in("SR-same")
    keys = {new_key(): f"+25575440000{n}" for n in range(4)}
    answers = at_once(
        lambda pair: Caller(url, token).propose(PROPOSALS, pair[1], pair[0]),
        [pair for pair in keys.items() for _time in range(20)],
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == len(keys)
    replayed = [answer for answer in answers if "Idempotent-Replayed" in answer.headers]
    # One answer of each key is the first, unless it was lost on the way.
    assert len(replayed) >= len(answers) - len(keys)
    registry.wait_for_state(person, "in_sync")
    assert sorted(history(registry, person)) == sorted(keys.values())

    # The same key with something else is refused, and changes nothing.
    other = Caller(url, token).propose(PROPOSALS, "+255754400009", next(iter(keys)))
    assert other.status_code == 409
    assert len(history(registry, person)) == len(keys)


def at_once(call, arguments):
    """Call with each of these at the same moment; return the results."""
    start = threading.Barrier(len(arguments))
    found = []

    def run(argument):
        start.wait(30)
        found.append(call(argument))

    threads = [threading.Thread(target=run, args=[each]) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(found) == len(arguments), "some were never answered"
    return found


def history(registry, person):
    """Return the numbers of somebody's addresses in the order they were in use.

    It is one line: each took the place of the one before, and was sent in that order.
    """
    rows = registry.stack.postgres.query(
        registry.stack.name,
        """SELECT a.id, a.previous_id, a.state, a.mobile_number, c.id
             FROM g2p_financial_address a
        LEFT JOIN g2p_spar_change c ON c.address_id = a.id
            WHERE a.partner_id = %s ORDER BY a.id""",
        [person],
    )
    ids = [row[0] for row in rows]
    assert [row[1] for row in rows] == [None, *ids[:-1]]
    assert [row[2] for row in rows] == ["ended"] * (len(rows) - 1) + ["effective"]
    changes = [row[4] for row in rows]
    assert None not in changes and changes == sorted(changes)
    return [row[3] for row in rows]
