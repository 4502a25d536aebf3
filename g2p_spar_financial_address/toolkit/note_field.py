"""The field of every reason and note."""

from odoo import fields

from ..values.checks import clean_note, mask_note
from .value_checks import checked


class Note(fields.Char):
    """A text that says why, which all viewers of a history read.

    In every channel, a text with a number that has to stay masked is refused.
    A test lists the free texts of the suite, and each is a note or says why not.

    :param bool masks: hide the number instead, and refuse nothing: for texts that the
        system writes as well, and must not fail to
    """

    masks = False

    def _clean(self, value, record):
        if not value:
            return value
        if self.masks:
            return mask_note(value)
        label = self._description_string(record.env)
        return checked(record.env, clean_note, value, label) or False

    def convert_to_column_insert(self, value, record, values=None, validate=True):
        value = self._clean(value, record)
        return super().convert_to_column_insert(value, record, values, validate)

    def write(self, records, value):
        return super().write(records, self._clean(value, records))
