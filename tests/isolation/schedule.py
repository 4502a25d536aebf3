"""One permutation: actors in threads, of which the scheduler lets one go on at a time.

An actor stops at *gates*, named points of its way. When all have stopped, one of them
is chosen to go on to its next gate. One that waits for a lock of another in PostgreSQL
is seen there (``pg_blocking_pids``), not guessed from the time it takes; it goes on as
soon as that lock is released, and is no choice until then.

A thread an actor starts itself, such as the one that calls SPAR, is a *strand* of it,
with gates of its own.
"""

import threading
import time
from concurrent.futures import TimeoutError as NotYet

#: Real seconds after which what has not come to a gate never will.
PATIENCE = 60
#: Seconds before PostgreSQL is asked who waits for a lock, the first time and the last.
SHORT, LONG = 0.006, 0.1

RUNNING, AT_GATE, WAITING, DONE = "running", "at gate", "waiting", "done"
_here = threading.local()


class Died(BaseException):
    """The process of this actor has ended; nothing it would do counts."""


class Stuck(Exception):
    """Actors wait for each other, and nothing can go on."""


def current():
    """Return the strand that runs in this thread, or None."""
    return getattr(_here, "strand", None)


def gate(name):
    """Stop here until the scheduler says so; outside a permutation nothing happens.

    :param str name: of what comes next.
    """
    if strand := current():
        strand.play.stop_at(strand, name)


class Actor:
    """One that acts on its own: a user's transaction, a worker, SPAR.

    :param str name: short, for the order that is printed.
    :param stops: names of the gates it stops at; all when None.
    """

    def __init__(self, name, stops=None):
        self.name = name
        self.stops = stops
        self.dead = False
        #: Whether it has lost its sessions: what it raises then is no wonder.
        self.cut_off = False
        self.error = None
        #: Sessions in PostgreSQL, by number of the server process.
        self.sessions = {}


class Strand:
    """One thread of an actor."""

    def __init__(self, play, actor, name):
        self.play, self.actor, self.name = play, actor, name
        self.state, self.at = RUNNING, None
        self.future = None
        #: Whether it waits for a limited time only.
        self.limited = False
        self.gave_up = False

    @property
    def is_running(self):
        """Whether it is on its way to the next gate."""
        found = self.state == WAITING and self.future.done()
        return self.state == RUNNING or found


