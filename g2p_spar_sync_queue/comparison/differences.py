"""Compares SPAR's answer with what should be there, and lists what differs."""

from collections import defaultdict

from odoo.tools import SQL

from ..engine import store
from ..engine.claim import wanted_of
from ..engine.digest import digest
from ..live.drift import (
    DRIFT_UNRESOLVED,
    drift_at_rest,
    drift_while_waiting,
    fingerprint,
    masked,
)
from . import lines
from .questions import comparable, decides_resuming


def list_differences(run, question, answer):
    """Compare, without registrants that changed since SPAR was asked.

    An undecided difference found earlier is renewed, or closed if there is none. The
    transaction must have begun after the answer came.

    :param run: the ``g2p.spar.reconciliation``
    :param ~.questions.Question question: what was asked
    :param ~..spar.answers.Answer answer: SPAR's; None where there was nothing to ask
    """
    env = run.env
    before = {entry.id: entry for entry in question.compared}
    found, unresolved = comparable(run, question.compared)
    now = [entry for entry in found if before.get(entry.id) == entry]
    resting = _at_rest(run, now, unresolved)
    if decides_resuming(run):
        unresolved = {}
    wanted = wanted_of(env, now, in_use=True)
    left_over = lines.left_over(env, [entry.id for entry in now])
    differing, kept = [], set()
    for entry in now:
        former = left_over.get(entry.id, ())
        items = question.items.get(entry.id, ())
        # A row under an ID that was not asked about may still be there.
        kept |= {(entry.id, id_) for id_ in former}
        kept -= {(entry.id, item.spar_id) for item in items}
        for item in items:
            result = answer.results[item.reference_id]
            is_settled = entry.id in resting or (
                item.spar_id in former and item.spar_id != entry.id_at_spar
            )
            compare = drift_at_rest if is_settled else drift_while_waiting
            kind = compare(env, entry, wanted[entry.id], item, result)
            if item.spar_id == unresolved.get(entry.id):
                kind = DRIFT_UNRESOLVED
            if kind:
                kept.add((entry.id, item.spar_id))
                differing.append((entry, item, result, kind))
    lines.close(env, [entry.id for entry in now], kept)
    lines.renew(run, _values(run, differing))


def _at_rest(run, entries, unresolved):
    """Return the ids of those the engine has nothing to do with.

    :param list entries: and ``unresolved``, as ``comparable`` has returned them
    :rtype: set[int]
    """
    if unresolved or decides_resuming(run):
        entries = store.read_at_rest(run.env, [entry.id for entry in entries])
    return {entry.id for entry in entries}


def _values(run, differing):
    """Return the values of the lines that show what differs.

    :param list differing: of mapping, item, result and kind of the difference
    :rtype: list[dict]
    """
    env = run.env
    newer = [entry for entry, *_which, kind in differing if kind == "spar_newer"]
    confirmed = _confirmed(run, newer) if newer else {}
    # pylint: disable=no-search-all; there are a handful of them
    strategies = differing and env["g2p.fa.strategy"].sudo().search([])
    values = []
    for entry, item, result, kind in differing:
        theirs = digest(env, result.fa, result.strategy_number)
        if kind == "spar_newer" and theirs in confirmed.get(entry.id, ()):
            kind = "ours_newer"
        values.append(
            {
                "mapping_id": entry.id,
                "kind": kind,
                "spar_id": item.spar_id,
                "masked": masked(env, result, strategies),
                "seen": fingerprint(env, result),
            }
        )
    return values


def _confirmed(run, entries):
    """Return which addresses SPAR confirmed of mappings that do not remember it.

    That shows who is newer where a change was taken up and not confirmed: from then on
    it is not remembered what SPAR held.

    :return: digests by mapping id
    :rtype: dict[int, set[str]]
    """
    ids = [entry.id for entry in entries if not entry.held_digest]
    changes = run.env["g2p.spar.change"].search(
        [("mapping_id", "in", ids), ("state", "=", "sent")]
    )
    texts = changes.address_id._spar_texts_for(
        run.connection_id.dialect, SQL("a.id = ANY(%s)", changes.address_id.ids)
    )
    digests = defaultdict(set)
    for change in changes:
        _partner, written = texts.get(change.address_id.id, (None, None))
        if written:
            digests[change.mapping_id.id].add(digest(run.env, *written[:2]))
    return digests
