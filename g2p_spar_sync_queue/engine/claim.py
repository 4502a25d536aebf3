"""Step 2, claim: lock due mappings, take up their newest change, choose one request."""

import logging
import uuid
from dataclasses import dataclass, replace

from odoo.tools import SQL

from ..spar.answers import Item
from ..spar.codes import LINK, UPDATE
from ..transactions import AutonomousTransaction, commit
from . import breaker, journal, rate_limit, store
from .decide import RetryPolicy, Wanted, choose_request, plan_steps
from .digest import digest

_logger = logging.getLogger(__name__)

#: Before the first change: its date and id.
START = ("-infinity", 0)


@dataclass(frozen=True)
class Part:
    """One mapping's part of a request.

    :param ~..spar.answers.Item item: what is sent
    :param ~.decide.Wanted wanted: what was wanted when it was claimed
    :param tried: whether an attempt has failed before
    """

    item: Item
    wanted: Wanted
    tried: bool


@dataclass(frozen=True)
class Request:
    """One claimed request, with all its sender needs, so that nothing is read again.

    :param id: its message ID
    :param number: its number in the journal, None before it is journaled
    :param operation: link, update, unlink or resolve
    :param parts: :class:`Part` by mapping id
    :param full: whether there was as much to do as one request holds
    :param well: whether SPAR was answering
    :param ~.decide.RetryPolicy policy: how long to wait after which failure
    :param limited: whether the speed is limited
    :param version: of what it was made, see :func:`~.store.version`
    """

    id: str
    number: int | None
    operation: str
    parts: dict
    full: bool
    well: bool
    policy: object
    limited: bool
    version: tuple


@dataclass(frozen=True)
class Claim:
    """What was claimed.

    :param request: the :class:`Request` to send now, or None
    :param entries: list of :class:`~.decide.Progress`; all their rows are locked
    :param size: how many were considered
    """

    request: Request | None
    entries: list
    size: int


def claim_mappings(mappings, autonomous=None):
    """Claim those of these mappings that are due; see :func:`claim_locked`.

    :param recordset mappings: ``g2p.spar.mapping`` of one connection
    :rtype: Claim
    """
    mappings = mappings.sudo()
    limit = rate_limit.batch_limit(mappings.connection_id[:1])
    entries = store.lock_due(mappings.env, mappings.ids, limit)
    return claim_locked(mappings.env, entries, autonomous)


def claim_backlog(connection, autonomous=None, position=None, since=0, oldest=False):
    """Claim what has been due longest through a connection.

    First what is on its way already, then changes that are not taken up yet; while SPAR
    fails on changes, what has failed comes last.

    :param autonomous: as for :func:`claim_locked`
    :param position: the newest change considered before; those up to it are locked by
        other workers, or have to wait
    :param int since: seconds for which it must have been due
    :param bool oldest: as for :func:`claim_locked`
    :return: the :class:`Claim` and the new position
    """
    env = connection.sudo().env
    limit = rate_limit.batch_limit(connection)
    # While SPAR fails on changes, one that has not failed yet comes first: it must not
    # wait for those that have.
    is_failing = bool(connection.breaker_change_failures)
    entries = store.lock_moving(env, connection.id, limit, since, untried=is_failing)
    if len(entries) < limit:
        known = {entry.id for entry in entries}
        rows = store.lock_queued(
            env, connection.id, limit - len(entries), position or START, since
        )
        position = tuple(rows[-1][:2]) if rows else None
        for _date, _change_id, entry in rows:
            # Several changes of one registrant are one piece of work.
            if entry.id not in known:
                known.add(entry.id)
                entries.append(entry)
    if is_failing and not entries:
        entries = store.lock_moving(env, connection.id, limit, since)
    return claim_locked(env, entries, autonomous, oldest=oldest), position


def claim_locked(env, entries, autonomous=None, narrowed=False, oldest=False):
    """Decide the next step of each, and one request; nothing is sent or journaled.

    The locks are kept until it has been sent and its outcome is recorded. So they are
    released first for the mappings whose step is another one: those are claimed in the
    next round, or by another worker.

    The number of statements does not depend on the number of mappings.

    :param entries: list of :class:`~.decide.Progress`, their rows locked
    :param autonomous: an :class:`~..transactions.AutonomousTransaction` that has not
        begun, to see whose sender was killed; by default this transaction is used
    :param bool narrowed: whether this is about one request already
    :param bool oldest: whether it is the request that has been due longest, and not the
        one with most mappings
    :rtype: Claim
    """
    if not entries:
        return Claim(None, [], 0)
    connection = connection_of(env, entries)
    policy = retry_policy(connection)
    _take_up_changes(env, connection, entries)
    lost = _take_over_unresolved(env, entries, autonomous, policy)
    rest = [entry for entry in entries if entry not in lost]
    planned = plan_steps(rest, wanted_of(env, rest))
    chosen = choose_request(
        planned, oldest, careful=bool(connection.breaker_change_failures)
    )
    if len(chosen) < len(planned) and not narrowed:
        store.save_progress(env, entries)
        release_locks(env)
        mine = store.lock_again(env, [one.entry.id for one in chosen])
        claim = claim_locked(env, mine, autonomous, narrowed=True)
        return replace(claim, size=len(entries))
    request = None
    if chosen:
        full = narrowed or len(entries) >= rate_limit.batch_limit(connection)
        request = _request(chosen, connection, policy, full)
    return Claim(request, entries, len(entries))


def release_locks(env):
    """Commit what was decided, and with it release the locks."""
    commit(env)


