"""Drift: how what SPAR holds differs from what is requested, and what can be done."""

from ..engine import journal, store
from ..engine.digest import digest, of_address
from ..spar.answers import Outcome

#: Besides the kinds of a comparison: nothing differs; the engine is processing it.
DRIFT_NONE, DRIFT_MOVING = "same", "moving"
#: An answer was lost, and the engine does not resolve it, as sending is paused.
DRIFT_UNRESOLVED = "unresolved"

#: Drift that sending ours again ends.
RESENDABLE = ("ours_newer", "spar_newer", "unknown", "left_over")
#: Drift that importing SPAR's address ends.
IMPORTABLE = ("ours_newer", "spar_newer", "left_over")


def comparable(env, ids):
    """Return those of these mappings that can be compared with SPAR, in order.

    Those at rest, and those with a lost answer that the engine does not resolve.

    :param ids: of mappings
    :return: the mappings, and by id the SPAR IDs of such lost answers
    :rtype: tuple[list[~..engine.decide.Progress], dict[int, str]]
    """
    unresolved = journal.unresolved_while_paused(env, list(ids))
    return store.read_at_rest(env, ids, others=unresolved), unresolved


def drift_at_rest(env, entry, wanted, item, result):
    """Return how SPAR differs from what should be there, or None.

    :param Environment env: of any user
    :param ~..engine.decide.Progress entry: the mapping, at rest
    :param ~..engine.decide.Wanted wanted: what should be there
    :param ~..spar.answers.Item item: what was resolved
    :param ~..spar.answers.Result result: what SPAR answered
    """
    if result.outcome != Outcome.DONE:
        return "unclear"
    # Under another ID than the resolved one, nothing is wanted.
    ours = wanted.spar_id == item.spar_id and wanted.value
    if not result.linked:
        return "unknown" if ours else None
    if wanted.broken:
        return None
    if not ours:
        return "left_over"
    if result.fa is None:
        return "unreadable"
    theirs = digest(env, result.fa, result.strategy_number)
    if theirs == of_address(wanted.digest):
        return None
    return "ours_newer" if theirs == of_address(entry.held_digest) else "spar_newer"


def drift_while_waiting(env, entry, wanted, item, result):
    """Return how SPAR differs from what was last seen there, or None.

    :param Environment env: of any user
    :param ~..engine.decide.Progress entry: the mapping, with something to send
    :param ~..engine.decide.Wanted wanted: what is to be sent
    :param ~..spar.answers.Item item: what was resolved
    :param ~..spar.answers.Result result: what SPAR answered
    """
    kind = drift_at_rest(env, entry, wanted, item, result)
    if kind == "unknown" and not entry.linked_spar_id:
        return None
    if kind == "left_over" and result.fa is not None:
        theirs = digest(env, result.fa, result.strategy_number)
        return None if theirs == of_address(entry.held_digest) else "spar_newer"
    return None if kind == "ours_newer" else kind


def masked(env, result, strategies=None):
    """Return what SPAR holds, with the number masked; False without an address.

    :param ~..spar.answers.Result result: what SPAR answered
    :param strategies: all of them, where much is masked; looked up if not given
    """
    if result.outcome != Outcome.DONE or not result.linked:
        return False
    strategies = strategies or env["g2p.fa.strategy"].sudo()
    return strategies._spar_masked(result.fa, result.strategy_number)


def fingerprint(env, result):
    """Return a keyed hash of what SPAR holds; False when that cannot be read.

    Two different numbers may be masked alike: what a person decides about is compared
    by this.

    :param env: of any model
    :param ~..spar.answers.Result result: SPAR's answer to a resolve
    """
    return digest(env, result.fa, result.strategy_number) or False
