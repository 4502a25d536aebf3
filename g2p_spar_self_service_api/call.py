"""One call of the API, from its arrival to its answer."""

import time
import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field

#: The call being served. Set by the dispatcher.
current: ContextVar["Call"] = ContextVar("spar_self_service_call")


@dataclass
class Call:
    """What is known of a call so far. It stays when Odoo runs the request again."""

    method: str
    #: Address it came from.
    source: str
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: float = field(default_factory=time.monotonic)
    #: Name of the operation and template of its path, never the path itself.
    operation: str | None = None
    path: str | None = None
    #: Who calls, once proved: a :class:`~.caller.Caller`.
    caller: object = None
    #: Whether the limits have counted it: a request run again is not another one.
    counted: bool = False

    @property
    def partner_id(self):
        """Return the ID of the registrant it is about, if that is known."""
        partner = self.caller and self.caller.partner
        return partner.id if partner else None

    @property
    def took_ms(self):
        """Milliseconds since it came."""
        return round((time.monotonic() - self.started) * 1000)
