import inspect

from odoo.tests import tagged
from odoo.tools import mute_logger

from .matrix_common import MatrixCase

PARTNER = "res.partner"

#: What is asked of every model of the suite: a method, and its arguments, where IDS
#: stands for a record there is.
IDS = object()
CALLS = {
    "search": ([[]], {}),
    "search_count": ([[]], {}),
    "search_read": ([[], ["id"]], {}),
    "web_search_read": ([[]], {"specification": {"id": {}}}),
    "name_search": ([""], {}),
    "formatted_read_group": ([[], [], ["__count"]], {}),
    "web_read_group": ([[], ["id"]], {}),
    "read": ([IDS, ["id"]], {}),
    "web_read": ([IDS], {"specification": {"display_name": {}}}),
    "export_data": ([IDS, ["id"]], {}),
    "onchange": ([IDS, {}, [], {"display_name": {}}], {}),
    "write": ([IDS, {"create_uid": 1}], {}),
    "web_save": ([IDS, {"create_uid": 1}], {"specification": {}}),
    "create": ([[{}]], {}),
    "name_create": (["x"], {}),
    "load": ([["id"], [["x"]]], {"context": {"import_file": True}}),
    "copy": ([IDS], {}),
    "unlink": ([IDS], {}),
}
#: What may be asked of people, and is answered for those who are the agent's own.
OF_PEOPLE = {
    "read": ([IDS, ["name"]], {}),
    "web_read": ([IDS], {"specification": {"name": {}}}),
    "search": ([[("id", "in", IDS)]], {}),
    "search_read": ([[("id", "in", IDS)], ["name"]], {}),
    "search_count": ([[("id", "in", IDS)]], {}),
    "formatted_read_group": ([[("id", "in", IDS)], ["name"]], {}),
}
#: What nobody does to people here, their own or not.
TO_PEOPLE = {
    "write": ([IDS, {"phone": "1"}], {}),
    "web_save": ([IDS, {"user_id": 1}], {"specification": {}}),
    "unlink": ([IDS], {}),
    "copy": ([IDS], {}),
    "action_archive": ([IDS], {}),
    "message_post": ([IDS], {"body": "x"}),
    "message_subscribe": ([IDS, [1]], {}),
    "export_data": ([IDS, ["name"]], {}),
    "refresh_spar_status": ([IDS], {}),
    "action_end_financial_address": ([IDS], {}),
}
PAYMENT_FIELDS = (
    "financial_address_ids",
    "financial_address_id",
    "pending_address_id",
    "spar_id",
    "spar_state",
    "spar_mapping_ids",
    "agent_ids",
)


def filled(argument, ids):
    """Return an argument with a record's ID in the places for it."""
    if argument is IDS:
        return ids
    if isinstance(argument, list | tuple):
        return [filled(one, ids) for one in argument]
    return argument


