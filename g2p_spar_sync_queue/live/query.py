"""The live query: the address at SPAR of the registrant on a screen.

While SPAR is asked, the user's transaction is closed and no row is locked; only the
advisory locks of a query slot are held. The last answer is stored in
``g2p.spar.reading`` and shown while SPAR is down.
"""

import threading
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from odoo.addons.g2p_spar_financial_address.toolkit.keyed_hash import keyed_hash

from ..engine import restore_guard, store
from ..engine.claim import wanted_of
from ..spar.answers import Item, Outcome
from ..spar.codes import RESOLVE
from ..spar.keys import KeyProblem
from ..transactions import Busy, commit, commit_with_retry
from .drift import (
    DRIFT_MOVING,
    DRIFT_NONE,
    DRIFT_UNRESOLVED,
    comparable,
    drift_at_rest,
    fingerprint,
    masked,
)
from .query_slots import query_slot

#: Seconds to connect to SPAR, and to wait for its answer. They are shorter than the
#: engine's, because a person waits and a lost answer to a query does no harm.
TIMEOUTS = 2.0, 3.0
#: Seconds after which the page stops waiting, for all connections together.
MAX_SECONDS = 5.0
#: Seconds for which an answer is shown again without a new query.
REUSE_SECONDS = 3
#: Once a person's queries of the last minute reached so many registrants, no further
#: query is sent. A registrant counts once for each connection.
MAX_PER_MINUTE = 60


@dataclass(frozen=True)
class Question:
    """The query of one registrant at one SPAR.

    :param spar_id: the ID to resolve, or None
    :param ~..engine.decide.Progress entry: the mapping at this moment, or None
    """

    spar_id: str | None
    entry: object


# === ASKING === #


def ask(partner, asker=None):
    """Ask every SPAR about a registrant, unless a limit or a setting forbids it.

    This commits what the transaction did before, so only the methods of screens may
    call it.

    :param recordset partner: a registrant the user may see
    :param str asker: the person who asks, if that is not the user
    :return: by connection, the code of the reason why there is no answer, or ``""`` if
        there is one
    :rtype: dict[int, str]
    """
    codes, questions = {}, {}
    entries = entries_of(partner)
    answers = last_answers(partner)
    for connection in connections(partner.env)._serving(partner):
        question = question_of(partner, entries.get(connection.id))
        code = _reason_not_to_ask(connection, question)
        if code is None:
            code = _recent_code(connection, question, answers)
        if code is None:
            questions[connection.id] = question
        else:
            codes[connection.id] = code
    if not questions:
        return codes
    digest = asker_digest(partner.env, asker)
    if _count_recent(partner.env, digest) >= MAX_PER_MINUTE:
        return {**codes, **dict.fromkeys(questions, "often")}
    return {**codes, **_ask_live(partner, questions, digest)}


def connections(env):
    """Return the connections that were ever started: a SPAR may have an address.

    :rtype: ``g2p.spar.connection``
    """
    return env["g2p.spar.connection"].sudo().search([("state", "!=", "draft")])


def question_of(partner, entry):
    """Return the query of a registrant: its ID is the one at SPAR, or else the current.

    :param recordset partner: the registrant
    :param ~..engine.decide.Progress entry: the mapping, or None
    :rtype: Question
    """
    spar_id = entry and entry.id_at_spar
    return Question(spar_id or partner.sudo()._spar_get_id() or None, entry)


def entries_of(partner):
    """Return the registrant's mappings as the engine reads them, by connection.

    :rtype: dict[int, ~..engine.decide.Progress]
    """
    partner.env.flush_all()
    entries = store.read_mappings(partner.env, SQL("m.partner_id = %s", partner.id))
    return {entry.connection_id: entry for entry in entries}


def last_answers(partner):
    """Return the last answers about a registrant, by connection.

    :rtype: dict[int, ``g2p.spar.reading``]
    """
    Reading = partner.env["g2p.spar.reading"].sudo()
    known = Reading.search([("partner_id", "=", partner.id)])
    return {reading.connection_id.id: reading for reading in known}


def asker_digest(env, asker=None):
    """Return the digest of a person, by which slots and queries are counted.

    :param str asker: the person who asks, if that is not the user
    :rtype: str
    """
    name = f"asker {asker}" if asker else f"user {env.uid}"
    return keyed_hash(env, name)


def _reason_not_to_ask(connection, question):
    """Return the code of the reason why SPAR must not be asked, or None."""
    if restore_guard.is_neutralised(connection.env):
        return "copy"
    if connection.state != "running":
        return "paused"
    if not question.spar_id:
        return "no_id"
    if connection.breaker_state != "closed":
        return "resting"
    return None


def _recent_code(connection, question, answers):
    """Return the code of the last query if it is recent and still true, else None."""
    reading = answers.get(connection.id)
    if not reading or reading.spar_id != question.spar_id:
        return None
    since = store.now(connection.env) - timedelta(seconds=REUSE_SECONDS)
    seen_at = question.entry and question.entry.seen_at
    changed = seen_at and seen_at >= reading.tried_at
    return None if changed or reading.tried_at < since else reading.code or ""


