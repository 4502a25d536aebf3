"""Step 6, record: apply the answer, write the batch back."""

from functools import partial

from ..spar.answers import Outcome
from . import store
from .decide import ENDED, IN_SYNC, Recorder
from .digest import digest


def record_answer(env, claim, answer):
    """Record the outcome of each item of a request.

    The rows were locked when the request was decided and stay locked until the caller
    commits: that, not a clock, prevents a second request for them.

    :param Environment env: of the transaction that holds the locks
    :param ~.claim.Claim claim: what was claimed, its request journaled
    :param ~..spar.answers.Answer answer: SPAR's
    """
    request = claim.request
    mine = [entry for entry in claim.entries if entry.id in request.parts]
    # What was wanted when it was claimed: a later change waits to be taken up.
    parts = [request.parts[entry.id] for entry in mine]
    recorder = Recorder(
        answer,
        request.id,
        request.operation,
        alone=len(mine) == 1,
        well=request.well,
        policy=request.policy.at(store.now(env)),
        digest=partial(digest, env),
    )
    confirmed = []
    for position, (entry, part) in enumerate(zip(mine, parts, strict=True)):
        half = int(position >= len(mine) / 2)
        entry.mark_sent(request, part.item)
        recorder.record(entry, part.item, part.wanted, half)
        result = answer.results[part.item.reference_id]
        if result.outcome == Outcome.DONE and entry.state in (IN_SYNC, ENDED):
            confirmed.append((entry.id, part.item.spar_id))
    store.save_progress(env, claim.entries, request.parts)
    # Whatever a comparison found there before, SPAR has what is wanted by now.
    store.close_differences(env, confirmed)
    log_attempts(env, mine, request)


def log_attempts(env, entries, request):
    """Keep for which mappings a request did not succeed, in one statement.

    A success is visible on its change; a row for each would cost as much as the rest of
    recording it.

    :param entries: list of :class:`~.decide.Progress`, as recorded
    :param ~.claim.Request request: what was sent for them
    """
    rows = [
        {
            "mapping_id": entry.id,
            "change_id": entry.wanted_change_id,
            "connection_id": entry.connection_id,
            "outcome": entry.outcome,
            "reason_code": entry.reason_code,
        }
        for entry in entries
        if entry.outcome not in (None, Outcome.DONE.value)
    ]
    if rows:
        store.insert_attempts(env, rows, request.operation, request.id)
