"""Who may do what with every model of the suite, tried in every way.

Nothing is allowed but what the tables here say. A model, or a field for certain roles,
that has no row fails, so that each new one is decided. ``docs/security.md`` has the
rights as they are stored; here they are tried.
"""

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from .common import FinancialAddressCase
from .matrix import MatrixMixin

FA, SYNC = "g2p_spar_financial_address", "g2p_spar_sync_queue"
EXPORT = "base.group_allow_export"

#: Role: its groups, and the role of the table whose rights it has, too.
ROLES = {
    "stranger": (["base.group_public"], None),
    "portal user": (["base.group_portal"], None),
    "field agent": (["g2p_spar_portal.group_field_agent"], None),
    "contacts": (["base.group_user", "base.group_partner_manager", EXPORT], None),
    "settings": (["base.group_system", EXPORT], None),
    "viewer": ([f"{FA}.group_viewer", EXPORT], None),
    "editor": ([f"{FA}.group_editor", EXPORT], "viewer"),
    "approver": ([f"{FA}.group_approver", EXPORT], "viewer"),
    "administrator": ([f"{FA}.group_administrator", EXPORT], "editor"),
    "operator": ([f"{SYNC}.group_operator", EXPORT], "viewer"),
    "manager": ([f"{SYNC}.group_manager", EXPORT], "operator"),
}

#: The ways: R stands for all that only read.
READS = {"read": "r", "search": "s", "export": "x"}
WAYS = {**READS, "write": "w", "create": "c", "unlink": "u"}

#: Addon, model: what each role may beside what the roles below it may.
MODELS = {
    "g2p_odk_spar_mapping": {
        "g2p.odk.correct": "editor: Rwcu",
        "g2p.odk.correct.line": "editor: Rwcu",
        "g2p.odk.correction": "editor: R",
        "g2p.odk.decision": "editor: Rwcu",
        "g2p.odk.form": "editor: R, administrator: wcu",
        "g2p.odk.form.pick": "administrator: Rwcu",
        "g2p.odk.form.pick.line": "administrator: Rwcu",
        "g2p.odk.mapping.line": "editor: R, administrator: wcu",
        "g2p.odk.question": "editor: R",
        "g2p.odk.run": "editor: R",
        "g2p.odk.server": "editor: R, administrator: wcu",
        "g2p.odk.submission": "editor: R",
    },
    "g2p_spar_admin_ui": {
        "g2p.fa.bulk": "editor: Rwcu",
        "g2p.fa.bulk.line": "editor: R",
        "g2p.spar.tally": "operator: R",
    },
    "g2p_spar_financial_address": {
        "g2p.dfsp": "viewer: R, administrator: wcu",
        "g2p.dfsp.branch": "viewer: R, administrator: wcu",
        "g2p.dfsp.import": "administrator: Rwcu",
        "g2p.dfsp.import.line": "administrator: Rwcu",
        "g2p.fa.confirmation": "viewer: R",
        "g2p.fa.decision": "editor: Rwcu, approver: Rwcu",
        "g2p.fa.number.lock": "",
        # Only a draft is written or deleted: `test_merge`.
        "g2p.fa.merge": "viewer: R, editor: wcu",
        "g2p.fa.import.row": "editor: R",
        "g2p.fa.policy": "administrator: Rw",
        # Only the proposer writes, and only the reason: `test_second_person_redirects`.
        "g2p.fa.proposal": "viewer: R",
        "g2p.fa.proposal.line": "viewer: R",
        "g2p.fa.reveal": "administrator: R",
        "g2p.fa.settings": "administrator: Rw",
        "g2p.fa.sharing": "viewer: R",
        "g2p.fa.sharing.accept": "approver: Rwcu",
        "g2p.fa.subject": "administrator: R",
        "g2p.fa.strategy": "viewer: R, administrator: wcu",
        "g2p.financial.address": "viewer: R, editor: wcu",
    },
    "g2p_spar_portal": {
        "g2p.portal.registration": "administrator: R",
        "g2p.portal.sent": "",
    },
    "g2p_spar_self_service_api": {
        "g2p.api.call": "administrator: R",
        "g2p.api.client": "administrator: Rwc",
        "g2p.api.client.secret": "administrator: Rwc",
        "g2p.api.issuer": "administrator: Rwc",
        "g2p.api.proposal": "viewer: R",
    },
    "g2p_spar_sync_queue": {
        "g2p.spar.attempt": "viewer: R",
        "g2p.spar.capture": "",
        "g2p.spar.change": "viewer: R",
        "g2p.spar.connection": "operator: R, manager: wcu",
        "g2p.spar.directory.refresh": "manager: Rwcu",
        "g2p.spar.intervene": "operator: Rwcu",
        "g2p.spar.intervention": "viewer: R",
        "g2p.spar.job": "",
        "g2p.spar.key": "operator: R, manager: wcu",
        "g2p.spar.key.generate": "manager: Rwcu",
        "g2p.spar.mapping": "viewer: R",
        "g2p.spar.reading": "viewer: R",
        "g2p.spar.reconciliation": "operator: R",
        "g2p.spar.reconciliation.line": "operator: R",
        "g2p.spar.sending": "",
    },
}

