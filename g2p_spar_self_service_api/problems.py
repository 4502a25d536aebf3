"""What is answered when something is wrong: problem details (RFC 9457).

They say what to do in plain words, and repeat nothing of what was sent.
"""

import re

from werkzeug.exceptions import HTTPException

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:spar-suite:problem:"

#: Every kind of problem: its status, its title, and what is said unless whoever raises
#: it knows better.
KINDS = {
    "malformed": (
        400,
        _lt("Malformed request"),
        _lt("The request cannot be read. Check that its body is valid JSON."),
    ),
    "person_missing": (
        400,
        _lt("Nobody named"),
        _lt("Name the person in the header Person-Id."),
    ),
    "unauthenticated": (
        401,
        _lt("Not authenticated"),
        _lt("Send a valid access token in the header Authorization."),
    ),
    "bad_token_request": (
        400,
        _lt("No token given"),
        _lt("Ask for a token as of RFC 6749, section 4.4, with known scopes only."),
    ),
    "forbidden": (
        403,
        _lt("Not allowed"),
        _lt("This caller is not allowed to do this."),
    ),
    "person_given": (
        403,
        _lt("Not allowed"),
        _lt("A citizen's token says who they are. Leave the header Person-Id out."),
    ),
    "unknown_person": (
        404,
        _lt("Unknown person"),
        _lt("The registry pays nobody with this ID."),
    ),
    "not_found": (404, _lt("Not found"), _lt("There is nothing here.")),
    "method_not_allowed": (
        405,
        _lt("Wrong method"),
        _lt("This address does not take this method."),
    ),
    "too_slow": (
        408,
        _lt("Too slow"),
        _lt("The body of the request did not arrive in time. Send it again."),
    ),
    "conflict": (
        409,
        _lt("Conflict"),
        _lt("It has changed meanwhile. Read it again."),
    ),
    "key_reused": (
        409,
        _lt("Key used before"),
        _lt(
            "This Idempotency-Key came with something else before. Use a new one for "
            "every proposal."
        ),
    ),
    "too_large": (
        413,
        _lt("Too large"),
        _lt("The body of a request may have at most 64 kB."),
    ),
    "unsupported_type": (
        415,
        _lt("Wrong type of content"),
        _lt("The body is not of the type this operation reads."),
    ),
    "invalid": (
        422,
        _lt("Not valid"),
        _lt("Some values are missing or not valid. See the errors."),
    ),
    "refused": (
        422,
        _lt("Not accepted"),
        _lt("The registry does not accept this."),
    ),
    "too_many": (
        429,
        _lt("Too many requests"),
        _lt("Wait as many seconds as the header Retry-After says."),
    ),
    "failed": (
        500,
        _lt("Something went wrong"),
        _lt("Nothing was changed. Tell the operators of the registry the request ID."),
    ),
    "busy": (
        503,
        _lt("Busy"),
        _lt("Others are changing the same right now. Try again in a moment."),
    ),
    "issuer_unavailable": (
        503,
        _lt("Tokens cannot be checked"),
        _lt("The keys of the token's issuer cannot be read right now."),
    ),
}

_BY_STATUS = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    409: "conflict",
    413: "too_large",
    415: "unsupported_type",
    422: "invalid",
    429: "too_many",
    503: "busy",
}

#: A name as fields have them. What else a caller sent as one is not repeated.
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,39}")


class Problem(HTTPException):
    """Ends a call: nothing it did is kept, and this is answered.

    Odoo logs no exception of this class.

    :param str kind: one of :data:`KINDS`
    :param str detail: what is wrong and what to do, in words; never anything that was
        sent
    :param errors: what is wrong with single values: ``{field: text}``
    :param dict headers: of the answer
    :param str cause: what exactly, for the registry's own records only
    :param dict members: more members of the answer
    """

    def __init__(
        self, kind, detail=None, errors=None, headers=None, cause=None, members=None
    ):
        super().__init__()
        self.kind = kind
        self.code, self.title, usual = KINDS[kind]
        self.detail = detail or usual
        self.errors = errors or {}
        self.headers = headers or {}
        self.cause = cause
        self.members = members or {}

    def __str__(self):
        return self.kind

    def as_dict(self, env, request_id):
        """Return the body of the answer.

        :param Environment env: its language is the one of the texts, may be None
        :param str request_id: by which operators find the call
        :rtype: dict
        """

        def worded(text):
            return env._(text) if env and not isinstance(text, str) else str(text)

        body = {
            "type": _TYPE + self.kind.replace("_", "-"),
            "title": worded(self.title),
            "status": self.code,
            "detail": worded(self.detail),
            "request_id": request_id,
            **self.members,
        }
        if self.errors:
            body["errors"] = [
                {"field": name, "detail": worded(text)}
                for name, text in self.errors.items()
            ]
        return body


def of_status(status, headers=None):
    """Return the problem an HTTP status stands for.

    :param int status: of an exception of a library
    :param dict headers: of the answer, such as ``Allow``
    """
    kind = _BY_STATUS.get(status, "malformed" if 400 <= status < 500 else "failed")
    return Problem(kind, headers=headers)


# === VALUES THAT DO NOT FIT A SCHEMA === #

_TEXTS = {
    "missing": _lt("This is needed."),
    "extra_forbidden": _lt("There is no such value here."),
    "string_type": _lt("A text is needed."),
    "string_too_short": _lt("This is too short."),
    "string_too_long": _lt("This is too long."),
    "int_type": _lt("A whole number is needed."),
    "int_parsing": _lt("A whole number is needed."),
    "bool_type": _lt("Either true or false is needed."),
    "greater_than_equal": _lt("This is too small."),
    "less_than_equal": _lt("This is too large."),
    "string_pattern_mismatch": _lt("This does not have the right form."),
    "literal_error": _lt("This is not one of the values to choose from."),
    "enum": _lt("This is not one of the values to choose from."),
    "union_tag_invalid": _lt("This is not one of the values to choose from."),
    "union_tag_not_found": _lt("The type is needed."),
}
_USUAL = _lt("This is not valid here.")


def of_validation(errors):
    """Return the problem for values that do not fit the schema.

    The words are our own: those of the library may repeat what was sent.

    :param list errors: of pydantic
    """
    if any(error["type"] == "json_invalid" for error in errors):
        return Problem("malformed")
    texts = {}
    for error in errors:
        texts.setdefault(_field(error["loc"]), _TEXTS.get(error["type"], _USUAL))
    return Problem("invalid", errors=texts)


def _field(loc):
    """Return where a value stands, as far as its name is one that fields have."""
    names = [str(part) for part in loc[1:]] or ["body"]
    return ".".join(
        name if _NAME.fullmatch(name) or name.isdigit() and len(name) < 4 else "?"
        for name in names
    )
