"""SPAR is upgraded to 2.x, and then the signing key changed, while changes wait."""

import signal

from tests.lab import VERSIONS, Lab
from tools import keys
from tools.bench import crowd
from tools.bench.figures import Figure

from .common import nothing_wrong, share
from .traps import Trap

PEOPLE = 1000
BATCH = 50
#: Requests sent before the worker is killed, so that one is unresolved.
SENT = 4
OLD, NEW = "g2p_connect", "partner_api"


def measure(postgres, percent, seed, say, _dialect):
    """Queue, send a little, kill, upgrade SPAR; the same with the key; compare.

    :return: generator of :class:`Figure`.
    """
    count = share(PEOPLE, percent, 500)
    with Lab(postgres, "switch", seed, say, batch_size=BATCH, cool_down=5) as lab:
        lab.make_crowd(count)
        lab.queue_crowd()
        lab.start_log(seed)
        lab.since = 0
        killed, waiting = send_a_little(lab, count)
        pause(lab)
        lab.spar.upgrade(VERSIONS[NEW][0])
        change(lab, dialect=NEW)
        people = crowd_ids(lab)
        # Some of those SPAR has by now, and some it has not, want another one.
        lab.edit(lab.chance.sample(people, count // 4))
        lab.settle(workers=2)
        after_upgrade = found_in(lab, since_upgrade=True)
        say(f"{waiting} of {count} waited for the upgrade: {after_upgrade.counts()}")

        lab.start_log(seed)
        lab.edit(people)
        killed_again, waiting_again = send_a_little(lab, count)
        switch_key(lab)
        lab.settle(workers=2)
        after_key = found_in(lab)
        say(f"{waiting_again} of {count} waited for the key: {after_key.counts()}")
        rows = len(lab.spar.state()["rows"])
    yield Figure("switch_kills", killed + killed_again, "kills", "== 2")
    yield Figure(
        "switch_waiting", min(waiting, waiting_again), "registrants", f">= {count // 2}"
    )
    yield Figure("switch_rows", rows, "registrants", f"== {count}")
    yield from nothing_wrong("switch_dialect", after_upgrade)
    yield from nothing_wrong("switch_key", after_key)


def send_a_little(lab, count):
    """Have a worker killed after some requests; return whether, and how many wait."""
    before = len(lab.spar.state()["applied"])
    victim = lab.worker(Trap("after_applied", SENT, lab.database).lay)
    killed = victim.wait(60) == -signal.SIGKILL
    return killed, count - (len(lab.spar.state()["applied"]) - before)


def pause(lab):
    """Have an administrator stop sending, as before any upgrade."""
    with lab.env() as env:
        env["g2p.spar.connection"].browse(lab.connection).action_pause()


def change(lab, **values):
    """Have two administrators change the connection, and go on."""
    with lab.env() as env:
        connection = env["g2p.spar.connection"].browse(lab.connection)
        connection.write(values)
        connection._test()
        connection._confirm_settings()
        connection.action_resume()
    lab.forget_jobs()


def switch_key(lab):
    """Register another key, let it sign, and have the old one refused."""
    folder = lab.stack.key.private_key.parent / "next"
    lab.switch_key(keys.make_partner_key(folder))


def crowd_ids(lab):
    """Return the ids of all registrants of the crowd."""
    with lab.env() as env:
        people = env["res.partner"].search([("spar_id", "like", crowd.PREFIX)])
        return people.sorted("id").ids


def found_in(lab, since_upgrade=False):
    """Return what does not hold, whichever version wrote a row.

    :param bool since_upgrade: whether rows of 1.x are among those compared
    """
    lab.wallet_kind = VERSIONS[NEW][1]
    if not since_upgrade:
        return lab.violations()
    old, new = VERSIONS[OLD][1], VERSIONS[NEW][1]
    original = lab.spar.state

    def in_new_words():
        state = original()
        state["rows"] = {i: text.replace(old, new) for i, text in state["rows"].items()}
        state["applied"] = [
            [operation, id_, text and text.replace(old, new)]
            for operation, id_, text in state["applied"]
        ]
        return state

    lab.spar.state = in_new_words
    try:
        return lab.violations()
    finally:
        del lab.spar.state
