"""How what SPAR holds may differ from what was requested, and who may act on it."""

OPERATOR = "g2p_spar_sync_queue.group_operator"

#: Besides the kinds of a comparison: nothing differs; the engine is at work on it.
SAME, MOVING = "same", "moving"
#: An answer was lost, and the engine does not ask SPAR, as sending is paused.
UNRESOLVED = "unresolved"

#: Differences that sending ours, or taking SPAR's over, makes an end of.
RESENT = ("ours_newer", "spar_newer", "unknown", "left_over")
TAKEN = ("ours_newer", "spar_newer", "left_over")
