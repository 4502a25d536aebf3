"""The keys of an issuer of tokens: reading them, fetching them."""

import json
import queue
import threading
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from odoo.addons.g2p_spar_financial_address.toolkit import http_client

from .tokens import ALGORITHMS, fits

#: Bytes of a set of keys, and keys in it. Real ones have some thousands, and a few.
MAX_BYTES = 64 * 1024
MAX_KEYS = 50
#: Seconds for the whole of it to arrive.
TIMEOUT = 3.0

# What may be wrong.
UNREACHABLE = "unreachable"
UNTRUSTED = "untrusted"
REDIRECTED = "redirected"
STATUS = "status"
TOO_LARGE = "too_large"
TOO_SLOW = "too_slow"
GARBLED = "garbled"
PRIVATE = "private"
NO_KEY = "no_key"

_PROBLEMS = {
    http_client.UNTRUSTED: UNTRUSTED,
    http_client.TOO_LARGE: TOO_LARGE,
    http_client.TIMEOUT: TOO_SLOW,
    http_client.LOST: TOO_SLOW,
}

_READERS = {"RSA": RSAAlgorithm, "EC": ECAlgorithm, "OKP": OKPAlgorithm}

#: Threads nobody waits for any more, by the address they ask.
_late = {}


class JwksError(Exception):
    """There are no usable keys. ``code`` is our word for why."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@lru_cache(maxsize=64)
def parse(text):
    """Return the keys in a set, by their names.

    :param str text: JSON as of RFC 7517
    :return: lists of ``(key, algorithm)``; the algorithm is None where the set names
        none, and the name is None where a key has none
    :rtype: dict
    :raise JwksError: when there is none that tokens could be verified with
    """
    try:
        entries = json.loads(text)["keys"]
        if not isinstance(entries, list) or len(entries) > MAX_KEYS:
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise JwksError(GARBLED) from None
    keys = {}
    for entry in entries:
        if isinstance(entry, dict) and (pair := _read(entry)):
            kid = entry.get("kid")
            keys.setdefault(kid if isinstance(kid, str) else None, []).append(pair)
    if not keys:
        raise JwksError(NO_KEY)
    return keys


def _read(entry):
    """Return a key and its algorithm, or None for what is no key for signatures.

    Secrets that both sides share are none: they would be public.
    """
    if "d" in entry:
        raise JwksError(PRIVATE)
    algorithm = entry.get("alg")
    if entry.get("use", "sig") != "sig" or not isinstance(algorithm, str | None):
        return None
    try:
        key = _READERS[entry.get("kty")].from_jwk(entry)
    except (PyJWTError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        return None
    usable = [algorithm] if algorithm else ALGORITHMS
    return (key, algorithm) if any(fits(key, one) for one in usable) else None


def fetch(url):
    """Return the set of keys at an address, as text.

    In a thread of its own, since looking up a name has no timeout.

    :param str url: of the issuer; no redirect is followed
    :raise JwksError: when there is none, or none of reasonable size in time
    """
    late = _late.pop(url, None)
    if late and late.is_alive():
        # It may go on as long as the name is looked up, but only one.
        _late[url] = late
        raise JwksError(TOO_SLOW)
    answer = queue.SimpleQueue()
    thread = threading.Thread(target=_tell, args=(url, answer), daemon=True)
    thread.start()
    try:
        text, problem = answer.get(timeout=TIMEOUT)
    except queue.Empty:
        _late[url] = thread
        raise JwksError(TOO_SLOW) from None
    if problem:
        raise problem
    return text


def _tell(url, answer):
    try:
        answer.put((_get(url), None))
    # Whatever it is, it is for whoever waits.
    except Exception as problem:
        answer.put((None, problem))


def _get(url):
    with http_client.HttpClient(url, TIMEOUT, TIMEOUT, MAX_BYTES) as client:
        reply = client.request("GET", "", headers={"Accept": "application/json"})
    if reply.status and 300 <= reply.status < 400:
        raise JwksError(REDIRECTED)
    if reply.status not in (None, 200):
        raise JwksError(STATUS)
    if reply.problem:
        raise JwksError(_PROBLEMS.get(reply.problem, UNREACHABLE))
    try:
        return reply.content.decode()
    except UnicodeDecodeError:
        raise JwksError(GARBLED) from None
