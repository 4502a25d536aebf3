"""The whole table."""

from .forms import FORM, STRUCTURED
from .operations import LINKS, RESOLVES, UNLINKS, UPDATES

CASES = [*LINKS, *UPDATES, *UNLINKS, *RESOLVES, *FORM, *STRUCTURED]
