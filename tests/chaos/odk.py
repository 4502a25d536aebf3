"""Whatever happens at Central and to a run, what is here ends as Central has it.

First a run is killed at each point of its way, again and again. Then any sequence of
submissions, edits, reviews, deletions, restorations, purges, runs, kills, failures and
clocks that jump is tried. Some submissions have odd IDs, IDs that differ
from others in little, that are taken, or that a purged one had. The model is what
Central holds; each version of a submission must have been applied once, and in each run
the oldest first.
"""

import html
import signal

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.odk_lab import PATIENCE, POLICIES, OdkLab
from tools.bench.figures import Figure

from .common import share
from .odk_traps import POINTS, OdkTrap

ROUNDS = 20
#: After so many rounds another form is used: all of one are read again each time.
FORM_ROUNDS = 4
EXAMPLES = 500
#: Seconds by which Central's clock may be wrong.
SKEW = 300
REVIEWS = ("approved", "rejected", "hasIssues", None)
#: IDs that Central accepts beside its own. Few, so that they collide.
ODD_IDS = (
    *("a&b", "a&amp;b", "a<b", "o'neill", "''", '"', "a/b", "a%2Fb", "#", "?", "\\"),
    *(" ", "  ", "a b", " a b", "A B", "é", "e\u0301", "ሀ", "地址", "UUID:1", "uuid:1"),
)
#: What can go wrong with a request.
FAULTS = (
    {"kind": "cut", "path": ".svc"},
    {"kind": "garbage", "path": ".svc"},
    {"kind": "status", "code": 500, "path": ".svc"},
    {"kind": "status", "code": 401, "path": ".svc"},
    {"kind": "status", "code": 403, "path": ".svc"},
    {"kind": "status", "code": 503, "path": "sessions"},
    {"kind": "act", "path": ".svc", "action": ["expire_sessions", {}]},
)
#: Which submission, among those there are.
place = st.integers(0, 20)
STEPS = st.one_of(
    *(st.tuples(st.just("submit")) for _weight in range(4)),
    *(st.tuples(st.just("submit_as"), st.sampled_from(ODD_IDS)) for _weight in "12"),
    st.tuples(st.just("edit"), place),
    st.tuples(st.just("review"), place, st.sampled_from(REVIEWS)),
    st.tuples(st.just("delete"), place),
    st.tuples(st.just("restore"), place),
    st.tuples(st.just("purge"), place),
    st.tuples(st.just("use_again"), place),
    st.tuples(st.just("attach"), place),
    st.tuples(st.just("run")),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("kill"), st.sampled_from(POINTS), st.integers(0, 1)),
    st.tuples(st.just("skew"), st.sampled_from((-SKEW, 0, SKEW))),
    st.tuples(st.just("fail"), st.sampled_from(range(len(FAULTS)))),
    st.tuples(st.just("stop")),
    st.tuples(st.just("policy"), st.sampled_from(sorted(POLICIES))),
    st.tuples(st.just("meddle"), place, st.sampled_from(("edit", "delete"))),
)


def measure(postgres, percent, seed_, say, _dialect=None):
    """Kill runs, then try many sequences; the first that fails is made short and shown.

    :return: generator of :class:`Figure`.
    """
    rounds, examples = share(ROUNDS, percent), share(EXAMPLES, percent, 20)
    with OdkLab(postgres, "odk", seed_, say) as lab:
        killing = Events(lab)
        for point in POINTS:
            for number in range(rounds):
                if number % FORM_ROUNDS == 0:
                    killing.begin()
                killing.kill_and_recover(point)
            say(f"{rounds} kills {point}: {killing.wrong} wrong")
        yield Figure("odk_kills", killing.kills, "kills", f"== {len(POINTS) * rounds}")
        yield Figure("odk_wrong", killing.wrong, "submissions", "== 0")
        tried = Events(lab)
        failed = _try_sequences(tried, examples, seed_, say)
    say(f"Steps played: {tried.played}; kills that met their point: {tried.kills}")
    # Left to chance: few examples may have none.
    some = f">= {examples // 50}"
    yield Figure("odk_ids_taken", tried.taken, "submissions", some)
    yield Figure("odk_ids_used_again", tried.again, "submissions", some)
    yield Figure("odk_examples", tried.examples, "examples", f">= {examples}")
    yield Figure("odk_failed", failed, "examples", "== 0")


def _try_sequences(tried, examples, seed_, say):
    @seed(seed_)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(STEPS, min_size=4, max_size=20))
    def try_all(steps):
        tried.play(steps)

    try:
        try_all()
    except AssertionError as error:
        say(f"{error}\n{getattr(error, '__notes__', '')}")
        return 1
    return 0


