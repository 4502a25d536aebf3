"""Who is believed by which version, and what the others hear."""

import json
from dataclasses import dataclass, field

from .case import CRASH, NOT_LINKED, REQUIRED, Ask
from .speaker import COLUMNS, b64

REFUSED_A = 200, "rjct", "rjct.jwt.invalid", []
REFUSED_B = 200, "ERROR", "rjct.request.validation", []
HEARD_A = 200, "succ", None, ["r0: succ"]
HEARD_B = 200, "SUCCESS", None, ["r0: succ"]
#: No syllable of these is ASCII; the last one is DEL.
NAMES = ["Ñuñes Ọláńrewájú", "አበበ በቀለ", "محمد", "李小明", "🌻 \x7f"]


#: The real version of each column.
SEEN = {name: column.seen for name, column in COLUMNS.items()}


@dataclass(frozen=True)
class Trial:
    """One way to sign, or not to.

    :param str name: what it shows.
    :param Callable make: gets a speaker and the body of a request, and returns the
        bytes to send and the header.
    :param dict expected: summary by column, of a request to link.
    :param dict seen: by column the real version it was seen on.
    """

    name: str
    make: object
    expected: dict
    seen: dict = field(default_factory=lambda: dict(SEEN))

    def __str__(self):
        return self.name.replace(" ", "-")


def columns(*expected):
    """Return expectations by column, in their order."""
    return dict(zip(("1.1.0", "1.1", "2.1", "newest"), expected, strict=True))


HEARD = columns(HEARD_A, HEARD_A, HEARD_B, HEARD_B)
REFUSED = columns(REFUSED_A, REFUSED_A, REFUSED_B, REFUSED_B)
#: Where a key service knows no such partner, or cannot be asked.
NO_VERDICT = columns(REFUSED_A, CRASH, CRASH, REFUSED_B)


def attempt(trial, server, operation="link"):
    """Ask as a trial says; return the summary and whether it was stored.

    :param str operation: ``resolve`` changes nothing at the server, and is believed or
        not like any other.
    """
    writes = operation != "resolve"
    if writes:
        server.prepare({})
    item = server.item(operation, Ask("N", 1 if writes else None))
    speaker = server.speaker
    content, signature = trial.make(speaker, speaker.envelope(operation, [item]))
    status, answer = speaker.post(operation, content, signature)
    summary = speaker.summary(operation, status, answer)
    return summary, writes and bool(server.rows())


def expected_of(trial, column, operation="link"):
    """Return what a version answers to a trial.

    :param str column: its name.
    :param str operation: as for :func:`attempt`.
    """
    expected = trial.expected[column]
    if operation == "resolve" and expected in (HEARD_A, HEARD_B):
        return (*expected[:3], [f"r0: {NOT_LINKED}"])
    return expected


def signed(speaker, body, **header):
    payload = speaker.canonical(body)
    return payload, speaker.key.sign(payload, **header)


def with_kid(speaker, body):
    return signed(speaker, body, kid=speaker.key.kid)


def with_other_kid(speaker, body):
    return signed(speaker, body, kid="x" * 43)


def with_type_and_thumbprint(speaker, body):
    return signed(speaker, body, typ="JWT", **{"x5t#S256": speaker.key.kid})


def in_three_parts(speaker, body):
    payload = speaker.canonical(body)
    return payload, speaker.key.sign(payload, middle=b64(b"something else"))


def missing(speaker, body):
    return speaker.canonical(body), None


def not_three_parts(speaker, body):
    payload, signature = signed(speaker, body)
    return payload, signature.replace("..", ".")


def over_another_body(speaker, body):
    payload, _signature = signed(speaker, body)
    return payload, speaker.key.sign(payload.replace(b"t-1", b"t-2"))


def _unsigned(speaker, body, **header):
    payload, signature = signed(speaker, body)
    first = b64(json.dumps(header).encode())
    return payload, f"{first}..{signature.rpartition('.')[2]}"


def with_alg_none(speaker, body):
    return _unsigned(speaker, body, alg="none")


def with_alg_hs256(speaker, body):
    return _unsigned(speaker, body, alg="HS256")


