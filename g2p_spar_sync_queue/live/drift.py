"""Drift: how the address at SPAR differs from the requested one, and what ends it.

The values are the kinds of a comparison's lines, ``g2p.spar.reconciliation.line``, and
three of this module.
"""

from odoo.tools import SQL

from ..engine import journal, store
from ..engine.digest import digest, of_address
from ..spar.answers import Outcome

#: Nothing differs.
DRIFT_NONE = "same"
#: The engine is processing the registrant, so nothing can be compared.
DRIFT_MOVING = "moving"
#: An answer was lost, and the engine does not resolve it because sending is paused.
DRIFT_UNRESOLVED = "unresolved"

#: Kinds of a line that only say that nothing could be compared.
UNCOMPARED = ("unclear", DRIFT_UNRESOLVED)
#: The lines of differences that people have to decide about.
DRIFT = [("state", "=", "open"), ("kind", "not in", UNCOMPARED)]
#: The lines of registrants about whom SPAR has to be asked again.
NOT_COMPARED = [("state", "=", "open"), ("kind", "in", UNCOMPARED)]
#: :data:`DRIFT` in SQL, on a line ``l``.
DRIFT_FOUND = SQL("l.state = 'open' AND l.kind NOT IN %s", UNCOMPARED)
#: Drift that ends when the requested address is sent again.
RESENDABLE = ("ours_newer", "spar_newer", "unknown", "left_over")
#: Drift that ends when SPAR's address is imported.
IMPORTABLE = ("ours_newer", "spar_newer", "left_over")


def comparable(env, ids):
    """Return those of these mappings that can be compared with SPAR, in order.

    That is, mappings without pending work, and mappings with a lost answer that the
    engine does not resolve.

    :param ids: of mappings
    :return: the mappings; and by mapping id, the SPAR IDs of such lost answers
    :rtype: tuple[list[~..engine.decide.Progress], dict[int, str]]
    """
    unresolved = journal.unresolved_while_paused(env, list(ids))
    return store.read_at_rest(env, ids, others=unresolved), unresolved


def drift_at_rest(env, entry, wanted, item, result):
    """Return the drift of a mapping without pending work, or None.

    :param Environment env: of any user
    :param ~..engine.decide.Progress entry: the mapping
    :param ~..engine.decide.Wanted wanted: the requested state
    :param ~..spar.answers.Item item: what was resolved
    :param ~..spar.answers.Result result: what SPAR answered
    """
    if result.outcome != Outcome.DONE:
        return "unclear"
    # If another ID was resolved than the wanted one, that ID should have no address.
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
    """Return how SPAR differs from its last known state, or None.

    :param Environment env: of any user
    :param ~..engine.decide.Progress entry: the mapping, with a pending change
    :param ~..engine.decide.Wanted wanted: the state to be sent
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
    """Return the address at SPAR with its number masked; False without an address.

    :param ~..spar.answers.Result result: what SPAR answered
    :param strategies: all strategies, if the caller has read them for many calls
    """
    if result.outcome != Outcome.DONE or not result.linked:
        return False
    strategies = strategies or env["g2p.fa.strategy"].sudo()
    return strategies._spar_masked(result.fa, result.strategy_number)


def fingerprint(env, result):
    """Return a keyed hash of the address at SPAR; False if there is none to read.

    Different numbers can have the same masked text. So before a decision of a person is
    carried out, this hash is compared with the one of the address that was shown.

    :param Environment env: any
    :param ~..spar.answers.Result result: SPAR's answer to a resolve
    """
    return digest(env, result.fa, result.strategy_number) or False
