"""A row of the table that says what is kept of a person, and how long."""

from dataclasses import dataclass

#: Models of dialogs: Odoo deletes their rows once a day, when they are an hour old.
DIALOG = "an hour, then Odoo's daily clean-up deletes it"
FOR_GOOD = "for good"


@dataclass(frozen=True)
class Kept:
    """What one model keeps.

    :param str model: its name
    :param str what: of a registrant; empty if there is nothing
    :param str until: how long
    :param str job: the method that enforces it, as ``model.method``; empty where there
        is nothing to enforce
    :param tuple paths: of fields that lead to the registrant, for subject access
    :param tuple hidden: fields of hashes and secrets, which are handed out to no person
    """

    model: str
    what: str = ""
    until: str = FOR_GOOD
    job: str = ""
    paths: tuple = ()
    hidden: tuple = ()