class Events:
    """What happens at Central and to runs.

    :param OdkLab lab: where it happens.
    """

    def __init__(self, lab):
        self.lab = lab
        self.chance = lab.chance
        self.kills = self.wrong = self.examples = self.number = 0
        self.taken = self.again = 0
        self.played = {}

    def begin(self):
        """Begin with a form of one's own, and a clock that is right."""
        self.lab.central.disarm()
        self.lab.central.skew(0)
        self.lab.new_form()
        self.ids, self.deleted = [], set()
        #: Whether something happened that moves no date at Central.
        self.undated = False

    # === KILLS === #

    def kill_and_recover(self, point):
        """Let much happen, kill a run, let more happen; the next run must be right."""
        for _time in range(5):
            self._submit()
            self._submit_as(self.chance.choice(ODD_IDS))
        self._change_something()
        if "comparing" in point:
            # The first run of a form compares all by reading it.
            self.lab.pull()
        passes = self.chance.randrange(2) if "appl" not in point else 0
        self._kill(point, passes)
        if self.chance.random() < 0.5:
            self._submit()
            self._change_something()
        self.wrong += len(self.settle())

    def _change_something(self):
        for _time in range(2):
            self._edit(self.chance.randrange(100))
            self._delete(self.chance.randrange(100))
            self._review(self.chance.randrange(100), self.chance.choice(REVIEWS))
        if self.chance.random() < 0.5:
            self._restore(self.chance.randrange(100))
        if self.chance.random() < 0.5:
            self._use_again(self.chance.randrange(100))

    def settle(self):
        """Do one run more; return what is wrong then."""
        self.lab.central.disarm()
        state = self.lab.pull(sweep=self.undated)
        self.undated = False
        wrong = self.lab.wrong()
        if state != "done":
            wrong.append(f"the run is {state}")
        if wrong:
            self.lab.say(f"seed {self.lab.seed}: {wrong[:5]}")
        return wrong

    # === SEQUENCES === #

    def play(self, steps):
        """Play one sequence, settle, and compare.

        :raises AssertionError: when something does not hold.
        """
        self.begin()
        for name, *arguments in steps:
            self.played[name] = self.played.get(name, 0) + 1
            getattr(self, f"_{name}")(*arguments)
        wrong = self.settle()
        assert not wrong, f"{wrong} after {steps}"
        self.examples += 1

    # === STEPS === #

    def _answers(self):
        self.number += 1
        return {"payment": {"phone": f"0754{self.number:06}"}, "people": []}

    def _submit(self, instance_id=None):
        """Send a submission; return its ID as Central keeps it, None if it is taken."""
        kept = self.lab.act(
            "submit", data=self._answers(), expected=1, instance_id=instance_id
        )
        if kept:
            self.ids.append(kept)
        return kept

    def _submit_as(self, instance_id):
        self.taken += self._submit(instance_id) is None

    def _one(self, number, deleted=False):
        """Return one of those that are deleted or not, or None."""
        those = [one for one in self.ids if (one in self.deleted) == deleted]
        return those[number % len(those)] if those else None

    def _edit(self, number):
        if one := self._one(number):
            self.lab.act("edit", instance_id=one, data=self._answers())

    def _review(self, number, state):
        if one := self._one(number):
            self.lab.act("review", instance_id=one, state=state)

    def _delete(self, number):
        if one := self._one(number):
            self.lab.act("delete", instance_id=one)
            self.deleted.add(one)

    def _restore(self, number):
        if one := self._one(number, deleted=True):
            self.lab.act("restore", instance_id=one)
            self.deleted.discard(one)
            self.undated = True

    def _purge(self, number):
        """Remove one for good that is deleted, maybe before a run has noticed that."""
        one = self._one(number, deleted=True)
        if one:
            self.lab.act("purge", instance_id=one)
            self.ids.remove(one)
            self.deleted.discard(one)
            self.undated = True
        return one

    def _use_again(self, number):
        """Send another submission under the ID of one that is purged."""
        if not self.deleted:
            self._delete(number)
        if one := self._purge(number):
            self._submit(html.unescape(one))
            self.again += 1

    def _attach(self, number):
        if one := self._one(number):
            self.lab.act("attach", instance_id=one)

    def _run(self):
        self.lab.pull()

    def _sweep(self):
        if self.lab.pull(sweep=True) == "done":
            self.undated = False

    def _stop(self):
        """Let the time of a run be up after one page."""
        self.lab.pull(seconds=0)

    def _policy(self, policy):
        """Let other submissions count from now on."""
        self.lab.set_policy(policy)

    def _kill(self, point, passes):
        if "comparing" in point:
            self.lab.compare_next()
        worker = self.lab.worker(OdkTrap(point, passes, self.lab.database).lay)
        self.kills += worker.wait(PATIENCE) == -signal.SIGKILL

    def _skew(self, seconds):
        self.lab.central.skew(seconds)

    def _fail(self, number):
        self.lab.central.arm({**FAULTS[number], "count": 1})

    def _meddle(self, number, what):
        """Change a submission between two pages of the next run."""
        one = self._one(number)
        if not one:
            return
        arguments = {"instance_id": one, "form": self.lab.xml_form_id}
        if what == "edit":
            arguments["data"] = self._answers()
        else:
            self.deleted.add(one)
        act = {"kind": "act", "path": ".svc", "action": [what, arguments]}
        self.lab.central.arm(act)
        # It must happen at once: what is disarmed never happens.
        self.lab.pull()
        if what == "delete":
            self.lab.act("delete", instance_id=one)
