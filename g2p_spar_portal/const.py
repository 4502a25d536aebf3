"""Words shared by the models and controllers of this addon."""

FIELD_AGENT = "g2p_spar_portal.group_field_agent"

CHANNEL = "portal"

#: How often an agent may do something: how many times, in how many seconds. Each ID
#: that is tried tells whether somebody has it, so there are few of these.
LIMITS = {"read": (120, 60), "write": (20, 60), "id": (100, 3600)}

#: Bytes a form may have. The longest honest one has a tenth of this.
MAX_FORM = 32 * 1024
