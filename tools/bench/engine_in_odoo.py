"""The part of the engine's benchmark that runs inside Odoo, in its Python shell."""

import resource
import statistics
import time

from odoo import api
from odoo.modules.registry import Registry

from ..forks import environment, run_all
from ..postgres import Postgres
from . import bare, crowd

#: Jobs of the naive loop in one round: enough to know its speed.
NAIVE_JOBS = 40
CLAIMS = 15


def prepare(env, base_url, key, registrants, **values):
    """Make a connection and a crowd of registrants with addresses.

    :param Environment env: of Odoo's shell.
    :return: id of the connection.
    """
    database = env.cr.dbname
    connection = crowd.connect(database, base_url, key, **values)
    with environment(database) as own:
        crowd.multiply(own, registrants)
    crowd.tidy(Postgres(), database)
    return connection


def queue(env, connection):
    """Queue a change of everybody; return how many wait."""
    database = env.cr.dbname
    with environment(database) as own:
        count = crowd.queue_all(own, connection)
    crowd.tidy(Postgres(), database)
    return count


# === SPEED === #


def compare_speed(env, connection, mapper, rounds):
    """Send a backlog by the engine and as much by a bare client and naively, in turns.

    One round more than is counted: in the first, the engine finds nothing in memory.

    :param Environment env: of Odoo's shell.
    :param int connection: id of the connection.
    :param str mapper: name of SPAR's database.
    :param int rounds: how many backlogs.
    :return: links per second in each round, for ``engine``, ``bare``, ``naive``.
    """
    race = Race(env.cr.dbname, env["g2p.spar.connection"].browse(connection))
    for _round in range(rounds + 1):
        count = requeue(race.database, connection, mapper)
        race.run(count)
        check_all_linked(race.database, mapper, count)
    return {name: speeds[1:] for name, speeds in race.speeds.items()}


class Race:
    """Rounds of the three sides, with the same batch size and as many at a time.

    :param str database: of the registry.
    :param connection: the engine's connection.
    """

    def __init__(self, database, connection):
        self.database = database
        self.connection = connection.id
        self.size, self.workers = connection.batch_size, connection.workers
        self.speeds = {"engine": [], "bare": [], "naive": []}

    def run(self, count):
        """Have the engine's backlog sent, and as many IDs by the others.

        SPAR is empty but for what the same round puts there.

        :param int count: of registrants in the backlog.
        """
        self._note("engine", count, self._engine_seconds())
        work = self.database, self.connection, range(count), self.size, self.workers
        self._note("bare", count, bare.link_bare(*work))
        work = self.database, self.connection, range(NAIVE_JOBS), self.workers
        self._note("naive", NAIVE_JOBS, bare.link_naively(*work))

    def _engine_seconds(self):
        started = time.perf_counter()
        work = (work_off, self.database, self.connection)
        run_all([work for _worker in range(self.workers)])
        return time.perf_counter() - started

    def _note(self, name, links, seconds):
        self.speeds[name].append(round(links / seconds, 1))


def requeue(database, connection, mapper):
    """Empty SPAR and queue everybody again; return how many wait."""
    postgres = Postgres()
    postgres.query(mapper, "TRUNCATE id_fa_mappings")
    with environment(database) as env:
        count = queue(env, connection)
    # What is written anew should not slow down whoever happens to come next.
    postgres.query("postgres", "CHECKPOINT")
    return count


def work_off(database, connection):
    """Do what jobs do, one after the other, until nothing waits."""
    while waiting(database):
        with environment(database) as env:
            env["g2p.spar.connection"].browse(connection).job_work_off()


def waiting(database):
    """Whether the engine has anything left to do."""
    with environment(database) as env:
        env.cr.execute(
            """SELECT EXISTS (SELECT FROM g2p_spar_change WHERE state = 'queued')
                   OR EXISTS (SELECT FROM g2p_spar_mapping WHERE state IN
                              ('due', 'retrying', 'checking'))"""
        )
        return env.cr.fetchone()[0]


def check_all_linked(database, mapper, count):
    """Make sure that what was measured is what should happen.

    :raises ValueError: when SPAR lacks one, or one is not known to be there.
    """
    linked = count_linked(mapper)
    with environment(database) as env:
        in_sync = env["g2p.spar.mapping"].search_count([("state", "=", "in_sync")])
    if (linked, in_sync) != (count, count):
        raise ValueError(f"Of {count}, {linked} are at SPAR and {in_sync} in sync.")


def count_linked(mapper):
    """Return how many of the crowd SPAR has a row of."""
    statement = "SELECT count(*) FROM id_fa_mappings WHERE id_value LIKE %s"
    ((found,),) = Postgres().query(mapper, statement, [f"{crowd.PREFIX}%"])
    return found


# === COMPARING WITH SPAR === #


