"""The other sides of the comparison: a client without an engine, and a naive one."""

import time
import uuid

from odoo import api
from odoo.modules.registry import Registry

from odoo.addons.g2p_spar_sync_queue.spar.answers import Item, Outcome
from odoo.addons.g2p_spar_sync_queue.spar.codes import LINK, RESOLVE, UPDATE
from odoo.addons.queue_job.job import ENQUEUED, Job

from ..forks import environment, run_all
from . import crowd

STRATEGY = 4
NAIVE_METHOD = "_naive_link"


def link_bare(database, connection, numbers, batch_size, workers):
    """Link IDs of these numbers with a bare signed client, several requests at a time.

    :param str database: where the connection is.
    :param int connection: its id.
    :param range numbers: one for each ID.
    :param int batch_size: IDs in one request.
    :param int workers: requests at a time.
    :return: seconds it took.
    """
    ranges = [
        numbers[start : start + batch_size]
        for start in range(0, len(numbers), batch_size)
    ]
    started = time.perf_counter()
    run_all(
        [
            (send_ranges, database, connection, ranges[worker::workers])
            for worker in range(workers)
        ]
    )
    return time.perf_counter() - started


def send_ranges(database, connection, ranges):
    """Link the IDs of some ranges, one request each.

    :raises ValueError: when one of them is not linked.
    """
    with client_of(database, connection) as client:
        for numbers in ranges:
            send(client, LINK, [(f"BARE-{n}", fa_string(n)) for n in numbers])


def client_of(database, connection):
    """Return a client as the connection's settings say."""
    with environment(database) as env:
        return env["g2p.spar.connection"].browse(connection)._client()


def send(client, operation, pairs):
    """Send one request of IDs with their addresses.

    :raises ValueError: when SPAR did not do all of it.
    """
    items = [
        Item(f"{spar_id}-{uuid.uuid4()}", spar_id, fa, STRATEGY)
        for spar_id, fa in pairs
    ]
    results = client.send(operation, items).results.values()
    if any(result.outcome != Outcome.DONE for result in results):
        raise ValueError(f"{operation} failed: {[r.code for r in results][:3]}")


def fa_string(number):
    """Return an address as SPAR stores it, as long as the engine's."""
    return (
        f"mobile_number:+2557{number:08d}.wallet_provider_name:M-Cash"
        ".wallet_provider_code:MC.fa_type:mobile_wallet_provider"
    )


def resolve_bare(database, connection, numbers, batch_size):
    """Resolve IDs of the crowd with a bare signed client, one request at a time.

    :param str database: where the connection is.
    :param int connection: its id.
    :param range numbers: one for each ID.
    :param int batch_size: IDs in one request.
    :return: seconds it took.
    :raises ValueError: when SPAR does not hold an address for one of them.
    """
    started = time.perf_counter()
    with client_of(database, connection) as client:
        for start in range(0, len(numbers), batch_size):
            batch = numbers[start : start + batch_size]
            items = [Item(f"bare-{n}", f"{crowd.PREFIX}{n}") for n in batch]
            results = client.send(RESOLVE, items).results.values()
            if not all(result.linked and result.fa for result in results):
                raise ValueError("SPAR does not hold all of the crowd.")
    return time.perf_counter() - started


# === ONE JOB PER CHANGE === #


def link_naively(database, connection, numbers, workers):
    """Link IDs of these numbers with one job of ``queue_job`` each, as its runner does.

    :param str database: where the connection is.
    :param int connection: its id.
    :param range numbers: one for each ID.
    :param int workers: jobs at a time.
    :return: seconds it took, without creating the jobs.
    """
    add_naive_method(database)
    with environment(database) as env:
        spar = env["g2p.spar.connection"].browse(connection)
        jobs = [
            getattr(spar.with_delay(), NAIVE_METHOD)(number).uuid for number in numbers
        ]
        env.flush_all()
        env.cr.execute(
            "UPDATE queue_job SET state = %s WHERE uuid = ANY(%s)", [ENQUEUED, jobs]
        )
    started = time.perf_counter()
    run_all([(run_jobs, database, jobs[worker::workers]) for worker in range(workers)])
    return time.perf_counter() - started


def add_naive_method(database):
    """Give connections the method a naive addon would have; here only."""

    def _naive_link(self, number):
        with self._client() as client:
            send(client, LINK, [(f"NAIVE-{number}", fa_string(number))])

    setattr(Registry(database)["g2p.spar.connection"], NAIVE_METHOD, _naive_link)


def run_jobs(database, uuids):
    """Run jobs as the controller of ``queue_job`` does, without its HTTP request."""
    for uuid_ in uuids:
        with Registry(database).cursor() as cr:
            env = api.Environment(cr, 1, {})
            job = Job.load(env, uuid_)
            job.set_started()
            job.store()
            env.flush_all()
            cr.commit()  # pylint: disable=invalid-commit
            job.lock()
            with cr.savepoint():
                job.perform()
            job.set_done()
            job.store()


# === ONE CALL === #


def time_update(client, spar_id, number):
    """Return how many seconds one signed call takes that updates one ID."""
    started = time.perf_counter()
    send(client, UPDATE, [(spar_id, fa_string(number))])
    return time.perf_counter() - started