class Play:
    """One permutation of the steps of some actors.

    :param Callable choose: gets the labels that can be next, and returns the place of
        the chosen one.
    :param Monitor monitor: of sessions.
    :param dict ends: by actor's name and ``dies`` (without warning) or ``loses its
        session``, how often that may happen.
    """

    def __init__(self, choose, monitor, ends=None):
        self.choose, self.monitor = choose, monitor
        self.ends = dict(ends or {})
        self.moved = threading.Condition()
        self.strands = []
        #: Labels of the steps, in the order they were taken.
        self.steps = []
        #: What was seen on the way that must not be.
        self.seen = []
        self.over = False

    # === THE SCHEDULER === #

    def add(self, actor, work):
        """Let an actor begin; it runs to its first gate.

        :param Callable work: all the actor does.
        """
        strand = self._strand(actor, actor.name)
        thread = threading.Thread(target=self._carry, args=(strand, work), daemon=True)
        strand.thread = thread
        thread.start()
        return strand

    def run(self):
        """Let all go on, one step after the other, until none has a step left.

        :raises Stuck: when some have, and cannot go on.
        """
        try:
            while True:
                self._settle()
                options = self._options()
                if not options:
                    break
                labels = [label for label, _act in options]
                label, act = options[self.choose(labels)]
                self.steps.append(label)
                act()
            left = [s.name for s in self.strands if s.state != DONE]
            if left:
                raise Stuck(f"{', '.join(left)} cannot go on")
        finally:
            self._end()

    def _options(self):
        options = []
        for strand in self.strands:
            if strand.state == AT_GATE:
                options.append(
                    (f"{strand.name}.{strand.at}", lambda s=strand: self._release(s))
                )
            elif strand.state == WAITING and strand.limited:
                options.append(
                    (f"{strand.name}.gives up", lambda s=strand: self._give_up(s))
                )
        for (name, how), left in self.ends.items():
            actor = next((s.actor for s in self.strands if s.name == name), None)
            if left and actor and actor.sessions and not actor.dead:
                options.append(
                    (f"{name}.{how}", lambda a=actor, h=how: self._cut_off(a, h))
                )
        return options

    def _release(self, strand):
        with self.moved:
            strand.state = RUNNING
            self.moved.notify_all()

    def _give_up(self, strand):
        with self.moved:
            strand.gave_up, strand.state = True, RUNNING
            self.moved.notify_all()

    def _cut_off(self, actor, how):
        """End an actor's sessions, and the actor itself when it dies."""
        self.ends[actor.name, how] -= 1
        if how == "dies":
            actor.dead = True
        actor.cut_off = True
        self.monitor.terminate(list(actor.sessions))
        actor.sessions = {}
        if actor.dead:
            with self.moved:
                for strand in self.strands:
                    if strand.actor is actor and strand.state != DONE:
                        strand.state = RUNNING
                self.moved.notify_all()

    def _settle(self):
        """Wait until each has stopped: at a gate, for another one, or for good."""
        deadline, pause = time.monotonic() + PATIENCE, SHORT
        while True:
            with self.moved:
                self.moved.wait_for(self._have_stopped, pause)
                running = [strand for strand in self.strands if strand.is_running]
            if not running or self._all_blocked(running):
                return
            pause = min(2 * pause, LONG)
            if time.monotonic() > deadline:
                raise Stuck(f"{[s.name for s in running]} came to no gate")

    def _have_stopped(self):
        return not any(strand.is_running for strand in self.strands)

    def _all_blocked(self, running):
        """Whether each of these waits for a lock of one that has stopped."""
        owners = {pid: s.actor for s in self.strands for pid in dict(s.actor.sessions)}
        waits_for = {}
        for pid, blockers in self.monitor.blocked(list(owners)):
            others = {owners[b] for b in blockers if b in owners}
            waits_for.setdefault(owners[pid], set()).update(others)
        moving = {strand.actor for strand in running}

        def is_blocked(actor, above=()):
            # In a circle PostgreSQL gives one of them up; that is waited for.
            if actor in above:
                return False
            for other in waits_for.get(actor, ()):
                if other not in moving or is_blocked(other, (*above, actor)):
                    return True
            return False

        return all(is_blocked(actor) for actor in moving)

    def _end(self):
        """Have all that has not ended come to its end, without doing anything more."""
        left = [strand for strand in self.strands if strand.state != DONE]
        for strand in left:
            strand.actor.dead = True
        sessions = [pid for strand in left for pid in strand.actor.sessions]
        if sessions:
            self.monitor.terminate(sessions)
        with self.moved:
            self.over = True
            self.moved.notify_all()
        for strand in self.strands:
            if hasattr(strand, "thread"):
                strand.thread.join(PATIENCE)

    # === IN THE THREADS OF ACTORS === #

    def _strand(self, actor, name):
        strand = Strand(self, actor, name)
        with self.moved:
            self.strands.append(strand)
        return strand

    def _carry(self, strand, work):
        _here.strand = strand
        try:
            work()
        except Died:
            pass
        except BaseException as error:  # pylint: disable=broad-except
            if not strand.actor.dead and not strand.actor.cut_off:
                strand.actor.error = error
        finally:
            _here.strand = None
            self._done(strand)

    def _done(self, strand):
        with self.moved:
            strand.state = DONE
            self.moved.notify_all()

    def stop_at(self, strand, name):
        """Have a strand stop at a gate until it is chosen.

        :raises Died: when the actor has ended meanwhile.
        """
        actor = strand.actor
        self.check_alive(strand)
        if actor.stops is not None and name not in actor.stops:
            return
        with self.moved:
            strand.state, strand.at = AT_GATE, name
            self.moved.notify_all()
            self.moved.wait_for(
                lambda: strand.state == RUNNING or actor.dead or self.over
            )
        self.check_alive(strand)

    def check_alive(self, strand):
        """Go no further when the actor has ended.

        :raises Died: then.
        """
        if strand.actor.dead or self.over:
            raise Died

    def wait(self, strand, future, seconds):
        """Have a strand wait for what another one of the same actor does.

        :param seconds: for how long at most, or None; that time passes when the
            scheduler chooses so.
        :raises TimeoutError: when it does.
        """
        future.add_done_callback(lambda _future: self._wake(strand))
        with self.moved:
            strand.future, strand.limited = future, seconds is not None
            strand.gave_up = False
            if not future.done():
                strand.state = WAITING
            self.moved.notify_all()
            self.moved.wait_for(
                lambda: strand.state == RUNNING or strand.actor.dead or self.over
            )
        self.check_alive(strand)
        if strand.gave_up:
            raise NotYet

    def _wake(self, strand):
        with self.moved:
            if strand.state == WAITING:
                strand.state = RUNNING
                self.moved.notify_all()

    def split(self, strand, work):
        """Return a function for another thread that does a part of an actor's work.

        :param Callable work: what is done there.
        :return: that function, and what is to be called when all is over.
        """
        other = self._strand(strand.actor, f"{strand.actor.name}/call")

        def carry(*arguments, **options):
            _here.strand = other
            try:
                self.check_alive(other)
                return work(*arguments, **options)
            finally:
                _here.strand = None

        return carry, lambda _future: self._done(other)


class Monitor:
    """Looks at the sessions of actors, from a session of its own.

    :param connection: of psycopg2, with autocommit.
    """

    def __init__(self, connection):
        self._connection = connection

    def blocked(self, pids):
        """Return ``(pid, pids it waits for)`` of those that wait for a lock."""
        if not pids:
            return []
        with self._connection.cursor() as cursor:
            cursor.execute(
                """SELECT pid, blockers
                     FROM unnest(%s) AS pid, pg_blocking_pids(pid) AS blockers
                    WHERE cardinality(blockers) > 0""",
                [pids],
            )
            return cursor.fetchall()

    def terminate(self, pids):
        """End sessions, and wait until their locks are gone."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM unnest(%s) AS pid", [pids]
            )
