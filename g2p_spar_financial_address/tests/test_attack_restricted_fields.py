"""Attacks on every field for certain roles, by what a filter or a view may name it in.

The fields are found in the registry, and the relations that lead to them, too.
"""

from odoo import fields
from odoo.exceptions import UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import FinancialAddressCase
from .matrix import MatrixMixin

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"
EXPORT = "base.group_allow_export"
ROLES = {
    "portal": ["base.group_portal"],
    "none": ["base.group_user", EXPORT],
    "contacts": ["base.group_user", "base.group_partner_manager", EXPORT],
    "viewer": [f"{FA}.group_viewer", EXPORT],
    "operator": [f"{SYNC}.group_operator", EXPORT],
}


#: Models of Odoo by which users come to those of the suite.
NEAR = ("res.users", "res.partner", "mail.message", "mail.activity", "ir.attachment")

#: Methods that answer nothing of no records.
GROUPING = (
    "formatted_read_group",
    "formatted_read_grouping_sets",
    "web_read_group",
    "read_progress_bar",
)
#: Methods that show what records have; of no records they show nothing.
SHOWING = ("web_read", "export_data", "mapped", "grouped", "web_search_read", "load")


@tagged("post_install", "-at_install")
class TestAttackRestrictedFields(MatrixMixin, FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(cls.env, f"rf_{number}", ",".join(groups))
            for number, (role, groups) in enumerate(ROLES.items())
            if all(cls.env.ref(group, raise_if_not_found=False) for group in groups)
        }
        cls.address = cls.enter_bank_account(proof=b"eA==", proof_name="card.png")

    def restricted(self):
        """Yield models and their fields that only certain roles read."""
        for model in self.env.values():
            if model._abstract or not model._auto:
                continue
            for name, field in model._fields.items():
                ours = any(module.startswith("g2p_") for module in field._modules)
                if field.groups and ours:
                    yield model, name

    def may(self, user, field):
        if field.groups == fields.NO_ACCESS:
            return False
        return user.has_groups(field.groups)

    def relations(self, model):
        """Yield models and a field of each that leads to a model."""
        for other in self.env.values():
            near = other._name.startswith("g2p.") or other._name in NEAR
            if other._abstract or not other._auto or other._transient or not near:
                continue
            for name, field in other._fields.items():
                is_way = field.relational and field.comodel_name == model._name
                if is_way and field.store and not field.inherited:
                    yield other._name, name
                    break

    def ways(self, model, name):
        """Yield ways to name a field, as methods with arguments."""
        searchable = model._fields[name]._description_searchable
        spec = {name: {}}
        yield "web_read", [self.ids(model), spec]
        yield "web_search_read", [[], spec]
        yield "export_data", [self.ids(model), [name]]
        yield "mapped", [self.ids(model), name]
        yield "grouped", [self.ids(model), name]
        yield "sorted", [self.ids(model), name]
        yield "filtered", [self.ids(model), name]
        yield "load", [[".id", name], [["1", "x"]]]
        if not searchable:
            return
        some = [(name, "!=", False)]
        for domain in (
            some,
            ["!", (name, "=", False)],
            ["|", ("id", "=", 0), (name, "like", "%")],
            [("id", "any", some)],
            [("id", "not any", some)],
        ):
            yield "search_count", [domain]
        yield "search_read", [some, ["id"]]
        yield "web_search_read", [some, {}]
        yield "name_search", ["", some]
        yield "filtered_domain", [self.ids(model), some]
        yield "search_read", [[], ["id"], 0, 1, f"{name} desc"]
        yield "web_search_read", [[], {}, 0, 1, f"id, {name}"]
        yield "formatted_read_group", [[], [name], ["__count"]]
        for aggregate in ("count_distinct", "max", "array_agg", "count"):
            yield "formatted_read_group", [[], [], [f"{name}:{aggregate}"]]
        yield (
            "formatted_read_group",
            [[], ["id"], ["__count"], [(f"{name}:max", "!=", False)]],
        )
        yield "formatted_read_grouping_sets", [[], [[name]], ["__count"]]
        yield "web_read_group", [[], [name]]
        yield "read_progress_bar", [[], name, {"field": name, "colors": {}}]
        yield "read_progress_bar", [some, "id", {"field": "id", "colors": {}}]
        for parent, relation in self.relations(model):
            path = f"{relation}.{name}"
            yield (parent, "search_count"), [[(path, "!=", False)]]
            yield (parent, "search_count"), [[(relation, "any", some)]]
            yield (
                (parent, "web_search_read"),
                [[], {relation: {"fields": spec, "order": name}}],
            )

    def ids(self, model):
        if model._name == self.address._name:
            return self.address.ids
        if model._name == "res.partner":
            return self.registrant.ids
        return model.sudo().search([], limit=1).ids

    def attempt(self, user, model, method, arguments):
        """Return whether a call was answered, or None where there is no such method."""
        try:
            get_public_method(self.env[model], method)
        except Exception:
            return None
        with self.env.cr.savepoint() as savepoint:
            try:
                answer = call_kw(self.env(user=user)[model], method, arguments, {})
            except Exception:
                answer = None
            else:
                if method == "load":
                    answer = answer["ids"]
                if method == "export_data":
                    answer = answer["datas"]
                answer = [answer]
            savepoint.rollback()
        self.env.invalidate_all()
        return answer

    def test_what_odoo_evaluates_with_all_rights_tells_no_number(self):
        """Conditions on followers, and on who made a file, lead to other persons."""
        user = self.users["contacts"]
        editor = new_test_user(self.env, "rf_editor", f"{FA}.group_editor")
        own = self.env["res.partner"].create({"name": "Own"})
        own.message_subscribe(partner_ids=self.registrant.ids)
        tag = self.env["res.partner.category"].create({"name": "Tag"})
        (self.registrant | user.partner_id | editor.partner_id).category_id = tag
        for who in (user, editor):
            mine = self.env(user=who)
            mine["ir.attachment"].create({"name": "x", "raw": b"x"})
            rows = self.env["g2p.fa.reveal"].search_count([])
            ways = {
                "followers": ("res.partner", "message_partner_ids"),
                "follower rows": ("res.partner", "message_follower_ids.partner_id"),
                "who made a file": (
                    "ir.attachment",
                    "create_uid.partner_id.category_id.partner_ids",
                ),
            }
            for way, (model, path) in ways.items():
                for name, value in (
                    ("account_number", "0123456789"),
                    ("account_number", "012%"),
                    ("number", "0123456789"),
                ):
                    rest = f"financial_address_ids.{name}"
                    operator = "=like" if "%" in value else "="
                    for domain in (
                        [(f"{path}.{rest}", operator, value)],
                        [(path, "any", [(rest, operator, value)])],
                        ["!", (f"{path}.{rest}", operator, value)],
                    ):
                        with self.subTest(who.login, way=way, domain=domain):
                            try:
                                with self.env.cr.savepoint():
                                    mine[model].search_count(domain)
                            except Exception:
                                self.env.invalidate_all()
                                continue
                            # Only who may see numbers is answered, and it is logged.
                            after = self.env["g2p.fa.reveal"].search_count([])
                            self.assertGreater(after, rows)
                            self.assertEqual((who, name), (editor, "number"))
                            rows = after

    def test_a_list_is_not_grouped_by_them(self):
        if "agent_ids" not in self.registrant._fields:
            return
        for role, user in self.users.items():
            mine = self.env["res.partner"].with_user(user)
            with self.subTest(role), self.assertRaises(UserError):
                mine.formatted_read_group([], ["agent_ids"], ["__count"])

    @mute_logger(
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
        "odoo.sql_db",
        "py.warnings",
    )
    def test_no_way_of_naming_it_leads_to_it(self):
        for model, name in self.restricted():
            for role, user in self.users.items():
                if self.may(user, model._fields[name]):
                    continue
                self.seen = self.sees(user, model)
                for way, arguments in self.ways(model, name):
                    parent, method = (
                        way if isinstance(way, tuple) else (model._name, way)
                    )
                    answer = self.attempt(user, parent, method, arguments)
                    self.cells += 1
                    if answer and self.tells(method, arguments, answer[0]):
                        with self.subTest(role, field=f"{model._name}.{name}"):
                            self.fail(f"{parent}.{method}{arguments}: {answer[0]}")
        self.assertCells(3000)

    def sees(self, user, model):
        """Return whether a user sees any record of a model."""
        try:
            return bool(model.with_user(user).sudo(False).search([], limit=1))
        except UserError:
            return False

    def tells(self, method, arguments, answer):
        """Return whether an answer tells something of the field."""
        if method in GROUPING and not self.seen:
            return False
        if method in SHOWING and isinstance(arguments[0], list):
            # Without records, there was nothing to show.
            if not arguments[0]:
                return method == "web_search_read" and self.shows(arguments, answer)
            return bool(answer)
        return True

    def shows(self, arguments, answer):
        """Return whether a search of all records shows the field, or sorts by it."""
        if len(arguments) > 2:
            return True
        (name,) = arguments[1] or (None,)
        records = answer["records"]
        if "fields" in (arguments[1].get(name) or {}):
            return any(record[name] for record in records)
        return bool(records)
