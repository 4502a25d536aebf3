"""The template of a strategy, parsed once for all the addresses it writes.

Plain Python, without database or records.
"""

import re
from functools import cached_property, lru_cache
from string import Formatter

#: Unicode's categories Cc, which never grows, and Cs.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Unwritable(ValueError):
    """Values could not be separated again; ``label`` is the text one contains."""

    def __init__(self, label=None):
        super().__init__()
        self.label = label


class StrategyTemplate:
    """Writes values as SPAR's string, and reads them back.

    :param str template: literal labels, and values in braces such as
        ``bank_code:{bank_code}``
    :param str value_pattern: regular expression of what SPAR accepts for one value
    :raise ValueError: when it is no such template
    """

    def __init__(self, template, value_pattern):
        parsed = list(Formatter().parse(template))
        if any(spec or conversion for *_, spec, conversion in parsed):
            raise ValueError("a value in the template has a format of its own")
        self._parts = [(literal, name) for literal, name, *_ in parsed]
        #: Names of the values it writes.
        self.names = {name for _literal, name in self._parts if name is not None}
        #: Texts that no value may contain, because SPAR would split there.
        self.labels = sorted(self._find_labels())
        self._value_pattern = value_pattern
        self._forbidden = re.compile("|".join(map(re.escape, self.labels)) or r"(?!)")

    def fill(self, values):
        """Return the string of these values.

        :param dict values: texts by name; others are ignored, missing ones are written
            empty
        :raise Unwritable: when a value holds a label or forms one together with the
            text beside it, or has a control character: SPAR would split elsewhere
        """
        values = {name: values.get(name) or "" for name in self.names}
        # Separated by a character that is in no label.
        if found := self._forbidden.search("\0".join(values.values())):
            raise Unwritable(found.group())
        text = "".join(
            [
                literal if name is None else literal + values[name]
                for literal, name in self._parts
            ]
        )
        if CONTROL.search(text) or self.take_apart(text) != values:
            raise Unwritable()
        return text

    def take_apart(self, text):
        """Return the values in a string, or None if it was not written with this.

        The pattern is the one SPAR seeds for its own strategies: the literal labels
        with a value between them, anchored at both ends.
        """
        match = self._reader.fullmatch(text)
        return match.groupdict() if match else None

    def _find_labels(self):
        """Several may be adjacent, as in ``.mobile_number:.fa_type:BANK``."""
        for literal, _name in self._parts:
            yield from re.findall(r"\.\w+:", literal)
            if len(literal) > 1:
                yield literal

    @cached_property
    def _reader(self):
        # Only after the check of the names: some give no valid regular expression.
        pattern, seen = "", set()
        for literal, name in self._parts:
            pattern += re.escape(literal)
            if name is not None:
                again, first = f"(?P={name})", f"(?P<{name}>{self._value_pattern})"
                pattern += again if name in seen else first
                seen.add(name)
        return re.compile(pattern)


#: Keeps the parsed templates; no country has more.
parsed_template = lru_cache(maxsize=256)(StrategyTemplate)
