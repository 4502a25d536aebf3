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
#: Entries are checked without storing them: the answer tells nothing of numbers that
#: are there already.
TRIAL = "g2p_fa_trial"
_CHANNEL = "g2p_fa_channel"
#: Odoo's own keys by which a context asks for no messages.
_NO_MESSAGES = ("tracking_disable", "mail_notrack", "mail_create_nolog")


def marked(records, mark):
    """Return these records with a mark in their context."""
    return records.with_context(**{mark: _MARK})


def unmarked(records, mark):
    """Return these records without a mark in their context."""
    return records.with_context(**{mark: False})


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


def quiet(records):
    """Return these records for writes without messages, as the fields say it all."""
    keys = dict.fromkeys(_NO_MESSAGES, _MARK)
    return records.with_context(**keys, mail_create_nosubscribe=True)


def unhushed(records):
    """Return these records without a wish for no messages that a client sent."""
    context = records.env.context
    keys = [name for name in _NO_MESSAGES if context.get(name, _MARK) is not _MARK]
    return records.with_context(**dict.fromkeys(keys, False)) if keys else records
