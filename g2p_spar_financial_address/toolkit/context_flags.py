"""Marks in the context that only the server can set.

What comes by RPC may name any key of the context, but it cannot bring this object.
"""

_MARK = object()

#: Whoever writes to the directory tells, once for all, that what is written for SPAR
#: changed.
SKIP_RESYNC = "g2p_fa_told"
#: What is written is clean, or history itself: the registry writes it.
TRUSTED_WRITE = "g2p_fa_inside"
#: Numbers are read through a door that writes it down.
AUDITED_READ = "g2p_fa_door"
#: A channel registers people for users without the role of an editor.
TRUSTED = "g2p_fa_trusted"
#: A second person has approved these values, or the system removes them.
APPROVED = "g2p_fa_approved"
_CHANNEL = "g2p_fa_channel"


def marked(records, mark):
    """Return these records with a mark in their context."""
    return records.with_context(**{mark: _MARK})


def is_marked(records, mark):
    """Return whether these records came through :func:`marked`."""
    return records.env.context.get(mark) is _MARK


def trusted(records, channel):
    """Return these records for a channel that has checked the rights of its user.

    :param str channel: one of the channels of a financial address
    """
    return marked(records.with_context(**{_CHANNEL: channel}), TRUSTED)


def channel_of(records):
    """Return the channel through which these records are written."""
    context = records.env.context
    if is_marked(records, TRUSTED):
        return context[_CHANNEL]
    return "import" if context.get("import_file") else "admin"
