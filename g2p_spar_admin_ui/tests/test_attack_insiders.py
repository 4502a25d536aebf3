"""Attack: every public method of the suite, by users with roles, with odd arguments.

They may do much. What no user may do alone, unseen or afterwards is checked after
each: approve the own entry, see a number without a row, rewrite what is evidence,
lead a connection elsewhere.
"""

import json

from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.g2p_spar_financial_address.tests.matrix import MatrixMixin
from odoo.addons.g2p_spar_sync_queue.tests.common import SparCase
from odoo.addons.g2p_spar_sync_queue.tests.spar_stand_in import faults

from .public_methods import PublicMethodsMixin

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"
NUMBER, HIDDEN = "+255754977531", "754977531"
ROLES = {
    "editor, approver": [f"{FA}.group_editor", f"{FA}.group_approver"],
    "administrator, approver": [f"{FA}.group_administrator", f"{FA}.group_approver"],
    "operator": [f"{SYNC}.group_operator"],
    "manager": [f"{SYNC}.group_manager"],
}
#: Rows that, once there, stay as they are; with the columns that may go on.
EVIDENCE = {
    "g2p_fa_reveal": (),
    "g2p_spar_intervention": (),
    "g2p_api_call": (),
    "mail_tracking_value": (),
}
#: What a client may say of itself in its context.
CONTEXTS = (
    {},
    {
        "active_test": False,
        "default_state": "effective",
        "default_approved_by_id": 1,
        "g2p_fa_approved": True,
        "g2p_fa_inside": True,
        "g2p_fa_door": True,
        "g2p_fa_trusted": True,
        "tracking_disable": True,
        "bin_size": True,
        "import_file": True,
    },
)
#: What stands in for ids of records.
ODD_IDS = ([], [0], [False], [-1], [2**31], ["1"], [[1]], None, "all", {})
#: What stands in for an argument.
ODD_ARGUMENTS = (None, "", "0754 977 531", 7, {"x": 1}, [["x"]], "<img src=x>")


