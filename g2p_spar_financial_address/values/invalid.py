"""The error of this package: plain Python that is translated where Odoo is known.

Odoo finds the texts to translate by the name of the function they are given to.
"""


class Text:
    """A sentence in English with its parameters, which may be such texts, too."""

    def __init__(self, template, params):
        self.template = template
        self.params = params

    def __str__(self):
        return self.template % self.params if self.params else self.template


def _lt(template, **params):
    """Return a :class:`Text`, translated later, that Odoo offers to translators."""
    return Text(template, params)


class InvalidValue(ValueError):
    """A value is refused, with a message for the person who typed it.

    :param texts: sentences of the message: each a :class:`Text`, or a plain string that
        is not translated
    """

    def __init__(self, *texts):
        super().__init__(*texts)
        self.texts = texts

    def __str__(self):
        return " ".join(map(str, self.texts))


def from_spreadsheet(label):
    """Return the error for a number that a spreadsheet has changed.

    :param label: of the field, a text or a :class:`Text`
    :rtype: InvalidValue
    """
    return InvalidValue(
        _lt(
            "%(label)s looks like a number that a spreadsheet has changed, such as "
            "123.0, 1.23E+11 or a date. Format the column as text, and write all "
            "digits again. A number of more than 15 digits is only taken from a cell "
            "of text; from a CSV file, only if it does not end in zeros.",
            label=label,
        )
    )
