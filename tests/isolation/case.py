"""One permutation's registrants, what its actors do, and what must hold at its end."""

from psycopg2 import IntegrityError, OperationalError

from odoo.exceptions import UserError

from tests.clerks import CONCURRENCY, REQUEST_ATTEMPTS
from tests.invariants import check_overlap, check_owners, wallet_string

from .schedule import gate

#: Rounds after which the engine that has not come to rest never will.
MAX_ROUNDS = 12
#: States of a mapping in which a person sees that SPAR may hold something else.
ASKED = ("held", "skipped")


class Case:
    """Registrants of their own, for one permutation.

    :param Stage stage: where it is played.
    :param people: kinds of the registrants.
    """

    def __init__(self, stage, people):
        self.stage = stage
        self.people = [stage.take(kind) for kind in people]
        ids = self._column("spar_id")
        #: All SPAR IDs of these registrants, before and after.
        self.ids = list(ids)
        #: Further faults, which a spec reports itself.
        self.complaints = []
        #: Messages of requests that Odoo refused.
        self.refused = []
        #: Name and code of the provider, as they were one after the other.
        self.spellings = [("M-Cash", "MC")]
        stage.spar.mapper.reset()
        self.rows_before = dict(self.rows())

    def _column(self, name):
        rows = self.stage.sql(
            f"SELECT id, {name} FROM res_partner WHERE id = ANY(%s)", self.people
        )
        values = dict(rows)
        return [values[person] for person in self.people]

    def rows(self):
        """Return what SPAR holds, by SPAR ID, of these registrants."""
        rows = self.stage.spar.mapper.table.rows
        return {id_: rows[id_].fa for id_ in self.ids if id_ in rows}

    # === WHAT ACTORS DO === #

    def request(self, *works, end="commit"):
        """Return an actor: one request of a user, done again as Odoo does it.

        :param works: pairs of a gate and a function of the environment.
        :param str end: ``commit`` or ``roll back``.
        """

        def act():
            try:
                self._again("begin", lambda: self._once(works, end))
            except (UserError, IntegrityError) as error:
                self.refused.append(str(error))

        return act

    def job(self, name, do):
        """Return an actor: a job, done again as the job queue does it.

        :param str name: of the gate before it.
        :param do: what it does, of the environment.
        """

        def once():
            with self.stage.env() as env:
                do(env)

        return lambda: self._again(name, once)

    @staticmethod
    def _again(name, do):
        for attempt in range(REQUEST_ATTEMPTS):
            gate(name)
            try:
                return do()
            except OperationalError as error:
                last = attempt == REQUEST_ATTEMPTS - 1
                if last or error.pgcode not in CONCURRENCY:
                    raise

    def _once(self, works, end):
        with self.stage.env() as env:
            env.cr.execute("SELECT 1")
            for name, do in works:
                gate(name)
                do(env)
                env.flush_all()
            gate(end)
            if end == "roll back":
                env.cr.rollback()
            else:
                env.cr.commit()  # pylint: disable=invalid-commit

    def one_after_another(self, *actors):
        """Return an actor that does what several do."""

        def act():
            for actor in actors:
                actor()

        return act

    def amend(self, place=0):
        """Return a step: a clerk gives a registrant another wallet."""
        (number,) = self.stage.new_numbers(1)
        return (
            "amend",
            lambda env: self.stage.edit_in(env, [self.people[place]], [number]),
        )

    def end(self, place=0):
        """Return a step: a clerk ends a registrant's address."""

        def do(env):
            in_use = [
                ("partner_id", "=", self.people[place]),
                ("state", "=", "effective"),
            ]
            if address := env["g2p.financial.address"].search(in_use):
                address.action_end("Not paid any more")

        return "end", do

    def write(self, name, place=0, **values):
        """Return a step: something of a registrant's contact is changed."""
        return name, lambda env: self.partner(env, place).write(values)

    def change_id(self, place=0, spar_id=None):
        """Return a step: a registrant gets another SPAR ID, by default a new one."""
        spar_id = spar_id or self.stage.new_id()
        self.ids.append(spar_id)
        return self.write("change ID", place, spar_id=spar_id)

    def intervene(self, action, place=0):
        """Return a step: an operator does something to a registrant's mapping."""

        def do(env):
            mapping = self.mapping(env, place)
            if action in ("skip", "cancel", "pause"):
                mapping._intervene(action, "Asked for")
            else:
                mapping._intervene(action)

        return action, do

    def connect(self, action, connection=None, **values):
        """Return a step: a manager does something to a connection."""
        id_ = connection or self.stage.connection

        def do(env):
            record = env["g2p.spar.connection"].browse(id_)
            if values:
                record.write(values)
            else:
                getattr(record, f"action_{action}")()

        return action, do

    def work(self, connection=None):
        """Return an actor: a worker does one job of the engine."""
        id_ = connection or self.stage.connection

        def act():
            with self.stage.env() as env:
                env["g2p.spar.connection"].browse(id_).job_work_off()

        return act

    def partner(self, env, place):
        return env["res.partner"].browse(self.people[place])

    def mapping(self, env, place, connection=None):
        mapping = env["g2p.spar.mapping"].search(
            [
                ("partner_id", "=", self.people[place]),
                ("connection_id", "=", connection or self.stage.connection),
            ]
        )
        return mapping

    def prepare(self, *works):
        """Do something before the permutation begins, committed."""
        with self.stage.env() as env:
            for _name, do in works:
                do(env)

    # === WHAT MUST HOLD === #

    def drain(self):
        """Let time pass and the engine work until nothing is due.

        What a manager or operator paused is resumed first: that must be enough.
        """
        self._resume()
        for _round in range(MAX_ROUNDS):
            if not self._time_passes():
                return
            self.stage.work_off()
        self.complaints.append(f"never at rest: {self._states()}")

    def _resume(self):
        stage = self.stage
        paused = stage.sql("SELECT id FROM g2p_spar_connection WHERE state = 'paused'")
        held_up = stage.sql(
            "SELECT id FROM g2p_spar_mapping WHERE paused AND partner_id = ANY(%s)",
            self.people,
        )
        unlisted = stage.sql(
            """SELECT a.partner_id, k.id
                 FROM g2p_financial_address a
                 JOIN g2p_spar_connection k ON k.state != 'draft'
            LEFT JOIN g2p_spar_mapping m ON m.partner_id = a.partner_id
                                        AND m.connection_id = k.id
                WHERE a.state = 'effective' AND m.id IS NULL
                  AND a.partner_id = ANY(%s)""",
            self.people,
        )
        if not paused and not held_up and not unlisted:
            return
        for (id_,) in paused:
            try:
                self.prepare(self.connect("resume", id_))
            except UserError as error:
                self.refused.append(str(error))
        with stage.env() as env:
            env["g2p.spar.mapping"].browse(i for (i,) in held_up)._intervene("resume")
        self.tidy()

    def tidy(self):
        """Do what the addons do from time to time by themselves."""
        with self.stage.env() as env:
            env["g2p.spar.connection"]._cron_enlist()
        with self.stage.env() as env:
            env["g2p.spar.mapping"]._cron_sweep()

    def _time_passes(self):
        """Let time pass until the next one is due; return whether there is one."""
        self.stage.sql(
            """UPDATE g2p_spar_mapping SET next_attempt_at = NULL
                WHERE next_attempt_at IS NOT NULL AND partner_id = ANY(%s)""",
            self.people,
        )
        self.stage.sql(
            """UPDATE g2p_spar_connection
                  SET breaker_until = now() AT TIME ZONE 'UTC', rate_free_at = NULL,
                      key_retry_at = NULL
                WHERE COALESCE(breaker_until, rate_free_at, key_retry_at) IS NOT NULL"""
        )
        return self.stage.sql(
            """SELECT 1 FROM g2p_spar_mapping m
                 JOIN g2p_spar_connection k ON k.id = m.connection_id
                WHERE m.partner_id = ANY(%s) AND k.state = 'running'
                  AND m.paused IS NOT TRUE
                  AND (m.state IN ('due', 'retrying', 'checking') OR EXISTS (
                      SELECT FROM g2p_spar_change c
                       WHERE c.mapping_id = m.id AND c.state = 'queued'))
                LIMIT 1""",
            self.people,
        )

    def _states(self):
        return self.stage.sql(
            """SELECT state, attempts, reason_code FROM g2p_spar_mapping
                WHERE partner_id = ANY(%s)""",
            self.people,
        )

    def check(self, play):
        """Return what does not hold, in words.

        :param Play play: the permutation, at its end.
        """
        wrong = list(dict.fromkeys(play.seen))
        wrong += self.complaints
        wrong += [
            f"{actor.name}: {type(actor.error).__name__}: {actor.error}".strip()
            for actor in {strand.actor for strand in play.strands}
            if actor.error
        ]
        mapper = self.stage.spar.mapper
        wrong += self._check_owners(mapper.table.applied)
        wrong += [
            f"two requests at a time about place {self._place(spar_id)}"
            for spar_id in check_overlap(mapper.requests)
        ]
        wrong += self.check_twins()
        if self._check_rows():
            # Everything that may still repair it is run.
            self.tidy()
            self.drain()
        return wrong + self._check_rows()

    def _place(self, spar_id):
        return self.ids.index(spar_id) if spar_id in self.ids else "?"

    def _check_owners(self, applied):
        """Every address SPAR got belongs to its owner, and none comes back."""
        owners, places = {}, {}
        for partner, number in self.stage.sql(
            """SELECT a.partner_id, COALESCE(a.mobile_number, e.mobile_number)
                 FROM g2p_financial_address a
            LEFT JOIN promotion.erased e ON e.address_id = a.id
                WHERE a.partner_id = ANY(%s) AND a.effective_date IS NOT NULL
                ORDER BY a.id""",
            self.people,
        ):
            for spelling in self.spellings:
                place = places[partner] = places.get(partner, 0) + 1
                owners[self.text(number, spelling)] = (partner, place)
        found = check_owners(self.rows_before, applied, owners)
        words = {
            "twice": "at SPAR under two IDs at a time",
            "went_back": "SPAR went back to an older address",
            "invented": "SPAR was told an address that was never in use",
        }
        return [words[kind] for kind, who in found.items() if who]

    def text(self, number, spelling=None):
        """Return what SPAR should hold for a wallet.

        :param spelling: name and code of the provider, by default the last ones.
        """
        spelling = spelling or self.spellings[-1]
        return wallet_string(number, self.stage.wallet_kind, *spelling)

    def check_twins(self):
        """Return what is wrong when two running connections lead to one SPAR."""
        found = self.stage.sql(
            """SELECT lower(rtrim(base_url, '/')) FROM g2p_spar_connection
                WHERE state = 'running' GROUP BY 1 HAVING count(*) > 1"""
        )
        return ["two connections to one SPAR are running"] if found else []

    def _check_rows(self):
        """SPAR holds what is in use now, or a person sees that it does not."""
        running = self.stage.running()
        rows = self.rows()
        wrong, differing = [], []
        for spar_id, number, is_paid, state, mapping, linked in self._wanted():
            if not running:
                continue
            held = {i: v for i, v in rows.items() if i in (spar_id, linked)}
            wanted = {}
            if number and is_paid and spar_id:
                wanted = {spar_id: self.text(number)}
            if state in ("due", "retrying", "checking"):
                wrong.append(f"{state} for ever")
            elif held != wanted and state in ASKED:
                differing.append(mapping)
            elif held != wanted and not (state is None and not wanted):
                what = "nothing" if not held else "something else"
                wrong.append(f"SPAR holds {what}, state {state}")
            for id_ in held:
                rows.pop(id_, None)
        if rows:
            wrong.append("SPAR holds a row of an ID that is no registrant's any more")
        return wrong + self._check_visible(differing)

    def _wanted(self):
        return self.stage.sql(
            """SELECT p.spar_id, a.mobile_number, p.active AND p.is_registrant,
                      m.state, m.id, m.linked_spar_id
                 FROM res_partner p
            LEFT JOIN g2p_financial_address a
                   ON a.partner_id = p.id AND a.state = 'effective'
            LEFT JOIN g2p_spar_mapping m ON m.partner_id = p.id
                  AND m.connection_id = ANY(%s)
                WHERE p.id = ANY(%s)""",
            self.stage.running(),
            self.people,
        )

    def _check_visible(self, differing):
        """What a person left as it is, or was asked about, the comparison lists."""
        if not differing:
            return []
        (connection, *_others) = self.stage.running()
        with self.stage.env() as env:
            runs = env["g2p.spar.reconciliation"]._start(
                env["g2p.spar.connection"].browse(connection)
            )
            run = runs.id
        with self.stage.env() as env:
            env["g2p.spar.reconciliation"].browse(run).job_run()
        listed = self.stage.sql(
            "SELECT mapping_id FROM g2p_spar_reconciliation_line"
            " WHERE mapping_id = ANY(%s)",
            differing,
        )
        hidden = set(differing) - {id_ for (id_,) in listed}
        return (
            ["SPAR holds something else, and no comparison says so"] if hidden else []
        )