def _count_recent(env, digest):
    since = fields.Datetime.now() - timedelta(minutes=1)
    mine = [("asker", "=", digest), ("tried_at", ">", since)]
    return env["g2p.spar.reading"].sudo().search_count(mine)


def _ask_live(partner, questions, digest):
    """Ask SPAR without an open transaction, and store the answers.

    :return: as :func:`ask`
    """
    env = partner.env
    codes, calls = _signed_calls(env, questions)
    asked_at = store.now(env)
    commit(env)
    with query_slot(env, digest) as taken:
        if not taken:
            for client, _signed in calls.values():
                client.close()
            return {**codes, **dict.fromkeys(calls, "busy")}
        results = ask_all(calls)
    answers = {
        key: (questions[key], calls[key][1].items[0], result)
        for key, result in results.items()
    }
    try:
        commit_with_retry(env, lambda: _keep(partner, answers, asked_at, digest))
    except Busy:
        # Only stored answers are shown.
        return {**codes, **dict.fromkeys(calls, "busy")}
    return {**codes, **{key: code_of(result) for key, result in results.items()}}


def _signed_calls(env, questions):
    """Return, by connection, codes of problems, and clients with a signed request."""
    codes, calls = {}, {}
    for connection in connections(env).browse(questions):
        item = Item(uuid.uuid4().hex, questions[connection.id].spar_id)
        try:
            client = connection._client(TIMEOUTS)
            calls[connection.id] = client, client.sign_request(RESOLVE, [item])
        except KeyProblem:
            codes[connection.id] = "key"
    return codes, calls


def ask_all(calls, max_seconds=MAX_SECONDS):
    """Send these requests, all at the same time.

    A thread that is still running after ``max_seconds`` ends at the time limits of its
    client. The threads send and receive bytes and do nothing else.

    :param dict calls: ``(open client, signed request with one item)`` by any key
    :param float max_seconds: how long to wait for all of them together
    :return: by key the :class:`~..spar.answers.Result`, or None if none came in time
    """
    replies = {}

    def send(key, client, signed):
        with client:
            replies[key] = client.deliver(signed)

    threads = [
        # A daemon thread does not delay the server's stop.
        threading.Thread(target=send, args=(key, *call), daemon=True)
        for key, call in calls.items()
    ]
    deadline = time.monotonic() + max_seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    # A copy, because a late answer may still be added.
    in_time = dict(replies)
    return {
        key: result_of(*call, in_time[key]) if key in in_time else None
        for key, call in calls.items()
    }


def result_of(client, signed, reply):
    """Return what SPAR answered about the one item of a request.

    :rtype: ~..spar.answers.Result
    """
    (result,) = client.read_answer(signed, reply).results.values()
    return result


def code_of(result):
    """Return the code of the reason why there is no answer, or ``""`` if there is one.

    :param result: a :class:`~..spar.answers.Result`, or None if none came in time
    """
    if result is None or result.outcome in (Outcome.AMBIGUOUS, Outcome.TRANSIENT):
        return "away"
    if result.outcome == Outcome.PARTNER:
        return "refused"
    return "" if result.outcome == Outcome.DONE else "unclear"


# === KEEPING THE LAST ANSWER === #


def _keep(partner, answers, asked_at, digest):
    """Store SPAR's answers, or the reason why there is none.

    :param recordset partner: the registrant
    :param answers: by connection the question, its item and its result
    :param datetime asked_at: a moment before SPAR was asked
    :param str digest: of the person who asked
    """
    known = last_answers(partner)
    for connection, (question, item, result) in answers.items():
        reading = known.get(connection)
        values = {
            "spar_id": item.spar_id,
            "tried_at": asked_at,
            "asker": digest,
            "code": code_of(result),
        }
        if not values["code"]:
            values.update(
                masked=masked(partner.env, result),
                seen=fingerprint(partner.env, result),
                read_at=asked_at,
                kind=_drift(partner.env, connection, question, item, result),
            )
        elif reading and reading.spar_id != item.spar_id:
            # The stored answer is about another ID.
            values.update(masked=False, seen=False, read_at=False, kind=False)
        if reading:
            reading.write(values)
        else:
            keys = {"partner_id": partner.id, "connection_id": connection}
            partner.env["g2p.spar.reading"].sudo().create({**values, **keys})


def _drift(env, connection, question, item, result):
    """Return how SPAR's answer differs from the requested address.

    A row that another registrant still has under this ID is no difference: it leaves
    first.

    :param int connection: id of the connection
    :return: a kind of a comparison's line, or a ``DRIFT_`` constant of :mod:`.drift`
    """
    entry = question.entry
    holders = {id_ for _id, id_ in store.holders_of(env, connection, [item.spar_id])}
    if holders - {entry and entry.id}:
        return DRIFT_MOVING
    if not entry:
        # No address was ever requested through this connection.
        return "left_over" if result.linked else DRIFT_NONE
    now, unresolved = comparable(env, [entry.id])
    if now != [entry]:
        return DRIFT_MOVING
    if unresolved:
        return DRIFT_UNRESOLVED
    wanted = wanted_of(env(su=True), [entry], in_use=True)[entry.id]
    return drift_at_rest(env, entry, wanted, item, result) or DRIFT_NONE
