"""The next state of a submission after each run; no database, no network."""

from dataclasses import dataclass

#: Which review states count, by policy. None is "received".
COUNTED = {
    "any": {None, "hasIssues", "edited", "approved", "rejected"},
    "not_refused": {None, "edited", "approved"},
    "approved": {"approved"},
}
ENCRYPTED, REJECTED = "encrypted", "rejected"
NOT_REVIEWED, HAS_ISSUES = "not_reviewed", "has_issues"
UNREADABLE, UNEXPECTED = "unreadable", "unexpected"
#: Kinds after which an address in use has to be checked by a person.
REFUSED = {REJECTED, HAS_ISSUES}
#: Kinds that this module sets and removes; others are for users.
OWN_KINDS = {ENCRYPTED, REJECTED, NOT_REVIEWED, HAS_ISSUES, UNREADABLE}


@dataclass(frozen=True)
class Known:
    """The staged values of a submission."""

    state: str
    error_kind: str | None
    content_hash: str | None
    version: int
    applied_version: int
    #: Paths that several questions had when it was read, between blanks.
    twins: str | None = None


@dataclass(frozen=True)
class Step:
    """The changes to store.

    ``event`` is the counted event: ``new``, ``changed``, ``unchanged``, ``deleted``,
    ``restored``; ``withdrawn`` whether an applied submission no longer counts.
    """

    event: str
    state: str
    error_kind: str | None
    version: int
    withdrawn: bool = False


def next_step(known, row, policy):
    """Return the next state of a submission.

    :param known: a :class:`Known`, or None for one never seen
    :param ~.central.rows.Row row: as in Central's feed now
    :param str policy: which review states count, a key of :data:`COUNTED`
    :return: a :class:`Step`, or None when there is nothing to store
    """
    if row.deleted:
        return gone(known)
    state, kind = _standing(row, policy)
    if known is None:
        return Step("new", state or "staged", kind, 1)
    changed = not row.has_answers_of(known.content_hash)
    # Read again after questions got separate names.
    mended = set((known.twins or "").split()) - set((row.twins or "").split())
    changed = changed or bool(mended)
    version = known.version + changed
    event = "changed" if changed else "unchanged"
    if known.state == "removed":
        event = "restored"
    if state:
        if (known.state, known.error_kind) != (state, kind) and event == "unchanged":
            event = "changed"
        refused = kind in REFUSED and known.error_kind not in REFUSED
        withdrawn = refused and bool(known.applied_version)
        return Step(event, state, kind, version, withdrawn)
    if not changed and known.state != "removed" and not _is_lifted(known):
        # Its state here does not depend on Central.
        return Step(event, known.state, known.error_kind, version)
    applied = known.applied_version == version
    if event == "unchanged":
        event = "changed"
    return Step(event, "applied" if applied else "staged", None, version)


def gone(known):
    """Return the next state of a submission that is no longer at Central.

    :param known: as for :func:`next_step`
    """
    if known is None:
        return None
    first = known.state != "removed"
    return Step(
        "deleted" if first else "unchanged",
        "removed",
        None,
        known.version,
        first and bool(known.applied_version),
    )


def _standing(row, policy):
    """Return state and kind of a submission that cannot be applied, or two None."""
    if row.is_encrypted:
        return "set_aside", ENCRYPTED
    if row.review in COUNTED[policy]:
        return None, None
    if row.review == "rejected":
        return "ignored", REJECTED
    return "waiting", HAS_ISSUES if row.review == "hasIssues" else NOT_REVIEWED


def _is_lifted(known):
    return known.error_kind in OWN_KINDS
