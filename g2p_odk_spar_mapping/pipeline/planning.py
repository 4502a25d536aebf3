"""What is known of one submission while it is being imported, or only looked at."""

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
    """What a plan is made from.

    ``partner`` is who an earlier version was about, ``confirmed`` whether a person
    has said that this one is right as it is, ``twins`` the paths that Central gave
    several questions when it was read.
    """

    payload: dict = field(repr=False)
    corrected: dict = field(default_factory=dict, repr=False)
    partner: object = None
    confirmed: bool = False
    twins: tuple = ()


@dataclass
class Plan:
    """What a submission becomes.

    Either there is a trouble (``kind`` and ``text``), or ``partner`` is the registrant
    or else ``new`` the values of one, ``contact`` what changes of a registrant, and
    ``address`` the clean values of a payment address, if there is one.
    """

    values: dict = field(default_factory=dict, repr=False)
    partner: object = None
    new: dict | None = field(default=None, repr=False)
    contact: dict = field(default_factory=dict, repr=False)
    address: dict | None = field(default=None, repr=False)
    print: str | None = field(default=None, repr=False)
    kind: str | None = None
    text: str | None = None

    @property
    def key(self):
        """The ID of the registrant, by which submissions wait for each other."""
        return normal(self.values.get("registrant_id")) or False
