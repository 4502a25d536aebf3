"""Guard: a new key, which SPAR may not know yet: it is tried again for a minute.

The newest SPAR looks up the keys of a partner every 10 seconds at most, each of its
workers by itself, and keeps for 30 seconds that there is none. So a refusal says little
about a key that has signed for less than a minute: nothing is sent for a moment, and
then the same again. Afterwards a refusal pauses the connection.
"""

from datetime import timedelta

from odoo import fields

from ..transactions import commit_with_retry
from . import breaker, store

#: Seconds for which SPAR may not know a key that has begun to sign.
FRESH = 60
#: Seconds until such a key is tried again.
AGAIN = 10


def is_fresh(connection):
    """Return whether the current key has signed for less than a minute.

    :param connection: a ``g2p.spar.connection``
    :rtype: bool
    """
    began = connection.sudo().key_id.use_from
    return bool(began) and began > fields.Datetime.now() - timedelta(seconds=FRESH)


def is_waiting(connection):
    """Return whether nothing is sent now, as SPAR has just refused a new key.

    :param connection: a ``g2p.spar.connection``
    :rtype: bool
    """
    until = connection.key_retry_at
    return bool(until) and until > store.now(connection.env)


def wait(connection):
    """Have no worker send for a moment; SPAR has refused the new key.

    :param connection: a ``g2p.spar.connection``
    :raise Busy: when it cannot be stored
    """

    def store_moment():
        breaker.lock(connection)
        store.retry_key(connection.env, connection.id, AGAIN)

    commit_with_retry(connection.env, store_moment)


def note_answer(connection, answer):
    """Note that SPAR knows the new key, once it has answered.

    :param connection: a ``g2p.spar.connection``
    :param ~..spar.answers.Answer answer: one that does not refuse the partner
    :raise Busy: when it cannot be stored
    """
    if connection.key_retry_at and not answer.failed:
        commit_with_retry(
            connection.env, lambda: store.retry_key(connection.env, connection.id, None)
        )