#: Fields of contacts: the roles that read them.
PARTNER = {
    "agent_ids": "administrator",
    "financial_address_id": "viewer",
    "financial_address_ids": "viewer",
    "financial_address_state": "viewer",
    "incomplete_address_id": "viewer",
    "merge_count": "viewer",
    "merged_address_ids": "viewer",
    "merged_into_id": "viewer",
    "payee_note": "viewer",
    "payment_removal_date": "viewer",
    "pending_address_id": "viewer",
    "pending_comparison": "viewer",
    "returned_address_id": "viewer",
    "returned_note": "viewer",
    "spar_find": "viewer",
    "spar_id": "viewer",
    "spar_id_alike": "viewer",
    "spar_id_kept": "",
    "spar_id_likeness": "viewer",
    "spar_id_shared": "",
    "spar_id_shared_note": "viewer",
    "spar_id_typed": "viewer",
    "spar_unpaid": "viewer",
    "spar_mapping_ids": "viewer",
    "spar_sentence": "viewer",
    "spar_state": "viewer",
    "to_confirm_note": "viewer",
    "to_confirm_reason": "viewer",
    "waiting_changes": "viewer",
    "waiting_comparison": "viewer",
}

#: Model, field: roles that read it, beside those above them. An empty text: no role.
FIELDS = {
    "g2p.api.client": {"secret_hash": ""},
    "g2p.api.proposal": {"body_hash": "", "key_hash": ""},
    "g2p.dfsp": {"waiting_changes": "viewer", "waiting_comparison": "viewer"},
    "g2p.dfsp.branch": {"waiting_changes": "viewer", "waiting_comparison": "viewer"},
    "g2p.fa.number.lock": {"fingerprint": ""},
    "g2p.fa.merge": {"people_print": ""},
    "g2p.fa.policy": {"waiting_changes": "viewer", "waiting_comparison": "viewer"},
    "g2p.fa.proposal.line": {"new": "", "old": "", "old_id_print": ""},
    "g2p.fa.settings": {
        "fingerprint_key": "",
        "health_token_digest": "",
        "waiting_changes": "viewer",
        "waiting_comparison": "viewer",
    },
    "g2p.fa.sharing": {"fingerprint": ""},
    "g2p.fa.strategy": {"waiting_changes": "viewer", "waiting_comparison": "viewer"},
    "g2p.financial.address": {
        "account_number": "editor",
        "email_address": "editor",
        "fingerprint": "",
        "has_proof": "editor, approver",
        "mandate": "editor, approver",
        "mandate_name": "editor, approver",
        "mobile_number": "editor",
        "number": "editor",
        "payee_id_number": "editor, approver",
        "proof": "editor, approver",
        "proof_name": "editor, approver",
    },
    "g2p.odk.correction": {"value": ""},
    "g2p.odk.form": {
        "preview_address": "administrator",
        "preview_registrant": "administrator",
        "preview_trouble": "administrator",
        "preview_warnings": "administrator",
        "sample_payload": "administrator",
        "xlsform": "administrator",
    },
    "g2p.odk.mapping.line": {
        "sample_answer": "administrator",
        "sample_result": "administrator",
    },
    "g2p.odk.question": {"sample": "administrator"},
    "g2p.odk.server": {
        "password_path": "administrator",
        "password_variable": "administrator",
    },
    "g2p.odk.submission": {"content_hash": "", "payload": "", "payment_print": ""},
    "g2p.portal.registration": {"problems": "", "reference": "", "typed": ""},
    "g2p.portal.sent": {"digest": ""},
    "g2p.spar.connection": {
        "tls_certificate_path": "manager",
        "tls_key_path": "manager",
        "unconfirmed": "manager",
        "unconfirmed_mark": "manager",
        "may_confirm": "manager",
        "unconfirmed_text": "manager",
    },
    "g2p.spar.key": {
        "certificate_path": "manager",
        "certificate_variable": "manager",
        "key_path": "manager",
        "key_variable": "manager",
        "password_path": "manager",
        "password_variable": "manager",
        "upload_certificate": "manager",
        "upload_certificate_name": "manager",
        "upload_key": "manager",
        "upload_key_name": "manager",
        "upload_password": "manager",
    },
    "g2p.spar.mapping": {"held_digest": ""},
    "g2p.spar.reading": {"asker": "", "seen": ""},
    "g2p.spar.reconciliation.line": {"seen": ""},
    "mail.activity": {"watched_id": ""},
    "res.partner": PARTNER,
    # A user has all fields of its contact.
    "res.users": PARTNER,
}