def connection_of(env, entries):
    """Return the connection of a batch; all of it has the same one.

    :rtype: ``g2p.spar.connection``
    """
    return env["g2p.spar.connection"].sudo().browse(entries[0].connection_id)


def retry_policy(connection):
    """Return how long to wait after which failure, as of now.

    :rtype: ~.decide.RetryPolicy
    """
    connection.ensure_one()
    return RetryPolicy(
        store.now(connection.env),
        connection.cool_down,
        connection.retry_base,
        connection.retry_cap,
    )


def _take_up_changes(env, connection, entries):
    """Make a waiting change the wanted one, and supersede what it replaces.

    That is the newest one. On a connection that sends every value it is the oldest, and
    only when the one before is done. There, changes of an ID that the registrant has no
    more are replaced, too: what was entered for it may be another person's, for example
    after a merge of duplicates was undone. So is all but the last of one transaction: a
    merge first gives the other ID, then the other address.
    """
    every = connection.send_every_value
    waiting = store.queued_changes(env, [entry.id for entry in entries])
    left = set()
    if every:
        known = {entry.wanted_change_id for entry in entries} - {None}
        left = store.changes_not_sent(env, list(known.union(*waiting.values())))
    for entry in entries:
        ids = waiting.get(entry.id)
        if not ids or (
            every and entry.is_moving and entry.wanted_change_id not in left
        ):
            continue
        # All but the newest, which says what is wanted in any case.
        passed = [id_ for id_ in ids[:-1] if not every or id_ in left]
        chosen = next(id_ for id_ in ids if id_ not in passed)
        entry.take_up(chosen, passed)


def _take_over_unresolved(env, entries, autonomous, policy):
    """Have those resolved whose sender was killed, before anything else is sent.

    :return: those entries
    """
    autonomous = autonomous or AutonomousTransaction(env, same=True)
    requests = journal.unresolved(autonomous.env, [entry.id for entry in entries])
    autonomous.commit()
    lost = [entry for entry in entries if entry.id in requests]
    for entry in lost:
        _logger.info("mapping %s: its sender died, to be resolved", entry.id)
        entry.lose_sender(requests[entry.id], policy)
    return lost


def _request(chosen, connection, policy, full):
    """Return the :class:`Request` that takes these steps, which are alike."""
    parts = {}
    request_id = uuid.uuid4()
    for number, planned in enumerate(chosen):
        step, wanted = planned.step, planned.wanted
        value, details = (), {}
        if step.operation in (LINK, UPDATE):
            value, details = wanted.value, wanted.details
        reference = f"{request_id.hex}-{number}"
        item = Item(reference, step.spar_id, *value, **details)
        parts[planned.entry.id] = Part(item, wanted, bool(planned.entry.attempts))
    return Request(
        id=str(request_id),
        number=None,
        operation=step.operation,
        parts=parts,
        full=full,
        well=breaker.was_answered(connection),
        policy=policy,
        limited=bool(connection.max_per_second),
        version=store.version(connection.env, connection.id),
    )


# === WHAT IS WANTED === #


def wanted_of(env, entries, in_use=False):
    """Return the :class:`~.decide.Wanted` of each mapping by its id, as of now.

    :param entries: list of :class:`~.decide.Progress` of one connection
    :param bool in_use: whether it is about the address in use, also where every value
        is sent; that is what SPAR is compared with
    :rtype: dict
    """
    partners = env["res.partner"].sudo().browse(entry.partner_id for entry in entries)
    # Only what is needed: a contact has many columns.
    partners.fetch(["spar_id", "spar_id_shared", *partners._spar_fields()])
    # An address may be unwritable, for example because its provider was renamed. It
    # must not stop those it would have travelled with.
    written_of = _written(env, entries, in_use) if entries else {}
    served = entries and store.served_companies(env, entries[0].connection_id)
    # Not from this process's cache: a worker runs for long.
    settings = env["g2p.fa.settings"]._read_values()
    wanted = {}
    for entry, partner in zip(entries, partners, strict=True):
        value, known_by, broken, details = None, None, False, {}
        if entry.id in written_of and partner._spar_is_paid(served):
            written = written_of[entry.id]
            broken = written is None
            if written:
                value = written[:2]
                details = partner._spar_details(settings)
                known_by = digest(env, *value, details)
                details["parts"] = written.parts
        spar_id = partner._spar_get_id() or None
        shared = partner._spar_get_shared_id() or None
        wanted[entry.id] = Wanted(spar_id, value, known_by, broken, details, shared)
    return wanted


def _written(env, entries, in_use):
    """Return the address to send by mapping id, if there is one.

    The one in use now; where every value is sent, the one of the wanted change.

    :param bool in_use: as for :func:`wanted_of`
    :rtype: dict[int, SparText or None]
    """
    connection = connection_of(env, entries)
    Address = env["g2p.financial.address"]
    if in_use or not connection.send_every_value:
        partners = {entry.partner_id: entry.id for entry in entries}
        chosen = SQL("a.state = 'effective' AND a.partner_id = ANY(%s)", [*partners])
        found = Address._spar_texts_for(connection.dialect, chosen).values()
        return {partners[partner]: written for partner, written in found}
    ids = store.addresses_of_changes(env, [entry.wanted_change_id for entry in entries])
    found = Address._spar_texts_for(
        connection.dialect, SQL("a.id = ANY(%s)", [*ids.values()])
    )
    return {id_: found[address][1] for id_, address in ids.items()}
