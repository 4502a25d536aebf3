"""Codes of the errors of Central."""

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
UNPUBLISHED = "unpublished"
NO_LOGIN = "no_login"
SIGN_ON = "sign_on"
REDIRECTED = "redirected"
REFUSED = "refused"

#: Temporary errors; all others need a person.
TRANSIENT = frozenset({UNREACHABLE, BUSY, CUT, GARBLED, INCOMPLETE})


class CentralError(Exception):
    """Central could not be queried, or gave no usable answer.

    :param str code: one of the codes above
    :param int status: the HTTP status, if there was one
    """

    def __init__(self, code, status=None):
        super().__init__(code)
        self.code = code
        self.status = status

    @property
    def is_transient(self):
        """Whether it is temporary."""
        return self.code in TRANSIENT
