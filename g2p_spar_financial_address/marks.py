"""Marks in the context that only the server can set.

What comes by RPC may name any key of the context, but it cannot bring this object.
"""

_MARK = object()

#: Whoever writes to the directory tells, once for all, that what is written for SPAR
#: changed.
TOLD_BY_CALLER = "g2p_fa_told"
#: What is written is clean, or history itself: the registry writes it.
INSIDE = "g2p_fa_inside"
#: Numbers are read through a door that writes it down.
DOOR = "g2p_fa_door"


def marked(records, mark):
    """Return these records with a mark in their context."""
    return records.with_context(**{mark: _MARK})


def is_marked(records, mark):
    """Return whether these records came through :func:`marked`."""
    return records.env.context.get(mark) is _MARK
