"""Step 4, journal: commit "this request is about to be sent" before it is sent.

One row of ``g2p.spar.sending`` for the whole request, committed in a transaction of its
own. Its sender keeps the locks on the mappings and writes their rows once, when it
records the outcome. So a mapping that is part of a journaled request, that has recorded
no request as young as that one and that no session has locked, is one whose sender was
killed. A mapping is part of one such request at most.

The journal is read with the mappings' locks held, and in a transaction that began
afterwards: an older snapshot would not show what the last holder of the locks wrote.
"""

from dataclasses import dataclass, replace

from ..spar.codes import LINK, RESOLVE
from ..transactions import AutonomousTransaction
from . import store
from .decide import wait_for_id

#: Seconds after which another worker checks the outcome of a request.
GRACE = 10


@dataclass(frozen=True)
class UnresolvedRequest:
    """One mapping's part of a request whose sender was killed before recording it.

    :param number: the request's number in the journal
    :param request_id: its message ID
    :param operation: what was sent
    :param spar_id: the SPAR ID it was sent for
    """

    number: int
    request_id: str
    operation: str
    spar_id: str


# === WRITING === #


def write_intent(env, connection_id, request, recorded=()):
    """Journal a request that is about to be sent; its mappings' locks are held.

    What would link an ID that has, or may have, another registrant's row at SPAR is
    left out. Two workers cannot both find the same ID free: only one at a time reads
    and writes the journal.

    :param Environment env: of a transaction that has not begun
    :param int connection_id: the connection it is sent through
    :param ~.claim.Request request: what was claimed
    :param list recorded: numbers of earlier requests whose outcome is recorded; they
        are deleted
    :return: the request with its number and the parts that may be sent; None when the
        connection has changed since the claim
    """
    store.lock_journal(env)
    if recorded:
        store.delete_requests(env, recorded)
    if store.version(env, connection_id) != request.version:
        return None
    parts = request.parts
    if request.operation == LINK:
        wanted = {part.item.spar_id: id_ for id_, part in parts.items()}
        for spar_id in _ids_of_others(env, connection_id, wanted):
            parts = {**parts}
            del parts[wanted[spar_id]]
    if not parts:
        return replace(request, parts=parts)
    spar_ids = {id_: part.item.spar_id for id_, part in parts.items()}
    number = store.insert_request(
        env, connection_id, request.id, request.operation, spar_ids
    )
    return replace(request, number=number, parts=parts)


def _ids_of_others(env, connection_id, wanted):
    """Return the SPAR IDs under which another mapping has or may have a row.

    :param dict wanted: mapping ids by SPAR ID
    :rtype: set
    """
    held = _holders(env, connection_id, wanted)
    return {id_ for id_, mapping in held if wanted.get(id_, mapping) != mapping}


def _holders(env, connection_id, spar_ids):
    """Return pairs of a SPAR ID and a mapping that has, or may have, its row.

    Also of a request of which is not recorded whether it has linked that ID.

    :rtype: list[tuple]
    """
    linking = _unrecorded(env, store.requests_for(env, connection_id, LINK, spar_ids))
    return store.holders_of(env, connection_id, spar_ids) + [
        (request.spar_id, id_) for id_, request in linking
    ]


def stop_and_read(env, connection_id, spar_ids, ids):
    """Have no worker journal a request until the caller's transaction ends; read.

    The last statements of a transaction: all workers wait for it.

    :param Environment env: of the transaction that has locked these mappings
    :param int connection_id: of these mappings
    :param spar_ids: SPAR IDs
    :param ids: of mappings
    :return: the mapping that has or may have a row, by SPAR ID; and those of these
        mappings that are part of a request of unknown outcome
    :rtype: tuple[dict, set]
    """
    store.lock_journal(env)
    # The caller's transaction may not see what was journaled until now.
    with AutonomousTransaction(env) as autonomous:
        holders = dict(_holders(autonomous.env, connection_id, spar_ids))
        return holders, {*unresolved(autonomous.env, ids)}


def leave_out(claim, request):
    """Let mappings wait whose ID has another registrant's row; that one leaves first.

    :param ~.claim.Claim claim: what was claimed
    :param ~.claim.Request request: what of it may be sent
    :return: the claim with that request, or without a request
    :rtype: ~.claim.Claim
    """
    for entry in claim.entries:
        if entry.id in claim.request.parts and entry.id not in request.parts:
            wait_for_id(entry, request.policy)
    return replace(claim, request=request if request.parts else None)


# === READING === #


def unresolved(env, ids):
    """Return the requests of unknown outcome of these mappings.

    :param list ids: of mappings
    :return: :class:`UnresolvedRequest` by mapping id
    :rtype: dict
    """
    found = _unrecorded(env, store.requests_about(env, ids))
    wanted = set(ids)
    return {id_: request for id_, request in found if id_ in wanted}


def unresolved_while_paused(env, ids):
    """Return the mappings with a lost answer that the engine does not resolve.

    It does not while sending is paused, for one registrant or the connection.

    :param list ids: of mappings
    :return: by id the SPAR ID of the request
    :rtype: dict[int, str]
    """
    if not ids:
        return {}
    env.flush_all()
    paused = store.paused_mappings(env, ids)
    if not paused:
        return {}
    # Also of a request whose sender was killed: no worker has taken it over yet.
    requests = unresolved(env, [*paused])
    sent = {
        id_: request.spar_id
        for id_, request in requests.items()
        if request.operation != RESOLVE
    }
    return sent | {id_: spar_id for id_, spar_id in paused.items() if spar_id}


def with_unresolved(mappings):
    """Return those of these mappings whose last request was lost with its sender.

    :param recordset mappings: ``g2p.spar.mapping``
    """
    # Not in the caller's transaction: it may have begun before that request was.
    with AutonomousTransaction(mappings.env) as autonomous:
        return mappings.browse(unresolved(autonomous.env, mappings.ids))


def _unrecorded(env, requests):
    """Return the mappings of journaled requests for which no outcome is recorded.

    :param list requests: as of :func:`~.store.requests_about`
    :return: pairs of a mapping's id and an :class:`UnresolvedRequest`
    :rtype: list
    """
    if not requests:
        return []
    ids = {int(id_) for *_request, parts in requests for id_ in parts}
    recorded = store.recorded_numbers(env, ids)
    return [
        (int(id_), UnresolvedRequest(number, request_id, operation, spar_id))
        for number, request_id, operation, parts in requests
        for id_, spar_id in parts.items()
        if recorded.get(int(id_), number) < number
    ]
