"""Words shared by the models and controllers of this addon."""

FIELD_AGENT = "g2p_spar_portal.group_field_agent"

CHANNEL = "portal"

#: Where the pages for field agents are.
PATHS = ("/my/people", "/my/register")

#: Limits of an agent's calls: number, and seconds. Each tried ID reveals whether it is
#: registered, so few are allowed.
LIMITS = {"read": (120, 60), "write": (20, 60), "id": (100, 3600)}

#: Bytes a form may have: ten times the longest valid form.
MAX_FORM = 32 * 1024
