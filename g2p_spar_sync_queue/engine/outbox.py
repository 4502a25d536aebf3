"""Step 1, capture: append one change per registrant and schedule a wake-up.

In the caller's transaction: rolled back with it, committed with it. Nothing is sent,
and no existing mapping is written, so that no user waits for the engine's locks.
"""

from psycopg2.errors import DeadlockDetected

from odoo.tools import SQL

from ..transactions import RETRYABLE_ERRORS, began_before, commit, roll_back
from . import store, wake_up

#: What the SQL reads, and therefore must have reached the database.
READ_BY_SQL = {
    "g2p.financial.address": ["partner_id", "state", "channel"],
    "g2p.spar.connection": ["state", "batch_size", "company_ids"],
    "g2p.spar.mapping": ["partner_id", "connection_id"],
}
#: What it changes, and the ORM's cache must not keep.
CHANGED_BY_SQL = {
    "g2p.spar.connection": ["mapping_ids"],
    "g2p.spar.mapping": ["change_ids", "display_state", "sentence"],
    "res.partner": ["spar_mapping_ids", "spar_state", "spar_sentence"],
}
#: How many registrants one transaction of the first load takes in.
CAPTURE_CHUNK = 1000
#: Seconds, at least, until it is repeated for those who were left out of it.
ENLIST_AGAIN = 60


def capture(partners, channel, connections=None):
    """Append a change for each registrant, and wake the engine.

    Also without a connection: see ``g2p.spar.capture``.

    :param recordset partners: whose address, ID or being paid has changed
    :param str channel: one of the channels of a financial address; None for the one
        each address was entered by
    :param connections: by default all that have been started
    """
    if not partners:
        return
    env = partners.env
    chosen = SQL("k.state != 'draft'")
    if connections is not None:
        chosen = SQL("k.id = ANY(%s)", connections.ids)
    for name, fnames in READ_BY_SQL.items():
        env[name].flush_model(fnames)
    partners = partners.sudo()
    partners.fetch(["company_id", "spar_id"])
    rows = store.append_changes(partners, channel, chosen)
    for name, fnames in CHANGED_BY_SQL.items():
        env[name].invalidate_model(fnames, flush=False)
    Mapping = env["g2p.spar.mapping"].sudo()
    for batch_size, ids in rows:
        wake_up.enqueue(Mapping.browse(ids), batch_size)


def capture_missed_until(connection, since=None):
    """Capture missed registrants, and again until none can be missed any more.

    A transaction that began before the connection was started knows nothing of it. What
    it saves is found once it has ended: so the job is repeated, less and less often,
    until the last of them has.

    :param connection: a ``g2p.spar.connection``
    :param datetime since: when the first of these jobs began; None for that one
    """
    connection.ensure_one()
    env = connection.env
    since = since or store.now(env)
    # Before anything is read: what ends meanwhile may not be seen.
    goes_on = began_before(env, since)
    if capture_missed(connection) or goes_on:
        age = (store.now(env) - since).total_seconds()
        wake_up.enlist_again(connection, since, max(ENLIST_AGAIN, int(age)))


def capture_missed(connection):
    """Wake the engine, and capture registrants whose address was not captured.

    In chunks of one transaction each; a run that was stopped is continued by the next.
    A registrant that is being saved is left out: to wait would make other users wait
    who save registrants of the same chunk.

    :param connection: a ``g2p.spar.connection``
    :return: whether any registrant was left out
    """
    connection.ensure_one()
    env = connection.env
    wake_up.wake_up(connection)
    commit(env)
    last, size, left_out = 0, CAPTURE_CHUNK, False
    while partners := _missed_partners(connection, last, size):
        try:
            held = store.lock_captures(env, partners.ids)
            free = partners.filtered(lambda partner, held=held: partner.id not in held)
            capture(free, None, connection)
            commit(env)
        except (*RETRYABLE_ERRORS, DeadlockDetected):
            # One of them was changed meanwhile. A smaller chunk fails less often.
            roll_back(env)
            size = max(1, size // 2)
        else:
            left_out = left_out or free != partners
            last, size = partners[-1].id, CAPTURE_CHUNK
    return left_out


def _missed_partners(connection, last, limit):
    """Return registrants whose newest change is not about the address in use.

    :param int last: id of the registrant after whom to begin
    :param int limit: how many, at most
    :return: in order of their ids
    """
    env = connection.env
    env.flush_all()
    ids = store.missed_partners(env, connection.id, last, limit)
    return env["res.partner"].browse(ids)
