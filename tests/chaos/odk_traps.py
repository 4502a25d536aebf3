"""Traps laid in a worker that fetches from Central: it kills itself at a point."""

from .traps import Trap

#: Points of a run at which a worker can be killed.
POINTS = (
    "after_page",
    "in_staging",
    "in_taking",
    "after_taking",
    "in_applying",
    "after_applying",
    "between_pages",
    "in_comparing",
    "after_comparing",
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

    def _in_taking(self):
        """A page is staged and its place is stored; neither is committed."""
        self._wrap(self._form(), "_take_page", when=_always)

    def _after_taking(self):
        """A page is staged and its place committed; nothing of it is applied."""
        self._wrap(self._form(), "_apply_staged", before=True)

    def _in_applying(self):
        """Some are applied but not committed."""
        self._wrap(self._form(), "_apply_all", when=_always)

    def _after_applying(self):
        """Some are applied and committed; the run is not closed."""
        self._wrap(self._form(), "_apply_chunk", when=_always)

    def _between_pages(self):
        """A page is applied; the next one is not asked for, or the run not closed."""
        self._wrap(self._form(), "_apply_staged", when=_always)

    def _in_comparing(self):
        """What differs of a page is staged; its place is not stored."""
        self._wrap(self._form(), "_compare", when=_always)

    def _after_comparing(self):
        """A page is compared and its place committed; the next one is not."""
        self.passes = 1
        self._wrap(self._form(), "_compare", before=True)

    def _form(self):
        from odoo.modules.registry import Registry

        return Registry(self.database)["g2p.odk.form"]


def _always(_result):
    return True
