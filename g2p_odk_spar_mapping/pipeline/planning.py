"""The data of one submission during its import or preview."""

from dataclasses import dataclass, field

from odoo.addons.g2p_spar_financial_address.values.identifiers import normal


class SubmissionError(Exception):
    """Why a submission cannot be imported as it is.

    :param str kind: one of :data:`words.ERROR_KINDS`
    :param str text: in words, without any answer
    """

    def __init__(self, kind, text):
        super().__init__(kind)
        self.kind = kind
        self.text = text


@dataclass
class Source:
    """The source of a plan.

    ``partner`` is the registrant of an earlier version, ``confirmed`` whether a person
    has confirmed this one, ``twins`` the paths that several questions had at Central
    when it was read; ``is_sample`` that it is only tried.
    """

    payload: dict = field(repr=False)
    corrected: dict = field(default_factory=dict, repr=False)
    partner: object = None
    confirmed: bool = False
    twins: tuple = ()
    is_sample: bool = False


@dataclass
class Plan:
    """The plan of a submission: the records that importing it writes.

    Either it has an error (``kind`` and ``text``), or ``partner`` is the registrant or
    else ``new`` the values of one, ``contact`` the changes of a registrant, and
    ``address`` the clean values of a payment address, if there is one. ``whom`` is
    what submissions wait for each other by: the record ID of the registrant, or the ID
    that was collected if no registrant has it.
    """

    values: dict = field(default_factory=dict, repr=False)
    whom: int | str | bool = False
    partner: object = None
    new: dict | None = field(default=None, repr=False)
    contact: dict = field(default_factory=dict, repr=False)
    address: dict | None = field(default=None, repr=False)
    print: str | None = field(default=None, repr=False)
    kind: str | None = None
    text: str | None = None

    @property
    def key(self):
        """The ID of the registrant, as it was collected or corrected."""
        return normal(self.values.get("registrant_id")) or False

    @property
    def about(self):
        """The record ID of the registrant it is about, as far as that is known."""
        return False if isinstance(self.whom, str) else self.whom
