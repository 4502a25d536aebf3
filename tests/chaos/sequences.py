"""Any sequence of edits, failures, kills and operators' actions ends as a model says.

The model is a dictionary: what each registrant's newest committed address is. After
each sequence SPAR must hold exactly that, and must never have gone back.

Registrants who turn out to be one person are merged, and that is undone.

SPAR may refuse a registrant for a while, and operators may skip, cancel, pause, retry
and send again in between. At the end everything that is paused is resumed, and
everything that is held or was given up is sent again, so the model holds for all.
"""

import itertools
import signal

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.clock import PATIENCE
from tests.invariants import Violations, check_order, wallet_string
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
#: Two people who are one person, and whether ID and address of the second one stay.
two_people = (person, person, st.booleans(), st.booleans())
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
    *(st.tuples(st.just("merge"), *two_people) for _weight in range(2)),
    *(st.tuples(st.just("undo"), st.booleans(), *two_people) for _weight in range(2)),
    st.tuples(st.just("roll_back_merge"), person, person),
    st.tuples(st.just("represent"), person),
    st.tuples(st.just("mandates_end")),
)
#: Steps about one person; a duplicate that was merged has no such step any more.
ABOUT_ONE = {"edit", "represent", "end", "roll_back", "refuse", "leaver_edits"}


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
    say(f"Merges: {tried.merges}")
    counts = {**tried.interventions, **tried.merges}
    missing = {name for name, done in counts.items() if not done}
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
        self.merges = {"merged": 0, "ID moved": 0, "undone": 0, "undo refused": 0}
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
        self.ids = dict(zip(self.people, lab.spar_ids(self.people), strict=True))
        self.said = {spar_id: [] for spar_id in self.ids.values()}
        self.merged, self.to_undo = {}, []
        #: Those whose address has a payee with a mandate that ends.
        self.represented = set()
        for name, *arguments in steps:
            if name in ABOUT_ONE and self.people[arguments[0]] in self.merged:
                continue
            self.played[name] = self.played.get(name, 0) + 1
            getattr(self, f"_{name}")(*arguments)
            self._note_wanted()
        lab.spar.disarm()
        self._resume_all()
        # A row that SPAR refused to remove keeps its ID from the one who gets it.
        self._intervene_all([("state", "=", "held")], "retry")
        self._intervene_all([("state", "=", "skipped")], "resend")
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

    def _note_wanted(self):
        """Note what is wanted under each ID, where that has changed."""
        for person, spar_id in self.ids.items():
            number = self.model.get(person)
            value = wallet_string(number, self.lab.wallet_kind) if number else None
            if (self.said[spar_id] or [None])[-1] != value:
                self.said[spar_id].append(value)

    def _compare(self, steps):
        found = self.lab.violations()
        happened = self.lab.spar.state()
        # To undo one, a merge may come first.
        if {"merge", "undo"} & {name for name, *_arguments in steps}:
            # IDs changed hands: an ID has had other owners than the tables say now.
            said = {spar_id: [*said, None] for spar_id, said in self.said.items()}
            found.reordered, found.invented = check_order(said, happened["applied"])
        self.found.add(found)
        assert not found, f"{found} after {steps}"
        rows = happened["rows"]
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

    def _merge(self, kept, duplicate, other_id, other_address):
        """Two are one person; the duplicate's ID or address may be what stays."""
        kept, duplicate = self.people[kept], self.people[duplicate]
        if kept == duplicate or {kept, duplicate} & self.merged.keys():
            return
        numbers = self.model.get(kept), self.model.get(duplicate)
        # What only one of them has stays.
        if not all(numbers):
            other_address = bool(numbers[1])
        self.lab.as_odoo_does(
            lambda env: self._ask(env, kept, duplicate, other_id, other_address)
        )
        before = dict(self.model), dict(self.ids)
        self.model.pop(duplicate, None)
        if number := numbers[other_address]:
            self.model[kept] = number
        if other_id:
            self._pass_through_none(kept, duplicate)
            ids = self.ids
            ids[kept], ids[duplicate] = ids[duplicate], ids[kept]
        self.merged[duplicate] = kept
        self.to_undo.append((kept, duplicate, before, self._both(kept, duplicate)))
        self.merges["merged"] += 1
        self.merges["ID moved"] += other_id

    def _ask(self, env, kept, duplicate, other_id, other_address):
        merge = env["g2p.fa.merge"].create(
            {
                "kept_id": kept,
                "duplicate_id": duplicate,
                "keep_spar_id": "duplicate" if other_id else "kept",
                "keep_address": "duplicate" if other_address else "kept",
                "reason": "One person",
            }
        )
        merge.action_ask()

    def _both(self, kept, duplicate):
        """Return what decides whether a merge of these two can be undone."""
        return [
            (self.model.get(one), self.ids[one], one in self.merged)
            for one in (kept, duplicate)
        ]

    def _pass_through_none(self, *people):
        """Note that for a moment SPAR has no row of these."""
        for person in people:
            self.said[self.ids[person]].append(None)

    def _undo(self, sent, *two):
        """Undo the newest merge, which the registry refuses if they changed since.

        Where there is none, two are merged first, and SPAR may be sent that.
        """
        from odoo.exceptions import UserError

        if not self.to_undo:
            self._merge(*two)
            self._note_wanted()
            if sent:
                self._work()
        if not self.to_undo:
            return
        kept, duplicate, (model, ids), after = self.to_undo[-1]
        allowed = self._both(kept, duplicate) == after
        domain = [("duplicate_id", "=", duplicate), ("state", "=", "done")]
        try:
            self.lab.as_odoo_does(
                lambda env: env["g2p.fa.merge"].search(domain).action_undo()
            )
        except UserError:
            assert not allowed, "an undo was refused"
            self.merges["undo refused"] += 1
            return
        assert allowed, "an undo was not refused"
        if self.ids[kept] != ids[kept]:
            self._pass_through_none(kept, duplicate)
        for person in (kept, duplicate):
            self.ids[person] = ids[person]
            self.model.pop(person, None)
            if person in model:
                self.model[person] = model[person]
        del self.merged[duplicate]
        self.to_undo.pop()
        self.merges["undone"] += 1

    def _roll_back_merge(self, kept, duplicate):
        """The server dies in the middle of a merge."""
        kept, duplicate = self.people[kept], self.people[duplicate]
        if kept == duplicate or {kept, duplicate} & self.merged.keys():
            return
        both = self.model.get(duplicate)

        def merge(env):
            self._ask(env, kept, duplicate, True, bool(both))
            env.flush_all()
            raise Rollback

        try:
            self.lab.as_odoo_does(merge)
        except Rollback:
            pass