class Undo(Exception):
    """Ends a savepoint whose changes are not kept."""


def of_suite(model):
    return model._original_module.startswith("g2p_") and not model._abstract


@tagged("post_install", "-at_install")
class TestEveryModel(MatrixMixin, FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = {
            model._name: model for model in cls.env.values() if of_suite(model)
        }
        # A sharing has companies by its addresses only.
        cls.enter_address()
        cls.enter_address(
            partner_id=cls.registrant.copy({"spar_id": "SR-2", "name": "Juma"}).id
        )
        cls.records = {}
        for name in cls.models:
            cls.record_of(name)
        cls.users = {}
        for number, (role, (groups, _below)) in enumerate(ROLES.items()):
            # Not every addon of the suite is installed.
            if all(cls.env.ref(group, raise_if_not_found=False) for group in groups):
                cls.users[role] = new_test_user(
                    cls.env, f"every_{number}", ",".join(groups)
                )

    @classmethod
    def record_of(cls, name):
        """Return any record: of most models an empty row, which has no company."""
        if name not in cls.records:
            cls.records[name] = cls.a_record(cls.models[name])
        return cls.records[name]

    @classmethod
    def a_record(cls, model):
        model = model.sudo().with_context(active_test=False)
        if found := model.search([], limit=1):
            return found
        cr, table = cls.env.cr, SQL.identifier(model._table)
        cls.env.flush_all()
        cr.execute(
            """SELECT attname FROM pg_attribute
                WHERE attrelid = %s::regclass AND attnotnull AND attnum > 0
                  AND attname <> 'id'""",
            [model._table],
        )
        for (column,) in cr.fetchall():
            cr.execute(
                SQL(
                    "ALTER TABLE %s ALTER %s DROP NOT NULL",
                    table,
                    SQL.identifier(column),
                )
            )
        # Rights depend on the companies of these.
        values = {}
        for name in ("partner_id", "connection_id"):
            if name in model._fields and model._fields[name].store:
                comodel = model._fields[name].comodel_name
                values[name] = (
                    cls.registrant if name == "partner_id" else cls.record_of(comodel)
                ).id
        cr.execute(
            SQL(
                "INSERT INTO %s (id%s) VALUES (DEFAULT%s) RETURNING id",
                table,
                SQL("").join(SQL(", %s", SQL.identifier(name)) for name in values),
                SQL("").join(SQL(", %s", value) for value in values.values()),
            )
        )
        return model.browse(cr.fetchone()[0])

    # === WHAT IS DECLARED === #

    def test_every_model_has_a_row(self):
        installed = {}
        for name, model in self.models.items():
            installed.setdefault(model._original_module, set()).add(name)
        for addon, models in installed.items():
            with self.subTest(addon):
                self.assertEqual(models, set(MODELS.get(addon, ())))

    def test_every_field_for_certain_roles_has_a_row(self):
        found = {
            f"{model._name}.{name}"
            for model in self.env.values()
            for name, field in model._fields.items()
            if field.groups and self.is_ours(model, field)
        }
        declared = {
            f"{model}.{name}"
            for model, fields in FIELDS.items()
            for name in fields
            if model in self.env and name in self.env[model]._fields
        }
        self.assertEqual(found, declared)

    @staticmethod
    def is_ours(model, field):
        """Tell whether the suite added a field to a model that has a table."""
        return not model._abstract and any(
            module.startswith("g2p_") for module in field._modules
        )

    # === WHAT IS TRIED === #

    def test_each_role_may_what_its_row_says_and_nothing_else(self):
        for rows in MODELS.values():
            for name, row in rows.items():
                if name not in self.models:
                    continue
                for role, user in self.users.items():
                    may = self.rights(row, role)
                    record = self.seen_by(user, self.records[name])
                    for way, letter in WAYS.items():
                        self.try_way(role, record, way, letter in may)
        self.assertCells(200)

    def test_fields_for_certain_roles_are_for_these(self):
        for name, fields in FIELDS.items():
            if name not in self.env:
                continue
            for role, user in self.users.items():
                record = self.records.get(name, self.registrant)
                record = self.seen_by(user, record)
                if not record.has_access("read"):
                    continue
                for field, roles in fields.items():
                    if field in record._fields:
                        may = set(self.line(role)) & set(roles.split(", "))
                        self.try_field(role, record, field, bool(may))
        self.assertCells(200)

    def try_field(self, role, record, field, may):
        ways = {"read": lambda: record.read([field])}
        if not may:
            # Even of those who read a field, some may not search or export it; the
            # tests of the model say which.
            ways["export"] = lambda: record.export_data([field])
            if record._fields[field]._description_searchable:
                ways["search"] = lambda: record.search([(field, "!=", False)])
        for way, function in ways.items():
            with self.cell(role, record._name, field, way):
                self.assertIs(self.tried(function), may)

    def try_way(self, role, record, way, may):
        field = self.plain_field(record)
        function = {
            "read": lambda: record.read([field]),
            "search": lambda: record.search([]),
            "export": lambda: record.export_data([field]),
            "write": lambda: record.write({field: record.sudo()[field]}),
            "create": lambda: record.create({}),
            "unlink": record.unlink,
        }[way]
        with self.cell(role, record._name, way):
            if way == "export" and EXPORT not in ROLES[role][0]:
                with self.assertRaises(UserError):
                    function()
            else:
                self.assertIs(self.tried(function), may)

    @staticmethod
    def plain_field(record):
        """Return the name of a field that everyone with rights on the model has."""
        simple = ("char", "text", "selection", "boolean", "integer")

        def unfit(name):
            field = record._fields[name]
            return (
                not field.store or bool(field.groups),
                not any(module.startswith("g2p_") for module in field._modules),
                field.type not in simple,
                field.readonly,
            )

        return min((name for name in record._fields if name != "id"), key=unfit)

    def tried(self, function):
        """Tell whether a call got past the rights; what it did is undone."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                function()
                self.env.flush_all()
                raise Undo
        except AccessError:
            return False
        except (Undo, UserError, KeyError, psycopg2.Error):
            # An empty row lacks much, which the model notices after the rights.
            return True
        finally:
            self.env.invalidate_all(flush=False)

    def seen_by(self, user, record):
        """Return a record as a user has it; of a wizard, one of their own."""
        if record._transient:
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET create_uid = %s WHERE id = %s",
                    SQL.identifier(record._table),
                    user.id,
                    record.id,
                )
            )
            record.invalidate_recordset(flush=False)
        return record.with_user(user).sudo(False)

    def line(self, role):
        """Yield a role and those whose rights it has."""
        while role:
            yield role
            role = ROLES[role][1]

    def rights(self, row, role):
        """Return the letters of all ways a role may use."""
        own = dict(part.split(": ") for part in row.split(", ") if part)
        letters = "".join(own.get(one, "") for one in self.line(role))
        return letters.replace("R", "".join(READS.values()))
