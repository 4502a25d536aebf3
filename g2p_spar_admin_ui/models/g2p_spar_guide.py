from odoo import api, models

from odoo.addons.g2p_spar_financial_address.const import (
    APPROVER,
    CHANNELS,
    EDITOR,
    FA_TYPES,
)


class G2pSparGuide(models.AbstractModel):
    """The first steps, shown until the first address is at SPAR."""

    _name = "g2p.spar.guide"
    _description = "First steps with SPAR"

    @api.model
    def _steps(self, connections):
        """Return each step with its state and what its button does.

        Each has a ``name``, a ``title``, a ``text``, ``done``, and a ``button`` with an
        ``action`` to open or a ``call`` of a method; without the right to do the step
        the button is False. One button at most is ``primary``: *Start* where the test
        has shown that it works, otherwise that of the first step to do.

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
        editors, approvers = self._people(EDITOR), self._people(APPROVER)
        steps = [
            self._providers(),
            self._roles(editors, approvers),
            self._policy(approvers),
            self._connect(connection),
            self._key(connection),
            self._id_source(),
            self._test(connection),
            self._start(connection),
            self._first_registrant(),
        ]
        # Sending does not start before the test has passed.
        todo = [step for step in steps if not step["done"] and step["button"]]
        first = next((step for step in todo if step["name"] != "start"), None)
        start = next((step for step in todo if step["name"] == "start"), None)
        chosen = start if connection.is_ready and start else first
        return [{**step, "primary": step is chosen} for step in steps]

    def _step(self, name, title, text, done, button, model, **way):
        """Return a step; the button is left out where the user may not do it.

        :param str model: of the records that the step creates or changes
        :param way: ``action`` or ``call``
        """
        who = {
            "g2p.spar.connection": self.env._("A SPAR manager does this."),
            "res.users": self.env._("An administrator of users does this."),
            "g2p.financial.address": self.env._("An editor of addresses does this."),
        }
        if not self.env[model].has_access("write"):
            button = False
            if not done:
                default = self.env._("An administrator of payment addresses does this.")
                text = f"{text} {who.get(model, default)}"
        return {
            "name": name,
            "title": title,
            "text": text,
            "done": done,
            "button": button,
            "action": False,
            "call": False,
            **way,
        }

    # === THE REGISTRY === #

    def _providers(self):
        number = self.env["g2p.dfsp"].search_count([("fa_type", "!=", False)])
        if number:
            text = self.env._("The directory has providers: %s.", number)
            action = "g2p_spar_financial_address.g2p_dfsp_action"
        else:
            text = self.env._(
                "Import the directory from a file. A sample shows how it is written, "
                "and can be tried."
            )
            action = "g2p_spar_financial_address.g2p_dfsp_import_action"
        return self._step(
            "providers",
            self.env._("Enter the banks and wallet operators"),
            text,
            bool(number),
            self.env._("Providers") if number else self.env._("Import directory"),
            "g2p.dfsp",
            action=action,
        )

    def _people(self, role):
        people = self.env.ref(role).sudo().all_user_ids
        return people.filtered("active") - self.env.ref("base.user_root")

    def _roles(self, editors, approvers):
        if not approvers:
            text = self.env._(
                "There is no approver yet: a second person who approves what others "
                "enter, or refuses it."
            )
        elif not editors:
            text = self.env._("There is no editor yet, who enters addresses.")
        elif len(editors | approvers) == 1:
            text = self.env._(
                "One user has both roles, and does not approve their own entries. Give "
                "one of the roles to another user."
            )
        else:
            text = self.env._(
                "Editors: %(editors)s. Approvers: %(approvers)s.",
                editors=len(editors),
                approvers=len(approvers),
            )
        return self._step(
            "roles",
            self.env._("Say who enters and who approves"),
            text,
            bool(editors and approvers and len(editors | approvers) > 1),
            self.env._("Users"),
            "res.users",
            action="base.action_res_users",
        )

    def _policy(self, approvers):
        asks = self.env["g2p.fa.policy"].asks_approval
        checked = {
            fa_type
            for fa_type, _label in FA_TYPES
            for channel, _label in CHANNELS
            if asks(fa_type, channel)
        }
        if not checked:
            text = self.env._(
                "So far every address is used as it was entered. Tick where a second "
                "person has to approve it."
            )
        elif not approvers:
            text = self.env._("Addresses wait for a second person: there is none yet.")
        else:
            field = self.env["g2p.financial.address"]._fields["fa_type"]
            labels = field._description_selection(self.env)
            text = self.env._(
                "A second person approves: %s.",
                ", ".join(label for code, label in labels if code in checked),
            )
        return self._step(
            "policy",
            self.env._("Decide what a second person approves"),
            text,
            bool(checked and approvers),
            self.env._("Approval policy"),
            "g2p.fa.policy",
            action="g2p_spar_financial_address.g2p_fa_policy_action",
        )

    # === THE CONNECTION === #

    def _connect(self, connection):
        return self._step(
            "connect",
            self.env._("Connect this registry to SPAR"),
            self.env._("Enter where SPAR answers and who this registry is."),
            bool(connection),
            self.env._("Connection"),
            "g2p.spar.connection",
            action=self._open_connection(connection),
        )

    def _key(self, connection):
        problem = self.env._("It is added to the connection.")
        if connection:
            problem = connection.key_trouble()
        return self._step(
            "key",
            self.env._("Have a key to sign with"),
            problem or self.env._("The key and the certificate can be read."),
            bool(connection) and not problem,
            self.env._("Key"),
            "g2p.spar.connection",
            action=self._open_key(connection),
        )

    def _id_source(self):
        known = self.env["res.partner"].search_count(
            [("spar_id", "!=", False)], limit=1
        )
        return self._step(
            "ids",
            self.env._("Say where the IDs come from"),
            self.env._(
                "SPAR identifies each registrant by an ID: typed by hand, or taken "
                "from fields of the contact."
            ),
            bool(known),
            self.env._("Payment settings"),
            "g2p.fa.settings",
            action="g2p_spar_financial_address.g2p_fa_settings_action",
        )

    def _test(self, connection):
        started = bool(connection) and connection.state != "draft"
        done = started or connection.is_ready
        text = self.env._(
            "A signed query that changes nothing shows whether SPAR knows this "
            "registry and its key."
        )
        if done:
            text = self.env._("SPAR answered and accepted the signature.")
        elif connection.test_problem:
            text = connection.test_problem
        way = {"action": self._open_connection(connection)}
        if connection and not started:
            way = {"call": (connection._name, "action_test", connection.ids)}
        return self._step(
            "test",
            self.env._("Test the connection"),
            text,
            done,
            self.env._("Test"),
            "g2p.spar.connection",
            **way,
        )

    def _start(self, connection):
        way = {"action": self._open_connection(connection)}
        if connection.state == "draft":
            way = {"call": (connection._name, "action_start", connection.ids)}
        return self._step(
            "start",
            self.env._("Start sending"),
            self.env._(
                "From then on each new address is sent. Starting tests the connection "
                "once more."
            ),
            connection.state == "running",
            self.env._("Start"),
            "g2p.spar.connection",
            **way,
        )

    def _first_registrant(self):
        return self._step(
            "registrant",
            self.env._("Enter the first payment address"),
            self.env._(
                "Open a person and enter where they are paid. As soon as the address "
                "is at SPAR, this guide makes room for the overview."
            ),
            False,
            self.env._("Registrants"),
            "g2p.financial.address",
            action="g2p_spar_financial_address.registrant_action",
        )

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
