"""Traps laid in a worker that fetches from Central: it kills itself at a point."""

from .traps import Trap

#: Points of a run at which a worker can be killed.
POINTS = (
    "after_page",
    "in_staging",
    "after_staging",
    "before_cursor",
    "in_applying",
    "after_applying",
)


class OdkTrap(Trap):
    """Kills the process it is laid in when it comes to a point of a run.

    :param str point: one of :data:`POINTS`.
    :param int passes: how often it comes by unharmed before.
    :param str database: whose registry is altered.
    """

    def _after_page(self):
        """A page is read; nothing of it is staged."""
        from odoo.addons.g2p_odk_spar_mapping.central.client import CentralClient

        self._wrap(CentralClient, "page")

    def _in_staging(self):
        """A page is staged but not committed."""
        self._wrap(self._form(), "_stage_now", when=_always)

    def _after_staging(self):
        """A page is staged and committed; others are not, nor is the cursor."""
        self._wrap(self._form(), "_stage", when=_always)

    def _before_cursor(self):
        """All is staged; the cursor is not moved."""
        from odoo.addons.g2p_odk_spar_mapping.central.feed import Feed

        self._wrap(Feed, "reached", before=True)

    def _in_applying(self):
        """Some are applied but not committed."""
        self._wrap(self._form(), "_apply_all", when=_always)

    def _after_applying(self):
        """Some are applied and committed; the run is not closed."""
        self._wrap(self._form(), "_apply_chunk", when=_always)

    def _form(self):
        from odoo.modules.registry import Registry

        return Registry(self.database)["g2p.odk.form"]


def _always(_result):
    return True
