"""Attack: every public method of every model of the suite, as users without the right.

The methods are found in the registry, so a new one is attacked as well.
"""

import json

from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.g2p_spar_financial_address.tests.matrix import MatrixMixin
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase
from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in import faults

from .public_methods import PublicMethodsMixin

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"
NUMBER, HIDDEN = "+255754977531", "754977531"
#: Users who may do nothing at all with a registrant of the north.
ROLES = {
    "none": ["base.group_user", "base.group_allow_export"],
    "contacts": ["base.group_partner_manager", "base.group_allow_export"],
    "templates": ["mail.group_mail_template_editor", "base.group_user"],
    "portal": ["base.group_portal"],
    "viewer": [f"{FA}.group_viewer", "base.group_allow_export"],
}
#: Users of the south, who have these roles there.
SOUTH = {
    "south editor": [f"{FA}.group_editor", "base.group_allow_export"],
    "south approver": [f"{FA}.group_approver", f"{FA}.group_editor"],
    "south operator": [f"{SYNC}.group_operator"],
}
#: Ways of the ORM, with what stands in for ids and the name of a field.
ORM = {
    "read": lambda ids, name: [ids],
    "web_read": lambda ids, name: [ids, {name: {}}],
    "search_read": lambda ids, name: [[("id", "in", ids)]],
    "web_search_read": lambda ids, name: [[], {name: {}}],
    "search_count": lambda ids, name: [[(name, "ilike", HIDDEN)]],
    "export_data": lambda ids, name: [ids, [name]],
    "formatted_read_group": lambda ids, name: [[], [name]],
    "name_search": lambda ids, name: [HIDDEN],
    "copy": lambda ids, name: [ids],
    "write": lambda ids, name: [ids, {name: False}],
    "web_save": lambda ids, name: [ids, {name: False}, {name: {}}],
    "onchange": lambda ids, name: [ids, {}, [], {name: {}}],
    "default_get": lambda ids, name: [[name]],
    "unlink": lambda ids, name: [ids],
    "load": lambda ids, name: [[".id", name], [[str(one), "x"] for one in ids]],
    "filtered_domain": lambda ids, name: [ids, [(name, "ilike", HIDDEN)]],
    "mapped": lambda ids, name: [ids, name],
    "toggle_active": lambda ids, name: [ids],
    "action_archive": lambda ids, name: [ids],
}


#: An empty draft of a merge merges no people, and is deleted after a day.
HARMLESS = {("g2p.fa.merge", "create")}


@tagged("post_install", "-at_install")
class TestAttackMethods(PublicMethodsMixin, MatrixMixin, SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        north, south = cls.env["res.company"].create(
            [{"name": "North"}, {"name": "South"}]
        )
        cls.registrant.company_id = north
        cls.users = {
            role: new_test_user(cls.env, f"m_{n}", ",".join(groups))
            for n, (role, groups) in enumerate(ROLES.items())
        }
        for n, (role, groups) in enumerate(SOUTH.items()):
            cls.users[role] = new_test_user(
                cls.env,
                f"m_south_{n}",
                ",".join(groups),
                company_id=south.id,
                company_ids=[Command.set(south.ids)],
            )
        cls.users["viewer"].write(
            {"company_ids": [Command.link(north.id)], "company_id": north.id}
        )

    def setUp(self):
        super().setUp()
        self.enter_address(NUMBER, holder_name="Holder")
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.mapping._intervene("pause", "Moved")
        self.env["g2p.spar.reconciliation"]._start(self.connection)
        self.env["g2p.fa.bulk"].create(
            {
                "fa_type": "mobile_wallet",
                "from_dfsp_id": self.operator.id,
                "to_dfsp_id": self.operator.copy({"code": "XX"}).id,
                "reason": "Moved",
            }
        )
        self.env.flush_all()

    def ids(self, model):
        if model == "res.partner":
            return self.registrant.ids
        return self.env[model].sudo().search([], limit=3).ids

    def attack(self, role, model, method, arguments, context=()):
        """Call a method as a client does; it changes and shows nothing."""
        user = self.users[role]
        env = self.env(user=user, context=dict(context), su=False)
        with self.env.cr.savepoint() as savepoint:
            self.env.invalidate_all()
            before = self.fingerprint()
            try:
                answer = call_kw(env[model], method, arguments, {})
                answer = str(answer) + json.dumps(answer, default=str)
                self.env.flush_all()
            except Exception as error:
                answer = str(error)
                refused = True
            else:
                refused = False
            self.assertNotIn(HIDDEN, answer, "the number was shown")
            if not refused:
                self.env.invalidate_all()
                self.assertEqual(self.fingerprint(), before, "something was changed")
            savepoint.rollback()
        self.env.invalidate_all()

    @mute_logger(
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
        "odoo.models.unlink",
        "odoo.sql_db",
        "odoo.http",
    )
    def test_methods_of_the_suite(self):
        contexts = ({}, {"allowed_company_ids": self.registrant.company_id.ids})
        for model in (*self.models(), "res.partner"):
            ids = self.ids(model)
            for method, member in self.own_methods(model):
                if (model, method) in HARMLESS:
                    continue
                for role in self.users:
                    for context in contexts:
                        with self.cell(role, model, method, context):
                            said = self.arguments(member, ids)
                            self.attack(role, model, method, said, context)
        self.assertCells(2000)

    @mute_logger(
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
        "odoo.models.unlink",
        "odoo.sql_db",
        "odoo.http",
    )
    def test_ways_of_the_orm(self):
        for model in self.models():
            ids = self.ids(model)
            fields = self.env[model]._fields
            names = [
                name
                for name in ("mobile_number", "masked", "state", "address_id", "name")
                if name in fields
            ]
            for name in names or ["create_uid"]:
                for way, said in ORM.items():
                    for role in self.users:
                        with self.cell(role, model, way, name):
                            self.attack(role, model, way, said(ids, name))
        self.assertCells(2000)