@tagged("post_install", "-at_install")
class TestAttackInsiders(PublicMethodsMixin, MatrixMixin, SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(cls.env, f"i_{n}", ",".join(groups))
            for n, (role, groups) in enumerate(ROLES.items())
        }
        companies = cls.env["res.company"].search([])
        for user in cls.users.values():
            user.company_ids = [Command.set(companies.ids)]

    def setUp(self):
        super().setUp()
        self.enter_address(NUMBER, holder_name="Holder")
        self.run_engine(faults.refuse("rjct.fa.invalid"))
        self.mapping._intervene("pause", "Moved")
        self.env["g2p.spar.reconciliation"]._start(self.connection)
        self.set_policy(approve_admin=True, shared="approve")
        # What each of them has entered waits for another person.
        self.own = {}
        for role, user in self.users.items():
            if user.has_group(f"{FA}.group_editor"):
                person = self.new_registrant(f"Of {role}")
                self.own[role] = self.enter_address(
                    NUMBER, user=user, partner_id=person.id
                )
        self.registrant.financial_address_id.message_post(body="Looked at")
        self.env["g2p.fa.reveal"]._note(self.registrant.financial_address_id, "read")
        self.env.flush_all()
        self.env.cr.execute("SELECT max(id) FROM g2p_fa_reveal")
        (self.newest_row,) = self.env.cr.fetchone()
        self.before = self.evidence()

    # === WHAT IS LOOKED AT === #

    def evidence(self):
        """Return what must stay of all rows there are now, by table and id."""
        self.env.flush_all()
        found = {}
        for table, free in EVIDENCE.items():
            self.env.cr.execute(SQL("SELECT to_regclass(%s)", table))
            if not self.env.cr.fetchone()[0]:
                continue
            self.env.cr.execute(
                SQL(
                    "SELECT id, md5((to_jsonb(t) - %s::text[])::text) FROM %s t",
                    list(free),
                    SQL.identifier(table),
                )
            )
            found[table] = dict(self.env.cr.fetchall())
        self.env.cr.execute(
            """SELECT id, md5(concat_ws('|', model, res_id, body, author_id, date))
                 FROM mail_message
                WHERE model LIKE 'g2p.%'"""
        )
        found["mail_message"] = dict(self.env.cr.fetchall())
        self.env.cr.execute("SELECT id, proposed_by_id::text FROM g2p_fa_proposal")
        found["g2p_fa_proposal"] = dict(self.env.cr.fetchall())
        return found

    def assertNothingUnseen(self, role, answer):
        self.env.flush_all()
        self.env.invalidate_all()
        user = self.users[role]
        # A whole number is shown with a row, or to who typed it.
        if HIDDEN in answer:
            rows = self.env["g2p.fa.reveal"].search(
                [("user_id", "=", user.id), ("id", ">", self.newest_row)]
            )
            self.assertTrue(rows, "a number was shown without a row")
        after = self.evidence()
        for table, rows in self.before.items():
            kept = {id_: after[table].get(id_) for id_ in rows}
            self.assertEqual(kept, rows, f"{table} was rewritten")
        self.env.cr.execute(
            """SELECT a.id FROM g2p_financial_address a
                WHERE a.approved_by_id = a.entered_by_id
                   OR a.approved_by_id = a.create_uid"""
        )
        self.assertFalse(self.env.cr.fetchall(), "one person was two")
        for address in self.own.values():
            address = address.sudo().exists()
            self.assertNotEqual(address.state, "effective")
        connections = self.env["g2p.spar.connection"].search([])
        running = connections.filtered(lambda one: one.state == "running")
        self.assertEqual(
            set(running.mapped("base_url")) - {self.mapper.url}, set(), "led elsewhere"
        )

    def attack(self, role, model, method, calls):
        """Make these calls, one after the other, and look at what has come of it."""
        answers = []
        with self.env.cr.savepoint() as savepoint:
            for arguments, context in calls:
                env = self.env(user=self.users[role], context=context, su=False)
                self.env.invalidate_all()
                try:
                    with self.env.cr.savepoint():
                        answer = call_kw(env[model], method, arguments, {})
                        answers.append(str(answer) + json.dumps(answer, default=str))
                        self.env.flush_all()
                except Exception as error:
                    self.env.invalidate_all()
                    answers.append(str(error))
            self.assertNothingUnseen(role, "".join(answers))
            savepoint.rollback()
        self.env.invalidate_all()

    def mine(self, role, model):
        """Return ids of records: of addresses, the own one first."""
        records = self.env[model].sudo().search([], limit=3)
        if model == "res.partner":
            records = self.registrant
        if model == "g2p.financial.address" and role in self.own:
            records = self.own[role].sudo().with_env(self.env) | records
        return records.ids

    def calls(self, role, model, member):
        """Yield arguments and a context for calls of a method."""
        ids = self.mine(role, model)
        usual = self.arguments(member, ids)
        for context in CONTEXTS:
            yield usual, context
        if not getattr(member, "_api_model", False):
            # Other ones for each method, so that all are tried on many.
            first = len(member.__name__)
            for number in range(first, first + 3):
                odd = ODD_IDS[number % len(ODD_IDS)]
                yield [odd, *usual[1:]], CONTEXTS[number % 2]
        first = 0 if getattr(member, "_api_model", False) else 1
        if len(usual) > first:
            for number in range(len(member.__name__), len(member.__name__) + 3):
                odd = ODD_ARGUMENTS[number % len(ODD_ARGUMENTS)]
                yield [*usual[:first], odd, *usual[first + 1 :]], {}

    @mute_logger(
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
        "odoo.addons.g2p_spar_sync_queue.models.g2p_spar_connection_settings",
        "odoo.models.unlink",
        "odoo.sql_db",
        "odoo.http",
        "py.warnings",
    )
    def test_methods_with_odd_arguments(self):
        for model in (*self.models(), "res.partner"):
            for method, member in self.own_methods(model):
                for role in self.users:
                    with self.cell(role, model, method):
                        calls = self.calls(role, model, member)
                        self.attack(role, model, method, calls)
        self.assertCells(400)
