"""The line with which a spreadsheet says how it separates the cells of a CSV file."""

import re

_LINE = re.compile(r"\ufeff?\"?sep=([^\r\n])\"?\r?(?:\n|$)", re.IGNORECASE)


def separator_of(text):
    """Return the separator that the first line names, and the text below that line.

    >>> separator_of("sep=;\\na;b"), separator_of("a;b")
    ((';', 'a;b'), ('', 'a;b'))

    :param str text: of a CSV file
    :return: the separator, or ``""`` and the text as it is
    :rtype: tuple[str, str]
    """
    if match := _LINE.match(text):
        return match[1], text[match.end() :]
    return "", text
