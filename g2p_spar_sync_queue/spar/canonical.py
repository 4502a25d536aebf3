"""The exact bytes of a request: the bytes that are sent are the bytes that are signed.

SPAR parses the body, writes it again in its own canonical form and verifies the
signature over that. Two forms are deployed:

* ``ascii`` (mapper 1.1.0): non-ASCII characters and DEL escaped as ``\\uXXXX``; the
  keys stay in the order received;
* ``utf8`` (the 1.1 branch and 2.x): raw UTF-8; keys sorted at every level.

Bodies are always written with sorted keys and without blanks, so the same bytes are
canonical for both but for their non-ASCII characters.
"""

import json

ASCII = "ascii"
UTF8 = "utf8"
FORMS = (ASCII, UTF8)

#: The newer servers read integers into 64 bits and floats into their own notation:
#: beyond these limits the bytes they verify are not the bytes that were signed.
MAX_INTEGER = 2**63 - 1


def canonical_bytes(body, form):
    """Return ``body`` as the bytes to send and to sign.

    :param dict body: JSON types only; no floats, no integers beyond 64 bits
    :param str form: :data:`ASCII` or :data:`UTF8`
    :rtype: bytes
    :raise ValueError: for a value that would not survive canonicalisation, or an
        unknown form
    """
    if form not in FORMS:
        raise ValueError(f"unknown canonical form {form!r}")
    _refuse_unstable(body)
    text = json.dumps(
        body,
        separators=(",", ":"),
        sort_keys=True,
        ensure_ascii=form == ASCII,
        allow_nan=False,
    )
    # A lone surrogate has no UTF-8: UnicodeEncodeError is a ValueError.
    return text.encode("utf-8")


def _refuse_unstable(value):
    if isinstance(value, float):
        raise ValueError("floats have no canonical form common to all SPAR versions")
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise ValueError("integers beyond 64 bits are rewritten by SPAR")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError("keys of a JSON object are text")
            _refuse_unstable(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_unstable(item)