def name_of(body, dialect):
    """Return the one item of a request."""
    outer = body["message"] if dialect == "A" else body["request_body"]
    payload = outer if dialect == "A" else outer["request_payload"]
    (requests,) = (payload[name] for name in payload if name.endswith("_request"))
    return requests[0]


def _named(speaker, body, form, raw):
    name_of(body, speaker.column.dialect)["name"] = " ".join(NAMES)
    signature = speaker.key.sign(speaker.canonical(body, form))
    return json.dumps(body, ensure_ascii=not raw).encode(), signature


def names_in_its_form_sent_raw(speaker, body):
    return _named(speaker, body, speaker.column.form, raw=True)


def names_in_its_form_sent_escaped(speaker, body):
    return _named(speaker, body, speaker.column.form, raw=False)


def names_in_the_other_form(speaker, body):
    other = {"ascii": "utf8", "utf8": "ascii"}[speaker.column.form]
    return _named(speaker, body, other, raw=True)


def keys_in_another_order(speaker, body):
    """Sign the sorted form, and send the body as it happens to be."""
    signature = speaker.key.sign(speaker.canonical(body, "utf8"))
    return json.dumps(body, separators=(",", ":")).encode(), signature


def without_a_sender(speaker, body):
    header = body["header" if speaker.column.dialect == "A" else "request_header"]
    del header["sender_id" if speaker.column.dialect == "A" else "sender_app_mnemonic"]
    return signed(speaker, body)


def nothing_at_all(speaker, _body):
    return b"", speaker.key.sign(b"")


def no_json(speaker, body):
    payload, signature = signed(speaker, body)
    return payload[:-1], signature


def unsigned_and_incomplete(speaker, body):
    del name_of(body, speaker.column.dialect)["reference_id"]
    return over_another_body(speaker, body)


NOT_JSON = 400, 1, "Invalid Input. JSON decode error"
INCOMPLETE = 400, 1, REQUIRED
SORTED_ONLY = columns(REFUSED_A, HEARD_A, HEARD_B, HEARD_B)

TRIALS = [
    Trial("signed", signed, HEARD),
    Trial("with its key ID", with_kid, HEARD),
    Trial("with a wrong key ID", with_other_kid, {**HEARD, "newest": REFUSED_B}),
    Trial("with type and thumbprint", with_type_and_thumbprint, HEARD),
    Trial("in three parts", in_three_parts, HEARD),
    Trial("missing", missing, columns(CRASH, REFUSED_A, REFUSED_B, REFUSED_B)),
    Trial("not three parts", not_three_parts, NO_VERDICT),
    Trial("over another body", over_another_body, REFUSED),
    Trial("alg none", with_alg_none, REFUSED),
    Trial("alg HS256", with_alg_hs256, REFUSED),
    Trial("names sent raw", names_in_its_form_sent_raw, HEARD),
    Trial("names sent escaped", names_in_its_form_sent_escaped, HEARD),
    Trial("names in the other form", names_in_the_other_form, REFUSED),
    Trial("keys in another order", keys_in_another_order, SORTED_ONLY),
    Trial("no sender", without_a_sender, columns(CRASH, CRASH, CRASH, CRASH)),
    Trial("an empty body", nothing_at_all, columns(CRASH, CRASH, CRASH, CRASH)),
    Trial("no JSON", no_json, columns(*[NOT_JSON] * 4)),
    # The form is checked before the verdict is spoken.
    Trial(
        "unsigned and incomplete",
        unsigned_and_incomplete,
        columns(*[INCOMPLETE] * 4),
    ),
]


def with_its_own_certificate(other):
    """Return what signs with another key and sends the certificate along.

    :param Key other: a key SPAR does not know.
    """

    def make(speaker, body):
        payload = speaker.canonical(body)
        chain = [b64(other.der)]
        return payload, other.sign(payload, x5c=chain)

    return Trial("own certificate", make, REFUSED)


def with_another_key(other):
    """Return what signs with a key SPAR does not know."""

    def make(speaker, body):
        payload = speaker.canonical(body)
        return payload, other.sign(payload)

    return Trial("another key", make, REFUSED)
