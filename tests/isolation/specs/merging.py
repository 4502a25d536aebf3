"""Registrants who are one person are merged, and that is undone, while they change."""

from ..spec import WORKER, Spec
from .leaving import remove
from .order import queued

BOTH = ("settled", "settled")


def merge(case):
    """Return a step: the second one is merged into the first one, who gets its ID."""

    def do(env):
        asked = env["g2p.fa.merge"].create(
            {
                "kept_id": case.people[0],
                "duplicate_id": case.people[1],
                "keep_spar_id": "duplicate",
                "keep_address": "kept",
                "reason": "One person",
            }
        )
        asked.action_ask()

    return "merge", do


def undo(case):
    """Return a step: the merge is undone."""
    domain = [("duplicate_id", "=", case.people[1])]
    return "undo", lambda env: env["g2p.fa.merge"].search(domain).action_undo()


def merged(case):
    """They were merged, and SPAR does not know it yet."""
    case.prepare(merge(case))


def half_merged(case, _play):
    """A duplicate that was merged has no address in use, and no other is archived."""
    rows = case.stage.sql(
        """SELECT 1 FROM res_partner p
        LEFT JOIN g2p_fa_merge m ON m.duplicate_id = p.id AND m.state = 'done'
        LEFT JOIN g2p_financial_address a
               ON a.partner_id = p.id AND a.state = 'effective'
            WHERE p.id = ANY(%s)
              AND (m.id IS NOT NULL) IS DISTINCT FROM (NOT p.active)
               OR p.id = ANY(%s) AND m.id IS NOT NULL AND a.id IS NOT NULL""",
        case.people,
        case.people,
    )
    return ["a merge was done by halves"] if rows else []


def _merging(name, guards, other, prepare=queued, first=merge, **options):
    return Spec(
        name,
        guards,
        lambda c: {
            "T1": c.request(first(c)),
            "T2": c.request(other(c)),
            "W": c.work(),
        },
        people=BOTH,
        stops={"T1": {"begin", "capture", "commit"}, "W": WORKER},
        prepare=prepare,
        finish=half_merged,
        # A merge takes longer than an edit.
        weight=0.5,
        **options,
    )


SPECS = [
    _merging(
        "merge_and_amend_duplicate",
        "A duplicate that is amended while it is merged is paid once, or not at all.",
        lambda c: c.amend(1),
    ),
    _merging(
        "merge_and_amend_kept",
        "Who is amended while a duplicate is merged is paid at the newest address.",
        lambda c: c.amend(0),
    ),
    _merging(
        "merge_and_change_id",
        "A merge and another ID at the same time leave no row behind.",
        lambda c: c.change_id(1),
    ),
    _merging(
        "merge_twice",
        "Of two merges of the same people one is done.",
        merge,
    ),
    _merging(
        "undo_and_amend",
        "What is amended while a merge is undone is not lost.",
        lambda c: c.amend(0),
        prepare=merged,
        first=undo,
    ),
    _merging(
        "undo_and_remove_payment_data",
        "After payment data is removed, an undo brings none of it back.",
        remove,
        prepare=merged,
        first=undo,
    ),
]
