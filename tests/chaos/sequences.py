"""Any sequence of edits, failures, kills and operators' actions ends as a model says.

The model is a dictionary: what each registrant's newest committed address is. After
each sequence SPAR must hold exactly that, and must never have gone back.

SPAR may refuse a registrant for a while, and operators may skip, cancel, pause, retry
and send again in between. At the end everything that is paused is resumed, and
everything that is held or was given up is sent again, so the model holds for all.
"""

import itertools
import signal

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.clock import PATIENCE
from tests.invariants import Violations, wallet_string
from tests.lab import Lab
from tools import keys
from tools.bench.figures import Figure

from .common import nothing_wrong, share
from .traps import POINTS, Trap

EXAMPLES = 1000
PEOPLE = 3
CONNECTION = {"batch_size": 2, "answer_timeout": 5, "breaker_threshold": 2}
#: What can go wrong with a request, without real waiting.
FAULTS = (
    {"kind": "cut_after"},
    {"kind": "cut_before"},
    {"kind": "garbage"},
    {"kind": "partial"},
    {"kind": "reorder"},
    {"kind": "status", "code": 500},
    {"kind": "status", "code": 503},
    {"kind": "status", "code": 429, "retry_after": 9},
    {"kind": "reject", "code": "rjct.internal.error"},
)
#: What an operator can do to one registrant; what is rarely possible comes first, since
#: small choices are tried more often.
ACTIONS = ("retry", "resume", "skip", "cancel", "pause", "resend")
#: Different signing keys; making one takes long, so they are used in turns.
KEYS = 4
#: One of those an example works with.
person = st.integers(0, PEOPLE - 1)
#: Which of all that operators could do then, some in a row; see ``_intervene``.
choices = st.lists(st.integers(0, PEOPLE * len(ACTIONS) - 1), min_size=1, max_size=3)
STEPS = st.one_of(
    # Most of what happens is that.
    *(st.tuples(st.just("edit"), person) for _weight in range(3)),
    st.tuples(st.just("work")),
    st.tuples(st.just("end"), person),
    st.tuples(st.just("roll_back"), person),
    st.tuples(st.just("work")),
    st.tuples(st.just("fail"), st.sampled_from(range(len(FAULTS)))),
    st.tuples(st.just("kill"), st.sampled_from(POINTS)),
    st.tuples(st.just("lose_jobs")),
    st.tuples(st.just("run_jobs")),
    st.tuples(st.just("wait"), st.sampled_from([1, 10, 70, 700])),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("refuse"), person, choices),
    *(st.tuples(st.just("intervene"), choices) for _weight in range(3)),
    st.tuples(st.just("pause_sending")),
    st.tuples(st.just("resume_sending")),
    st.tuples(st.just("send_every_value"), st.booleans()),
    st.tuples(st.just("switch_key")),
    st.tuples(st.just("leaver_edits"), person),
    st.tuples(st.just("represent"), person),
    st.tuples(st.just("mandates_end")),
)


def measure(postgres, percent, seed_, say, dialect):
    """Try many sequences; the first that fails is made short and shown.

    :return: generator of :class:`Figure`.
    """
    examples = share(EXAMPLES, percent, 20)
    with Lab(postgres, "sequences", seed_, say, dialect=dialect, **CONNECTION) as lab:
        tried = Sequences(lab)

        @seed(seed_)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(STEPS, min_size=4, max_size=16))
        def try_all(steps):
            tried.play(steps)

        failed = 0
        try:
            try_all()
        except AssertionError as error:
            failed = 1
            say(f"{error}\n{getattr(error, '__notes__', '')}")
    say(f"Steps played: {tried.played}; kills that met their point: {tried.kills}")
    say(f"Operators' actions that took effect: {tried.interventions}")
    missing = {name for name, done in tried.interventions.items() if not done}
    assert percent < 100 or not missing, f"never took effect: {missing}"
    say(f"Addresses ended with their mandate: {tried.mandates_ended}")
    assert percent < 100 or tried.mandates_ended, "no mandate ended"
    yield Figure("sequences_examples", tried.examples, "examples", f">= {examples}")
    yield Figure("sequences_failed", failed, "examples", "== 0")
    yield from nothing_wrong("sequences", tried.found)


class Rollback(Exception):
    """Ends a transaction without a commit."""


