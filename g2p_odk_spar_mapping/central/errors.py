"""What can be wrong with Central, in our words."""

UNREACHABLE = "unreachable"
UNTRUSTED = "untrusted"
BUSY = "busy"
CUT = "cut"
TOO_LARGE = "too_large"
GARBLED = "garbled"
INCOMPLETE = "incomplete"
CREDENTIALS = "credentials"
FORBIDDEN = "forbidden"
MISSING = "missing"
NO_LOGIN = "no_login"
REDIRECTED = "redirected"
REFUSED = "refused"

#: What passes by itself; everything else needs somebody.
TRANSIENT = frozenset({UNREACHABLE, BUSY, CUT, GARBLED, INCOMPLETE})


class CentralError(Exception):
    """Central could not be asked, or gave no answer that can be used.

    :param str code: one of the words above
    :param int status: the HTTP status, if there was one
    """

    def __init__(self, code, status=None):
        super().__init__(code)
        self.code = code
        self.status = status

    @property
    def is_transient(self):
        """Whether it may pass without anybody doing anything."""
        return self.code in TRANSIENT
