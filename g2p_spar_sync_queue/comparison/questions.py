"""Which registrants are compared next, and under which IDs SPAR is asked."""

import uuid
from collections import defaultdict
from dataclasses import dataclass

from odoo.tools import SQL

from ..engine import journal, store
from ..live import drift
from ..spar.answers import Item
from . import lines


@dataclass(frozen=True)
class Question:
    """What SPAR is asked about some registrants, as they were before it was asked.

    :param list entries: the :class:`~..engine.decide.Progress` of all of them
    :param list compared: of those that are compared
    :param dict items: by mapping id a list of :class:`~..spar.answers.Item`
    """

    entries: list
    compared: list
    items: dict

    @property
    def all_items(self):
        """All items, in the order of the request."""
        return [item for mine in self.items.values() for item in mine]


def next_question(run, after, size):
    """Return the question about the next registrants; without entries at the end.

    :param run: the ``g2p.spar.reconciliation``
    :param int after: id of the last mapping that was asked about
    :param int size: how many mappings, at most
    :rtype: Question
    """
    entries = store.read_mappings(
        run.env,
        SQL(
            "m.connection_id = %s AND m.id > %s ORDER BY m.id LIMIT %s",
            run.connection_id.id,
            after,
            size,
        ),
    )
    compared, unresolved = comparable(run, entries) if entries else ([], {})
    return Question(entries, compared, items_about(run.env, compared, unresolved))


def comparable(run, entries):
    """Return who is compared, and the lost answers the engine does not resolve.

    Before sending resumes that is everybody, else those at rest or with such an answer.

    :param run: the ``g2p.spar.reconciliation``
    :param list entries: of mappings
    :return: as :func:`~..live.drift.comparable`
    """
    ids = [entry.id for entry in entries]
    if decides_resuming(run):
        chosen = SQL("m.id = ANY(%s) ORDER BY m.id", ids)
        unresolved = journal.unresolved_while_paused(run.env, ids)
        return store.read_mappings(run.env, chosen), unresolved
    return drift.comparable(run.env, ids)


def decides_resuming(run):
    """Return whether what is found decides if sending resumes."""
    return bool(run.resume_for_id) and run.connection_id.state == "paused"


def items_about(env, compared, unresolved):
    """Return the items about each mapping, by its id; no SPAR ID twice.

    What was found under an ID the registrant has given up is asked about again. A row
    that another registrant still has under the present ID is that one's to deal with.

    :param list compared: and ``unresolved``, as :func:`comparable` has returned them
    :rtype: dict[int, list[Item]]
    """
    # The holder of the row is asked about first, then those who have the ID now.
    compared = sorted(compared, key=lambda entry: not entry.id_at_spar)
    partners = env["res.partner"].sudo().browse(entry.partner_id for entry in compared)
    # Only what is needed: a contact has many columns.
    partners.fetch(["spar_id"])
    pairs = [
        (
            entry.id,
            unresolved.get(entry.id) or entry.id_at_spar or partner._spar_get_id(),
        )
        for entry, partner in zip(compared, partners, strict=True)
    ]
    holders = _holders_of(
        env,
        compared,
        [
            pair[1]
            for entry, pair in zip(compared, pairs, strict=True)
            if not entry.id_at_spar
        ],
    )
    for id_, spar_ids in lines.left_over(env, [one.id for one in compared]).items():
        pairs += [(id_, spar_id) for spar_id in spar_ids]
    items, known = defaultdict(list), {None, False, ""}
    for id_, spar_id in pairs:
        if spar_id not in known and holders.get(spar_id, id_) == id_:
            known.add(spar_id)
            items[id_].append(Item(uuid.uuid4().hex, spar_id))
    return items


def _holders_of(env, compared, spar_ids):
    """Return the mapping that has, or may have, a row under each of these IDs.

    :param list compared: mappings of one connection
    :param list spar_ids: some may be empty
    :rtype: dict
    """
    spar_ids = [spar_id for spar_id in spar_ids if spar_id]
    if not spar_ids:
        return {}
    return dict(store.holders_of(env, compared[0].connection_id, spar_ids))