class Sequences:
    """Plays sequences, and compares what SPAR holds with the model.

    :param Lab lab: where they are played.
    """

    def __init__(self, lab):
        self.lab = lab
        self.examples = self.kills = self.mandates_ended = 0
        self.unfinished = False
        self.people = []
        self.played = {}
        self.interventions = dict.fromkeys(ACTIONS, 0)
        self._keys = itertools.cycle(self._make_keys())
        self.found = Violations()

    def play(self, steps):
        """Play one sequence with people of its own, settle, and compare.

        :raises AssertionError: when something does not hold.
        """
        lab = self.lab
        if self.unfinished:
            # Nothing of an example that failed may be found in the next one.
            lab.spar.disarm()
            self._resume_all()
            lab.settle()
        self.unfinished = True
        lab.start_log()
        self.people = lab.register(PEOPLE)
        self.model = {}
        #: Those whose address has a payee with a mandate that ends.
        self.represented = set()
        for name, *arguments in steps:
            self.played[name] = self.played.get(name, 0) + 1
            getattr(self, f"_{name}")(*arguments)
        lab.spar.disarm()
        self._resume_all()
        lab.settle()
        self._intervene_all([("state", "=", "held")], "retry")
        self._intervene_all([("state", "=", "skipped")], "resend")
        lab.settle()
        self._compare(steps)
        self.unfinished = False
        self.examples += 1

    def _resume_all(self):
        self._resume_sending()
        self._intervene_all([("paused", "=", True)], "resume")

    def _intervene_all(self, domain, action):
        with self.lab.env() as env:
            mappings = env["g2p.spar.mapping"].search(
                [("partner_id", "in", self.people), *domain]
            )
            done = mappings._intervene(action, "At the end of the sequence")
            assert done == mappings, f"{action} left out {mappings - done}"

    def _compare(self, steps):
        found = self.lab.violations()
        self.found.add(found)
        assert not found, f"{found} after {steps}"
        rows = self.lab.spar.state()["rows"]
        ids = self.lab.spar_ids(self.people)
        held = {p: rows[i] for p, i in zip(self.people, ids, strict=True) if i in rows}
        kind = self.lab.wallet_kind
        wanted = {p: wallet_string(n, kind) for p, n in self.model.items()}
        assert held == wanted, f"SPAR holds {held}, the model {wanted} after {steps}"

    # === STEPS === #

    def _edit(self, place):
        (number,) = self.lab.new_numbers(1)
        self.lab.as_odoo_does(
            lambda env: self.lab.edit_in(env, [self.people[place]], [number])
        )
        self.model[self.people[place]] = number

    def _roll_back(self, place):
        def edit(env):
            self.lab.edit_in(env, [self.people[place]])
            env.flush_all()
            raise Rollback

        try:
            self.lab.as_odoo_does(edit)
        except Rollback:
            pass

    def _end(self, place):
        # A payee belongs to an address: who is entered anew later has none.
        self.represented.discard(self.people[place])
        if self.model.pop(self.people[place], None):
            self.lab.end([self.people[place]])

    def _represent(self, place):
        """An edit says that another person is paid, as long as a mandate lasts.

        Later edits say nothing of it, and so keep it.
        """
        (number,) = self.lab.new_numbers(1)
        payee = {"payee_name": "Guardian", "payee_until": "2099-12-31"}
        self.lab.as_odoo_does(
            lambda env: self.lab.edit_in(env, [self.people[place]], [number], **payee)
        )
        self.model[self.people[place]] = number
        self.represented.add(self.people[place])

    def _mandates_end(self):
        """All mandates end, and the job of the day ends their addresses."""
        self.lab.end_mandates(self.people)
        self.mandates_ended += len(self.represented)
        for one in self.represented:
            self.model.pop(one)
        self.represented.clear()

    def _work(self):
        self.lab.run_workers()

    def _sweep(self):
        self.lab.run_workers(how="sweep")

    def _fail(self, place):
        self.lab.spar.arm({**FAULTS[place], "count": 1})

    def _kill(self, point):
        worker = self.lab.worker(Trap(point, 0, self.lab.database).lay)
        self.kills += worker.wait(PATIENCE) == -signal.SIGKILL

    def _lose_jobs(self):
        self.lab.forget_jobs()

    def _run_jobs(self):
        self.lab.run_due_jobs()

    def _wait(self, seconds):
        self.lab.time_passes(seconds)

    def _refuse(self, place, choices):
        """SPAR refuses one person from now on, and operators look at who is held."""
        ids = self.lab.spar_ids([self.people[place]])
        self.lab.spar.arm({"kind": "refuse", "ids": ids, "code": "rjct.fa.invalid"})
        self._edit(place)
        self._work()
        self._intervene(choices)

    def _intervene(self, choices):
        """Let operators do some of all that can be done to these people.

        Chosen regardless of that, an action would hardly ever find a registrant for it.
        """
        for choice in choices:
            with self.lab.env() as env:
                mappings = env["g2p.spar.mapping"].search(
                    [("partner_id", "in", self.people)], order="partner_id"
                )
                possible = [
                    (mapping, action)
                    for action in ACTIONS
                    for mapping in mappings
                    if action == "resend" or mapping._allows(action)
                ]
                if possible:
                    mapping, action = possible[choice % len(possible)]
                    done = mapping._intervene(action, "An operator decided so")
                    self.interventions[action] += len(done)

    def _pause_sending(self):
        with self.lab.env() as env:
            env["g2p.spar.connection"].browse(self.lab.connection).action_pause()

    def _resume_sending(self):
        with self.lab.env() as env:
            connection = env["g2p.spar.connection"].browse(self.lab.connection)
            if connection.state != "running":
                connection.action_resume()

    def _send_every_value(self, every):
        with self.lab.env() as env:
            connection = env["g2p.spar.connection"].browse(self.lab.connection)
            connection.send_every_value = every

    def _switch_key(self):
        self.lab.switch_key(next(self._keys))

    def _make_keys(self):
        folder = self.lab.stack.key.private_key.parent
        for number in range(KEYS):
            yield keys.make_partner_key(folder / f"sequences-{number}")

    def _leaver_edits(self, place):
        """A clerk edits, and leaves before anything is sent."""
        (number,) = self.lab.new_numbers(1)
        self.lab.edit_and_leave([self.people[place]], [number])
        self.model[self.people[place]] = number