@tagged("post_install", "-at_install")
class TestSecurityRpc(MatrixCase):
    """What the pages do not offer is not had by Odoo's own ways either."""

    def call(self, model, method, *args, **kwargs):
        """Return result and name of the error of a call."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self.post(f"/web/dataset/call_kw/{model}/{method}", params)

    def post(self, path, params):
        with mute_logger("odoo.http", "odoo.sql_db", "odoo.models"):
            response = self.url_open(path, json={"params": params})
        said = response.json()
        self.assertKeepsQuiet(response, self.role)
        error = said.get("error") or {}
        return said.get("result"), (error.get("data") or {}).get("name")

    def sign_in_as(self, role):
        self.role = role
        return super().sign_in_as(role)

    def suite_models(self):
        """Return the models of the suite's addons, by name."""
        models = [
            model
            for model in self.env.values()
            if model._original_module.startswith("g2p_")
        ]
        self.assertGreater(len(models), 20)
        return sorted(models, key=lambda model: model._name)

    def assertRefused(self, method, result, error):
        if method in ("load", "name_create") and not error:
            # Odoo tells of an import in its result, and of a model without names there.
            self.assertFalse(result and result["ids"])
            return
        errors = {"odoo.exceptions.AccessError", "odoo.http.SessionExpiredException"}
        if method != "create":
            # Of records nobody writes on, and of exports.
            errors.add("odoo.exceptions.UserError")
        self.assertIn(error, errors)
        self.assertFalse(result)

    # === MODELS OF THE SUITE === #

    def test_no_model_of_the_suite_is_open(self):
        for role in ("agent A", "portal user", "nobody"):
            self.sign_in_as(role)
            for model in self.suite_models():
                ids = model._abstract and [1] or model.sudo().search([], limit=1).ids
                for method, (args, kwargs) in CALLS.items():
                    with self.cell(role, model._name, method), self.changes():
                        args_of = filled(args, ids or [1])
                        result, error = self.call(
                            model._name, method, *args_of, **kwargs
                        )
                        self.assertRefused(method, result, error)
        self.assertCells(800)

    def test_no_public_method_of_the_suite_does_or_tells_anything(self):
        self.sign_in_as("agent A")
        for model in self.env.values():
            for name, method in sorted(public_methods(model).items()):
                ids = model._abstract and [1] or model.sudo().search([], limit=1).ids
                if model._name == PARTNER:
                    ids = self.registrant.ids
                number = len(inspect.signature(method).parameters) - 1
                with self.cell(model._name, name), self.changes():
                    result, error = self.call(
                        model._name, name, ids or [1], *["1"] * max(number, 0)
                    )
                    # What to open next is no secret; what is there then is refused.
                    # Of a session, Odoo tells its own user.
                    if name not in ("get_formview_id", "session_info") and not (
                        (result or {}).get("type", "").startswith("ir.actions.")
                    ):
                        self.assertIsNone(result)
                        self.assertTrue(error)
        self.assertCells(40)

    # === PEOPLE === #

    def test_people_are_read_by_their_agents_only_and_changed_by_none(self):
        for role in ("agent A", "agent assigned", "agent B", "portal user", "nobody"):
            self.sign_in_as(role)
            for person in self.people[:-1]:
                ids = [person.key]
                for method, (args, kwargs) in OF_PEOPLE.items():
                    with self.cell(role, method, person.name), self.changes():
                        args = filled(args, ids)
                        result, error = self.call(PARTNER, method, *args, **kwargs)
                        self.assertEqual(bool(result), sees(role, person), error)
                for method, (args, kwargs) in TO_PEOPLE.items():
                    with self.cell(role, method, person.name), self.changes():
                        args = filled(args, ids)
                        result, error = self.call(PARTNER, method, *args, **kwargs)
                        self.assertFalse(result)
                        self.assertTrue(error)
        self.assertCells(300)

    def test_payment_data_is_no_field_of_people_for_agents(self):
        self.sign_in_as("agent A")
        ids = self.registrant.ids
        for name in PAYMENT_FIELDS:
            for method, args in {
                "read": [ids, [name]],
                "web_read": [ids, {name: {}}],
                "search": [[(name, "!=", False)]],
                "search_read": [[], [name]],
                "formatted_read_group": [[], [name]],
                "export_data": [ids, [name]],
                "filtered_domain": [ids, [(name, "!=", False)]],
                "search order": [[], 0, None, name],
                "mapped": [ids, name],
                "onchange": [ids, {name: False}, [name], {name: {}}],
            }.items():
                with self.cell(name, method), self.changes():
                    result, error = self.call(PARTNER, method.split()[0], *args)
                    self.assertFalse(result)
                    self.assertTrue(error)
        self.assertCells(70)

    def test_what_the_office_writes_about_people_is_the_offices(self):
        said = "what the office says"
        person = self.registrant
        comment = {"message_type": "comment", "subtype_xmlid": "mail.mt_comment"}
        messages = person.message_post(body=said, **comment)
        messages |= person.message_post(body=said)
        messages |= person.message_post(body=said, message_type="comment")
        attachment = self.env["ir.attachment"].create(
            {
                "name": said,
                "res_model": PARTNER,
                "res_id": person.id,
                "raw": said.encode(),
            }
        )
        about = [["res_id", "=", person.id]]
        calls = {
            "search_read": ("mail.message", "search_read", about, ["body"]),
            "web_search_read": (
                "mail.message",
                "web_search_read",
                about,
                {"body": {}},
            ),
            "formatted_read_group": (
                "mail.message",
                "formatted_read_group",
                about,
                ["body"],
            ),
            "message_ids": (PARTNER, "read", person.ids, ["message_ids"]),
            "attachments": ("ir.attachment", "search_read", about, ["name"]),
            "attachment": ("ir.attachment", "read", attachment.ids, ["raw"]),
        }
        for message in messages:
            name = f"read {message.message_type} {message.subtype_id.name}"
            calls[name] = "mail.message", "read", message.ids, ["body"]
        thread = {"thread_model": PARTNER, "thread_id": person.id}
        routes = {
            "/mail/thread/messages": thread,
            "/mail/chatter_fetch": thread,
            "/mail/data": {
                "fetch_params": [["mail.thread", {**thread, "request_list": []}]]
            },
        }
        for role in ("agent A", "agent assigned", "agent B"):
            self.sign_in_as(role)
            for name, (model, method, *args) in calls.items():
                with self.cell(role, name):
                    result, _error = self.call(model, method, *args)
                    self.assertNotIn(said, str(result))
                    self.assertFalse(set(messages.ids) & ids_in(result))
            for path, params in routes.items():
                with self.cell(role, path):
                    result, _error = self.post(path, params)
                    self.assertNotIn(said, str(result))
            with self.cell(role, "download"), mute_logger("odoo.http"):
                response = self.url_open(f"/web/content/{attachment.id}")
                self.assertNotIn(said, response.text)
        self.assertCells(39)


def ids_in(result):
    """Return the IDs of messages in what was read of people."""
    rows = result if isinstance(result, list) else []
    return {number for row in rows for number in row.get("message_ids", ())}


def sees(role, person):
    """Return whether a role reads somebody by Odoo's own ways.

    As everywhere in Odoo, whoever signs in reads their own contact.
    """
    return role in person.owners


def public_methods(model):
    """Return what the suite lets others call on a model, by name."""
    return {
        name: value
        for cls in type(model).mro()
        if cls.__module__.startswith("odoo.addons.g2p_")
        for name, value in vars(cls).items()
        if not name.startswith("_")
        and inspect.isfunction(value)
        and not getattr(value, "_api_private", False)
    }
