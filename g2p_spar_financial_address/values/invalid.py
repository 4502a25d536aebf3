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
