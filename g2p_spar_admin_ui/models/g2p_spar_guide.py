from odoo import api, models

from odoo.addons.g2p_spar_sync_queue.spar.keys import KeyProblem


class G2pSparGuide(models.AbstractModel):
    """The first steps, shown until the first address is at SPAR."""

    _name = "g2p.spar.guide"
    _description = "First steps with SPAR"

    @api.model
    def _steps(self, connections):
        """Return each step with its state and the action that opens its screen.

        :param connections: all connections
        :return: a list, empty as soon as SPAR has confirmed an address
        """
        Change = self.env["g2p.spar.change"]
        if connections and Change.search_count(
            [
                ("connection_id", "in", connections.ids),
                ("confirmed_at", "!=", False),
            ],
            limit=1,
        ):
            return []
        connection = connections[:1]
        return [
            self._connect(connection),
            self._key(connection),
            self._id_source(),
            self._start(connection),
            self._first_registrant(),
        ]

    def _connect(self, connection):
        return {
            "name": "connect",
            "title": self.env._("Connect this registry to SPAR"),
            "text": self.env._("Enter where SPAR answers and who this registry is."),
            "done": bool(connection),
            "button": self.env._("Connection"),
            "action": self._open_connection(connection),
        }

    def _key(self, connection):
        problem = self.env._("It is added to the connection.")
        if connection:
            try:
                connection._client().close()
                problem = ""
            except KeyProblem as error:
                problem = connection._key_problem_text(error)
        return {
            "name": "key",
            "title": self.env._("Have a key to sign with"),
            "text": problem or self.env._("The key and the certificate can be read."),
            "done": bool(connection) and not problem,
            "button": self.env._("Key"),
            "action": self._open_key(connection),
        }

    def _id_source(self):
        known = self.env["res.partner"].search_count(
            [("spar_id", "!=", False)], limit=1
        )
        return {
            "name": "ids",
            "title": self.env._("Say where the IDs come from"),
            "text": self.env._(
                "SPAR identifies each registrant by an ID: typed by hand, or taken "
                "from fields of the contact."
            ),
            "done": bool(known),
            "button": self.env._("Payment settings"),
            "action": "g2p_spar_financial_address.g2p_fa_settings_action",
        }

    def _start(self, connection):
        return {
            "name": "start",
            "title": self.env._("Test, and start sending"),
            "text": self.env._(
                "Starting first tests the connection with a query that changes "
                "nothing, and shows any problem."
            ),
            "done": connection.state == "running",
            "button": self.env._("Test and start"),
            "start": connection.id if connection.state != "running" else False,
            "action": self._open_connection(connection),
        }

    def _first_registrant(self):
        return {
            "name": "registrant",
            "title": self.env._("Enter the first payment address"),
            "text": self.env._(
                "Open a registrant, page Payment. As soon as the address is at SPAR, "
                "this guide makes room for the overview."
            ),
            "done": False,
            "button": self.env._("Registrants"),
            "action": "g2p_spar_financial_address.registrant_action",
        }

    def _open_key(self, connection):
        if not connection or connection.key_ids:
            return self._open_connection(connection)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Signing key"),
            "res_model": "g2p.spar.key",
            "views": [(False, "form")],
            "context": {"default_connection_id": connection.id},
        }

    def _open_connection(self, connection):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connection"),
            "res_model": "g2p.spar.connection",
            "res_id": connection.id,
            "views": [(False, "form")],
        }
