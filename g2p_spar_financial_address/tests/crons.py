"""What tests of scheduled actions have in common."""

from unittest.mock import patch

LOGGER = "odoo.addons.g2p_spar_financial_address.toolkit.transactions"
#: In an error's text; it must not reach the log.
PRIVATE = "0754200001"


class CronsMixin:
    """An error with the first record reaches neither the others nor the scheduler."""

    def crons_of(self, addon):
        """Return the names of an addon's scheduled actions."""
        known = self.env["ir.model.data"].search(
            [("module", "=", addon), ("model", "=", "ir.cron")]
        )
        return set(known.mapped("name"))

    def run_cron(self, xmlid):
        """Run a scheduled action; Odoo would count an error that comes out of it."""
        self.env.flush_all()
        self.env.ref(xmlid).ir_actions_server_id.run()
        self.env.flush_all()

    def run_with_error(self, xmlid, owner, method):
        """Run a scheduled action while a method fails with what it is called for first.

        :param owner: class that has the method
        :return: how often the method was called, for whatever record
        """
        original, calls, first = getattr(owner, method), [], []

        def fail(records, *args, **kwargs):
            calls.append(records)
            # The same again, when a chunk is done one by one.
            if not first:
                first.append(getattr(records, "ids", None) or [records])
            ids = getattr(records, "ids", None) or [records]
            if first[0][:1] == ids[:1]:
                raise ZeroDivisionError(PRIVATE)
            return original(records, *args, **kwargs)

        with (
            patch.object(owner, method, fail),
            self.assertLogs(LOGGER, "ERROR") as logs,
        ):
            self.run_cron(xmlid)
        self.assertIn("ZeroDivisionError", logs.output[0])
        self.assertNotIn(PRIVATE, "".join(logs.output))
        return len(calls)
