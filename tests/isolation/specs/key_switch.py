"""Another key signs from now on, and SPAR knows the former one no longer."""

import itertools
import shutil

from tests.standin_spar.verification import KEPT, LocalVerifier
from tools import keys

from ..spec import WORKER, Spec
from .order import queued


def second_key(case):
    """A newer address waits; the connection has a second key, SPAR knows both."""
    queued(case)
    stage = case.stage
    folder = stage.stack.partners
    case.former = stage.stack.key
    case.later = _made(folder / "second")
    case.partners = folder / "known"
    case.partners.mkdir(parents=True, exist_ok=True)
    _register(case, case.former, case.later)
    # It keeps no keys: each time it is later than it keeps them.
    clock = itertools.count(step=KEPT).__next__
    stage.spar.dialect.verifier = LocalVerifier(case.partners, clock)
    ((_command, _id, values),) = keys.connection_values(case.later)["key_ids"]
    with stage.env() as env:
        connection = env["g2p.spar.connection"].browse(stage.connection)
        case.first_from = connection.key_ids.use_from
        values |= {
            "name": "Second",
            "connection_id": connection.id,
            "use_from": False,
        }
        case.second = env["g2p.spar.key"].create(values).id


def _made(folder):
    """Return a key, made once."""
    names = [f"{keys.DEMO_SENDER}.{kind}.pem" for kind in ("key", "cert")]
    if (folder / names[1]).exists():
        return keys.PartnerKey(*(folder / name for name in names))
    return keys.make_partner_key(folder)


def _register(case, *known):
    """Have SPAR know these keys of the partner and no other."""
    reference = keys.partner_reference(keys.DEMO_SENDER)
    with (case.partners / f"{reference}.pem").open("wb") as file:
        for key in known:
            with key.certificate.open("rb") as certificate:
                shutil.copyfileobj(certificate, file)


def switch(case):
    """Return an actor: a manager switches, and SPAR forgets the former key."""

    def do(env):
        env["g2p.spar.key"].browse(case.second).action_switch_now()

    return case.one_after_another(
        case.request(("switch", do)), lambda: _register(case, case.later)
    )


def goes_on(case, _play):
    """What was signed with the former key pauses nothing; then all is as before."""
    stage = case.stage
    paused = stage.connection not in stage.running()
    stage.spar.dialect.verifier = None
    stage.sql("DELETE FROM g2p_spar_key WHERE id = %s", case.second)
    return ["a key that is out of use paused the connection"] * paused


SPECS = [
    Spec(
        "key_switch",
        "An address goes out with the new key, whatever was signed with the former.",
        lambda c: {"M": switch(c), "T": c.request(c.amend()), "W": c.work()},
        stops={"M": {"begin", "commit"}, "W": WORKER},
        prepare=second_key,
        finish=goes_on,
        weight=2,
    ),
    Spec(
        "key_switch_ahead",
        "The same where the next request is signed while SPAR works on one.",
        lambda c: {"M": switch(c), "W": c.work(), "W2": c.work()},
        people=("settled",) * 2,
        connection={"batch_size": 1},
        stops={"M": {"begin", "commit"}, "W": WORKER, "W2": WORKER},
        prepare=lambda c: (second_key(c), c.prepare(c.amend(1))),
        finish=goes_on,
    ),
]
