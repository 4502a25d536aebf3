"""Why a proposal is not entered: for whoever made it, in plain words."""


class Refused(Exception):
    """The registry does not take what was proposed.

    :param dict reasons: what is wrong, by the name of the value as the caller knows
        it, or by ``""`` where it is no single one
    """

    def __init__(self, reasons):
        super().__init__("refused")
        self.reasons = reasons


class KeyReused(Exception):
    """The idempotency key was used before, for something else."""
