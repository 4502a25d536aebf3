"""Compare two names of a person, in any scripts.

A hint for users who enter or approve an address, never a reason to refuse one: names of
persons have many correct spellings.
"""

import re
from difflib import SequenceMatcher

from anyascii import anyascii

SAME, SIMILAR, DIFFERENT = "same", "similar", "different"

#: Above this share of equal letters two spellings count as the same name.
_CLOSE = 0.7


def compare(first, second):
    """Return how similar two names are, or ``False`` when one is missing.

    Scripts, accents, case, punctuation and the order of the parts do not matter.
    Short vowels are left out before comparing, because several scripts do not write
    them.

    >>> compare("Asha Juma", "JUMA, Asha"), compare("José Núñez", "Jose Nunez")
    ('same', 'same')
    >>> compare("O'Brien", "OBrien"), compare("Abdul Rahman Ali", "Abdulrahman Ali")
    ('same', 'same')
    >>> compare("Mohamed Salah", "محمد صلاح"), compare("Asha Juma", "Asha J.")
    ('similar', 'similar')
    >>> compare("Asha Juma", "Peter Smith"), compare("", "Asha")
    ('different', False)
    """
    parts, others = _parts(first), _parts(second)
    if not parts or not others:
        return False
    if "".join(parts) == "".join(others):
        return SAME
    parts, others = sorted(parts), sorted(others)
    if parts == others:
        return SAME
    if _abbreviates(parts, others) or _abbreviates(others, parts):
        return SIMILAR
    ratio = SequenceMatcher(None, _skeleton(parts), _skeleton(others)).ratio()
    return SIMILAR if ratio >= _CLOSE else DIFFERENT


def _parts(name):
    """Return the words of a name in Latin letters."""
    return re.findall(r"[a-z0-9]+", anyascii(name or "").lower())


def _abbreviates(parts, others):
    """Return whether each part begins, or is, a different part of the other name."""
    left = list(others)
    for part in sorted(parts, key=len, reverse=True):
        match = next((other for other in left if other.startswith(part)), None)
        if match is None:
            return False
        left.remove(match)
    return any(len(part) > 1 for part in parts)


def _skeleton(parts):
    """Return the consonants of a name, doubled ones once."""
    # A first vowel is kept: it is written in every script.
    bare = sorted(part[:1] + re.sub("[aeiou]", "", part[1:]) for part in parts)
    return re.sub(r"(.)\1+", r"\1", " ".join(bare))
