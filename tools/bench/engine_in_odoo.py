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
NAIVE_JOBS = 200
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
    """Send a backlog by the engine, by a bare client and naively, in turns.

    :param Environment env: of Odoo's shell.
    :param int connection: id of the connection.
    :param str mapper: name of SPAR's database.
    :param int rounds: how many of each.
    :return: links per second of each round, for ``engine``, ``bare``, ``naive``.
    """
    database = env.cr.dbname
    spar = env["g2p.spar.connection"].browse(connection)
    batch_size, workers = spar.batch_size, spar.workers
    speeds = {"engine": [], "bare": [], "naive": []}
    # The first round warms up.
    for round_ in range(rounds + 1):
        count = requeue(database, connection, mapper)
        measured = {"engine": count / drain(database, connection, workers)}
        check_all_linked(database, mapper, count)
        requeue(database, connection, mapper)
        measured["bare"] = count / bare.link_bare(
            database, connection, count, batch_size, workers
        )
        check_count(mapper, count)
        measured["naive"] = NAIVE_JOBS / bare.link_naively(
            database, connection, NAIVE_JOBS, workers
        )
        if round_:
            for name, speed in measured.items():
                speeds[name].append(round(speed, 1))
    return speeds


def requeue(database, connection, mapper):
    """Empty SPAR and queue everybody again; return how many wait."""
    postgres = Postgres()
    postgres.query(mapper, "TRUNCATE id_fa_mappings")
    with environment(database) as env:
        count = queue(env, connection)
    # What is written anew should not slow down whoever happens to come next.
    postgres.query("postgres", "CHECKPOINT")
    return count


def drain(database, connection, workers):
    """Let this many workers of the engine send all that waits; return the seconds."""
    started = time.perf_counter()
    run_all([(work_off, database, connection) for _worker in range(workers)])
    return time.perf_counter() - started


def work_off(database, connection):
    """Do what jobs do, one after the other, until nothing waits."""
    while waiting(database):
        with environment(database) as env:
            env["g2p.spar.connection"].browse(connection)._job_work_off()


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
    check_count(mapper, count)
    with environment(database) as env:
        in_sync = env["g2p.spar.mapping"].search_count([("state", "=", "in_sync")])
    if in_sync != count:
        raise ValueError(f"{in_sync} of {count} registrants are in sync.")


def check_count(mapper, count):
    """Make sure that SPAR has this many rows.

    :raises ValueError: when it has not.
    """
    ((found,),) = Postgres().query(mapper, "SELECT count(*) FROM id_fa_mappings")
    if found != count:
        raise ValueError(f"SPAR has {found} of {count} rows.")


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
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, 1, {})
        spar = env["g2p.spar.connection"].browse(connection)
        size = spar.batch_size
        started = time.perf_counter()
        claim, _position = env["g2p.spar.mapping"]._claim_backlog(spar)
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