def compare_comparisons(env, connection, mapper, rounds):
    """Compare everybody with SPAR, and ask about as many by a bare client, in turns.

    As with :func:`compare_speed`, the first round does not count.

    :param Environment env: of Odoo's shell.
    :param int connection: id of the connection.
    :param str mapper: name of SPAR's database.
    :param int rounds: how many comparisons.
    :return: registrants per second in each round, for ``comparison`` and ``bare``.
    """
    from odoo.addons.g2p_spar_sync_queue.comparison.run import CHUNK

    database = env.cr.dbname
    count = requeue(database, connection, mapper)
    work_off(database, connection)
    check_all_linked(database, mapper, count)
    crowd.tidy(Postgres(), database)
    speeds = {"comparison": [], "bare": []}
    for _round in range(rounds + 1):
        seconds = compare_once(database, connection, count)
        speeds["comparison"].append(round(count / seconds, 1))
        seconds = bare.resolve_bare(database, connection, range(count), CHUNK)
        speeds["bare"].append(round(count / seconds, 1))
    return {name: found[1:] for name, found in speeds.items()}


def compare_once(database, connection, count):
    """Return how many seconds a comparison takes, from its start to its end.

    :raises ValueError: when it did not compare everybody, or found a difference.
    """
    started = time.perf_counter()
    with environment(database) as env:
        spar = env["g2p.spar.connection"].browse(connection)
        run = env["g2p.spar.reconciliation"]._start(spar).id
    state = "running"
    while state == "running":
        with environment(database) as env:
            comparison = env["g2p.spar.reconciliation"].browse(run)
            comparison.job_run()
            state, checked = comparison.state, comparison.checked
            differing = comparison.line_count
    seconds = time.perf_counter() - started
    if (state, checked, differing) != ("done", count, 0):
        raise ValueError(f"{state}: {checked} of {count} compared, {differing} differ.")
    return seconds


# === CLAIMING === #


def compare_claims(env, connection, other, other_connection):
    """Claim a batch from two databases, in turns, and take each back.

    :param Environment env: of Odoo's shell; its database has few changes waiting.
    :param int connection: id of its connection.
    :param str other: name of the database with many.
    :param int other_connection: id of the connection there.
    :return: milliseconds of each claim, ``few`` and ``many``.
    """
    sides = {"few": (env.cr.dbname, connection), "many": (other, other_connection)}
    times = {name: [] for name in sides}
    for turn in range(CLAIMS + 3):
        for name, (database, id_) in sides.items():
            seconds = claim_once(database, id_)
            if turn >= 3:
                times[name].append(round(1000 * seconds, 2))
    return times


def claim_once(database, connection):
    """Return how many seconds it takes to claim a batch, without keeping it."""
    from odoo.addons.g2p_spar_sync_queue.engine.claim import claim_backlog

    with Registry(database).cursor() as cr:
        env = api.Environment(cr, 1, {})
        spar = env["g2p.spar.connection"].browse(connection)
        size = spar.batch_size
        started = time.perf_counter()
        claim, _position = claim_backlog(spar)
        env.flush_all()
        seconds = time.perf_counter() - started
        cr.rollback()
        if not claim.request or len(claim.request.parts) != size:
            raise ValueError("No full batch was claimed.")
    return seconds


# === MEMORY === #


def weigh_drain(env, connection):
    """Send a backlog in this process; return its peak memory.

    :param Environment env: of Odoo's shell.
    :param int connection: id of the connection.
    :return: MiB at its ``peak``, and ``before`` it began.
    """
    before = peak_mib()
    work_off(env.cr.dbname, connection)
    return {"before": before, "peak": peak_mib()}


def peak_mib():
    """Return the most memory this process has had so far, in MiB."""
    # The system counts it in KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# === SAVING === #


def compare_saves(env, other, saves):
    """Save payment addresses in two databases, in turns, each its own transaction.

    :param Environment env: of Odoo's shell; its database has the engine.
    :param str other: name of the database without it.
    :param int saves: how many in each.
    :return: medians of the milliseconds, ``with`` and ``without``, and the ``ratio``.
    """
    sides = {"with": env.cr.dbname, "without": other}
    times = {name: [] for name in sides}
    with environment(other) as own:
        crowd.enter_first(own)
    for number in range(saves + 5):
        for name, database in sides.items():
            seconds = save_once(database, number)
            if number >= 5:
                times[name].append(1000 * seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {**medians, "ratio": medians["with"] / medians["without"]}


def save_once(database, number):
    """Amend one registrant's address as a clerk does; return the seconds."""
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, 2, {})
        person = env["res.partner"].search([("spar_id", "=", f"{crowd.PREFIX}0")])
        provider = env["g2p.dfsp"].search([("code", "=", "MC")], limit=1)
        started = time.perf_counter()
        crowd.enter_address(env, person, provider, f"+25575411{number:04d}")
        env.flush_all()
        cr.commit()  # pylint: disable=invalid-commit
        return time.perf_counter() - started
