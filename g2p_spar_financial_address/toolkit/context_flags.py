"""Marks in the context that only the server can set.

An RPC client may send any key of the context, but not this object as its value.
"""

_MARK = object()

#: The caller of a write to the directory triggers the update of addresses itself, once.
SKIP_RESYNC = "g2p_fa_told"
#: The registry itself writes: the values are clean, or are the history.
TRUSTED_WRITE = "g2p_fa_inside"
#: Numbers are read within an audited method, which records it.
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
    """Return these records for writes by a channel that has checked its user's rights.

    :param str channel: one of the channels of a financial address
    """
    return marked(records.with_context(**{_CHANNEL: channel}), TRUSTED)


def channel_of(records):
    """Return the channel through which these records are written."""
    context = records.env.context
    if is_marked(records, TRUSTED):
        return context[_CHANNEL]
    return "import" if context.get("import_file") else "admin"
