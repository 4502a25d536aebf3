"""The live query: what SPAR holds for the registrant on a screen.

Nothing is locked and no transaction is open while SPAR is asked. The last answer is
kept in ``g2p.spar.reading``: it is shown while SPAR is down.
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
from ..spar.keys import KeyProblem
from ..spar.words import RESOLVE
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

#: Seconds to reach SPAR and to wait for its answer. The engine waits much longer, as
#: what it sends must not be lost; here a person waits.
LIMITS = 2.0, 3.0
#: Seconds after which waiting ends, whatever SPAR and the network do.
PATIENCE = 5.0
#: Seconds for which an answer is shown again rather than asked for.
FRESH = 3
#: Registrants one person may ask about in a minute.
MAX_PER_MINUTE = 60


@dataclass(frozen=True)
class Question:
    """What one SPAR is asked.

    :param spar_id: the ID to resolve, or None
    :param ~..engine.decide.Progress entry: the mapping as it is now, or None
    """

    spar_id: str | None
    entry: object


# === ASKING === #


def ask(partner, asker=None):
    """Ask every SPAR about a registrant, if that may be done now.

    What was done before in this transaction is committed. For the answer of a screen
    only.

    :param recordset partner: a registrant the user may see
    :param str asker: who asks, where that is not the user
    :return: by connection why it was not answered, or ``""`` when it was
    :rtype: dict[int, str]
    """
    codes, questions = {}, {}
    entries = entries_of(partner)
    answers = last_answers(partner)
    for connection in connections(partner.env):
        question = question_of(partner, entries.get(connection.id))
        code = _obstacle(connection, question)
        if code is None:
            code = _fresh_code(connection, question, answers)
        if code is None:
            questions[connection.id] = question
        else:
            codes[connection.id] = code
    if not questions:
        return codes
    digest = asker_digest(partner.env, asker)
    if _asked_lately(partner.env, digest) >= MAX_PER_MINUTE:
        return {**codes, **dict.fromkeys(questions, "often")}
    return {**codes, **_ask_live(partner, questions, digest)}


def connections(env):
    """Return the connections a registrant's address may be at.

    :rtype: ``g2p.spar.connection``
    """
    return env["g2p.spar.connection"].sudo().search([("state", "!=", "draft")])


def question_of(partner, entry):
    """Return what SPAR is asked about a registrant.

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
    """Return what SPAR answered last about a registrant, by connection.

    :rtype: dict[int, ``g2p.spar.reading``]
    """
    Reading = partner.env["g2p.spar.reading"].sudo()
    known = Reading.search([("partner_id", "=", partner.id)])
    return {reading.connection_id.id: reading for reading in known}


def asker_digest(env, asker=None):
    """Return the digest by which a person's queries are counted.

    :param str asker: who asks, where that is not the user
    :rtype: str
    """
    name = f"asker {asker}" if asker else f"user {env.uid}"
    return keyed_hash(env, name)


def _obstacle(connection, question):
    """Return why SPAR must not be asked, or None when it may be."""
    if restore_guard.is_neutralised(connection.env):
        return "copy"
    if connection.state != "running":
        return "paused"
    if not question.spar_id:
        return "no_id"
    if connection.breaker_state != "closed":
        return "resting"
    return None


def _fresh_code(connection, question, answers):
    """Return the code of the last query if nothing is new since, else None."""
    reading = answers.get(connection.id)
    if not reading or reading.spar_id != question.spar_id:
        return None
    since = store.now(connection.env) - timedelta(seconds=FRESH)
    seen_at = question.entry and question.entry.seen_at
    moved = seen_at and seen_at >= reading.tried_at
    return None if moved or reading.tried_at < since else reading.code or ""


def _asked_lately(env, digest):
    since = fields.Datetime.now() - timedelta(minutes=1)
    mine = [("asker", "=", digest), ("tried_at", ">", since)]
    return env["g2p.spar.reading"].sudo().search_count(mine)


def _ask_live(partner, questions, digest):
    """Ask, outside of any transaction, and keep the answers.

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
        # What is shown is what was kept.
        return {**codes, **dict.fromkeys(calls, "busy")}
    return {**codes, **{key: code_of(result) for key, result in results.items()}}


def _signed_calls(env, questions):
    """Return why SPAR cannot be asked, and client and signed request where it can."""
    codes, calls = {}, {}
    for connection in connections(env).browse(questions):
        item = Item(uuid.uuid4().hex, questions[connection.id].spar_id)
        try:
            client = connection._client(LIMITS)
            calls[connection.id] = client, client.sign_request(RESOLVE, [item])
        except KeyProblem:
            codes[connection.id] = "key"
    return codes, calls


def ask_all(calls, patience=PATIENCE):
    """Send these requests, all at the same time.

    A thread that outlasts the patience ends by itself, as its client has limits, too.
    Threads send and receive bytes and do nothing else.

    :param dict calls: ``(open client, signed request with one item)`` by any key
    :param float patience: seconds
    :return: by key the :class:`~..spar.answers.Result`, or None if none came in time
    """
    replies = {}

    def send(key, client, signed):
        with client:
            replies[key] = client.deliver(signed)

    threads = [
        # Not waited for when the server stops.
        threading.Thread(target=send, args=(key, *call), daemon=True)
        for key, call in calls.items()
    ]
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    # As of now: another answer may still come.
    came = dict(replies)
    return {
        key: result_of(*call, came[key]) if key in came else None
        for key, call in calls.items()
    }


def result_of(client, signed, reply):
    """Return what SPAR answered about the one item of a request.

    :rtype: ~..spar.answers.Result
    """
    (result,) = client.read_answer(signed, reply).results.values()
    return result


def code_of(result):
    """Return why there is no answer, or ``""`` when there is one.

    :param result: a :class:`~..spar.answers.Result`, or None if none came in time
    """
    if result is None or result.outcome in (Outcome.AMBIGUOUS, Outcome.TRANSIENT):
        return "away"
    if result.outcome == Outcome.PARTNER:
        return "refused"
    return "" if result.outcome == Outcome.DONE else "unclear"


# === KEEPING THE LAST ANSWER === #


def _keep(partner, answers, asked_at, digest):
    """Keep what SPAR answered, or that it did not.

    :param recordset partner: who was asked about
    :param answers: by connection the question, its item and its result
    :param datetime asked_at: before SPAR was asked
    :param str digest: of who asked
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
                kind=_drift(partner.env, question, item, result),
            )
        elif reading and reading.spar_id != item.spar_id:
            # What was held under another ID says nothing about this one.
            values.update(masked=False, seen=False, read_at=False, kind=False)
        if reading:
            reading.write(values)
        else:
            keys = {"partner_id": partner.id, "connection_id": connection}
            partner.env["g2p.spar.reading"].sudo().create({**values, **keys})


def _drift(env, question, item, result):
    """Return how SPAR differs from what is requested.

    :return: a kind of difference, or a ``DRIFT_`` of :mod:`.drift`
    """
    entry = question.entry
    if not entry:
        # Nothing was ever requested through this connection.
        return "left_over" if result.linked else DRIFT_NONE
    now, unresolved = comparable(env, [entry.id])
    if now != [entry]:
        return DRIFT_MOVING
    if unresolved:
        return DRIFT_UNRESOLVED
    wanted = wanted_of(env(su=True), [entry], in_use=True)[entry.id]
    return drift_at_rest(env, entry, wanted, item, result) or DRIFT_NONE
