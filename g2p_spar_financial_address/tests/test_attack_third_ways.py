"""Attacks by every path of fields that leads to payment data, and by new records.

What was added last: payees and mandates, merges, confirmations, shared IDs, checked
files. As each role, from each model that the role reads.
"""

import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import FinancialAddressCase

#: Restricted fields, by the roles that may not read them.
OF_ADDRESS = {
    "account_number": ("viewer", "approver"),
    "mobile_number": ("viewer", "approver"),
    "number": ("viewer", "approver"),
    "payee_id_number": ("viewer",),
    "mandate_name": ("viewer",),
    "proof_name": ("viewer",),
    "fingerprint": ("viewer", "approver", "editor", "administrator"),
}
OF_CONTACT = {
    "spar_id": (),
    "spar_id_likeness": (),
    "spar_id_shared": ("viewer", "approver", "editor", "administrator"),
    "spar_id_kept": ("viewer", "approver", "editor", "administrator"),
    "payment_removal_date": (),
}
#: Roles that may read none of these.
OUTSIDERS = ("contacts", "nobody", "portal", "public")


@tagged("post_install", "-at_install")
class TestAttackThirdWays(FinancialAddressCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        manager = "base.group_partner_manager"
        export = "base.group_allow_export"
        cls.users = {
            "viewer": cls.new_user("w_viewer", "viewer", manager, export),
            "approver": cls.new_user("w_approver", "approver", manager, export),
            "editor": cls.new_user("w_editor", "editor", manager, export),
            "administrator": cls.new_user("w_admin", "administrator", manager, export),
            "contacts": cls.new_user("w_contacts", "base.group_user", manager, export),
            "nobody": cls.new_user("w_nobody", "base.group_user", export),
            "portal": new_test_user(cls.env, "w_portal", "base.group_portal"),
            "public": new_test_user(cls.env, "w_public", "base.group_public"),
        }
        cls.first = cls.enter_address("0754 200 001")
        cls.address = cls.enter_address(
            "0754 200 002",
            payee_name="Neema",
            payee_id_number="ID-4711",
            payee_until="2030-12-31",
            mandate=base64.b64encode(b"mandate"),
            mandate_name="court.pdf",
        )
        cls.address.mark_to_confirm("Payment came back")
        cls.twin = cls.new_registrant("Twin", "SR-2")
        cls.merge = cls.env["g2p.fa.merge"].create(
            {
                "kept_id": cls.registrant.id,
                "duplicate_id": cls.twin.id,
                "reason": "Twice",
            }
        )
        cls.merge.action_ask()
        # A contact that each role may read, so that paths begin somewhere.
        for user in cls.users.values():
            user.partner_id.child_ids = cls.env["res.partner"].create(
                {"name": "Child", "parent_id": user.partner_id.id}
            )

    # === PATHS === #

    def ends(self, model):
        """Yield the fields of a model that lead to contacts or addresses."""
        for name, field in model._fields.items():
            if field.comodel_name == "g2p.financial.address":
                yield name, OF_ADDRESS
            elif field.comodel_name == "res.partner":
                yield name, OF_CONTACT
                yield f"{name}.financial_address_ids", OF_ADDRESS

    def refused_paths(self, role, model):
        if model._name == "g2p.financial.address":
            yield from (name for name, roles in OF_ADDRESS.items() if role in roles)
        for begin, ends in self.ends(model):
            for name, roles in ends.items():
                if role in (*roles, *OUTSIDERS):
                    yield f"{begin}.{name}"

    def test_no_path_of_any_model_leads_there(self):
        tried = 0
        for role, user in self.users.items():
            for model_name in sorted(self.env.registry.models):
                model = self.env[model_name].with_user(user)
                if model._abstract or not model._auto or not model.has_access("read"):
                    continue
                for path in self.refused_paths(role, model):
                    ways = {
                        "search": lambda m=model, p=path: m.search_count(
                            [(p, "!=", False)]
                        ),
                        "any": lambda m=model, p=path: m.search_count(
                            self.nested(p.split("."))
                        ),
                        "like": lambda m=model, p=path: m.search_fetch(
                            [(p, "like", "754")], ["id"]
                        ),
                    }
                    for way, act in ways.items():
                        tried += 1
                        try:
                            with self.env.cr.savepoint():
                                act()
                        except (AccessError, UserError):
                            continue
                        except (ValueError, NotImplementedError):
                            # Not searchable at all.
                            continue
                        self.fail(f"{role}: {way} of {model_name} by {path}")
        self.assertGreater(tried, 2000)

    def nested(self, names):
        *parents, last = names
        domain = [(last, "!=", False)]
        for name in reversed(parents):
            domain = [(name, "any", domain)]
        return domain

    def test_nor_do_groups_orders_and_exports(self):
        tried = 0
        for role, user in self.users.items():
            for model_name, records in (
                ("g2p.financial.address", self.address),
                ("g2p.fa.merge", self.merge),
                ("g2p.fa.confirmation", self.address.confirmation_ids),
                ("res.partner", self.registrant),
                ("res.users", user),
            ):
                model = self.env[model_name].with_user(user)
                records = records.with_user(user)
                for path in self.refused_paths(role, model):
                    slashed = path.replace(".", "/")
                    ways = {
                        "group": lambda m=model, p=path: m.formatted_read_group(
                            [], [p], ["__count"]
                        ),
                        "group privately": lambda m=model, p=path: m._read_group(
                            [], [p], ["__count"]
                        ),
                        "aggregate": lambda m=model, p=path: m.formatted_read_group(
                            [], [], [f"{p}:array_agg"]
                        ),
                        "max": lambda m=model, p=path: m.formatted_read_group(
                            [], [], [f"{p}:max"]
                        ),
                        "distinct": lambda m=model, p=path: m.formatted_read_group(
                            [], [], [f"{p}:count_distinct"]
                        ),
                        "having": lambda m=model, p=path: m.formatted_read_group(
                            [],
                            ["create_uid"],
                            ["__count"],
                            [(f"{p}:max", "!=", "x")],
                        ),
                        "old group": lambda m=model, p=path: m.read_group([], [p], [p]),
                        "groups of a list": lambda m=model, p=path: m.web_read_group(
                            [], [p], ["__count"]
                        ),
                        "order": lambda m=model, p=path: m.search([], order=p),
                        "order of a page": lambda m=model, p=path: m.web_search_read(
                            [], {"id": {}}, order=f"{p} desc"
                        ),
                        "export": lambda r=records, s=slashed: r.export_data([s]),
                        "filter": lambda r=records, p=path: r.filtered_domain(
                            [(p, "!=", False)]
                        ),
                        "sort": lambda r=records, p=path: r.mapped(p),
                        "name": lambda m=model, p=path: m.name_search(
                            "", [(p, "!=", False)]
                        ),
                        "page": lambda r=records, p=path: r.web_read(self.spec(p)),
                    }
                    for way, act in ways.items():
                        tried += 1
                        try:
                            with self.env.cr.savepoint():
                                said = act()
                        except (AccessError, UserError):
                            continue
                        except (ValueError, KeyError, TypeError, AttributeError):
                            # Odoo knows no such path there.
                            continue
                        finally:
                            self.env.invalidate_all()
                        self.assertEmpty(said, f"{role}: {way} of {model_name}, {path}")
        self.assertGreater(tried, 500)

    def spec(self, path):
        *parents, last = path.split(".")
        spec = {last: {}}
        for name in reversed(parents):
            spec = {name: {"fields": spec}}
        return spec

    def assertEmpty(self, said, where):
        """An answer may come, if there is nothing of the secret in it."""
        text = str(said)
        for secret in ("75420", "4711", "court", "SR-1", "SR-2"):
            self.assertNotIn(secret, text, where)

    # === FORMS === #

    def test_forms_of_contacts_show_no_document(self):
        nested = {"fields": {"mandate": {}, "proof": {}, "mandate_name": {}}}
        for role, user in self.users.items():
            partner = self.registrant.with_user(user)
            child = self.twin.with_user(user)
            for spec in (
                {"financial_address_ids": nested},
                {"merged_address_ids": nested},
                {"financial_address_id": nested},
                {"incomplete_address_id": nested},
                {"pending_address_id": nested},
                {"parent_id": {"fields": {"financial_address_ids": nested}}},
                {"child_ids": {"fields": {"financial_address_ids": nested}}},
                {"merged_into_id": {"fields": {"financial_address_ids": nested}}},
                {"spar_mapping_ids": {"fields": {"address_id": nested}}},
            ):
                spec = {n: v for n, v in spec.items() if n in partner._fields}
                for record in (partner, child, partner.browse()):
                    for values in ({}, {"name": "x"}):
                        shown = self.env["g2p.fa.reveal"].search_count([])
                        try:
                            said = str(record.onchange(values, list(values), spec))
                        except UserError as error:
                            said = str(error)
                        rows = self.env["g2p.fa.reveal"].search_count([]) - shown
                        with self.subTest(role, spec=str(spec)):
                            if role not in ("editor", "administrator", "approver"):
                                self.assertNotIn("court", said)
                                self.assertNotIn("bWFuZGF0ZQ", said)
                            # The log names each user who was shown a document.
                            self.assertEqual("bWFuZGF0ZQ" in said, bool(rows))
                        self.env.invalidate_all()

    def test_a_document_of_a_mandate_is_opened_with_a_row(self):
        ways = {
            "read": lambda a: a.read(["mandate"]),
            "page": lambda a: a.web_read({"mandate": {}}),
            "of the contact": lambda a: a.partner_id.web_read(
                {"financial_address_ids": {"fields": {"mandate": {}}}}
            ),
            "of a merge": lambda a: self.merge.with_user(a.env.user).web_read(
                {"kept_address_id": {"fields": {"mandate": {}}}}
            ),
            "export": lambda a: a.export_data(["mandate"]),
            "export of the contact": lambda a: a.partner_id.export_data(
                ["financial_address_ids/mandate"]
            ),
            "search": lambda a: a.search_read([("id", "=", a.id)], ["mandate"]),
            "history": lambda a: a.confirmation_ids.web_read(
                {"address_id": {"fields": {"mandate": {}}}}
            ),
            "copy": lambda a: a.copy_data(),
            "file": lambda a: (
                self.env["ir.attachment"]
                .with_user(a.env.user)
                .with_context(skip_res_field_check=True)
                .search([("res_model", "=", a._name), ("res_field", "=", "mandate")])
                .mapped("datas")
            ),
            "file by its number": lambda a: (
                self.env["ir.attachment"]
                .sudo()
                .search([("res_model", "=", a._name), ("res_field", "=", "mandate")])
                .with_user(a.env.user)
                .sudo(False)
                .read(["datas", "raw", "checksum", "store_fname"])
            ),
        }
        for role, user in self.users.items():
            for way, act in ways.items():
                rows = self.env["g2p.fa.reveal"].search_count([])
                try:
                    with self.env.cr.savepoint():
                        said = str(act(self.address.with_user(user)))
                except (AccessError, UserError):
                    continue
                finally:
                    self.env.invalidate_all()
                with self.subTest(role, way=way):
                    if "bWFuZGF0ZQ" in said or "b'mandate'" in said:
                        self.assertIn(role, ("editor", "administrator", "approver"))
                        self.assertGreater(
                            self.env["g2p.fa.reveal"].search_count([]), rows
                        )

    # === CONFIRMATIONS, ROWS OF FILES, SUBJECT ACCESS === #

    def test_only_editors_mark_and_confirm(self):
        for role in ("viewer", "approver", *OUTSIDERS):
            user = self.users[role]
            address = self.address.with_user(user)
            row = self.address.confirmation_ids[:1].with_user(user)
            for way, act in {
                "mark": lambda a=address: a.mark_to_confirm("x"),
                "confirm": address.action_confirm,
                "of the contact": lambda u=user: self.registrant.with_user(
                    u
                ).action_confirm_financial_address(),
                "row": lambda r=row, a=address: r.create(
                    {"address_id": a.id, "event": "confirmed", "channel": "admin"}
                ),
                "rewrite": lambda r=row: r.write({"note": "x"}),
                "delete": row.unlink,
                "move": lambda r=row: r.write({"address_id": self.first.id}),
            }.items():
                with self.subTest(role, way=way):
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        act()
                    self.env.invalidate_all()
        for role in ("editor", "administrator"):
            address = self.address.with_user(self.users[role])
            row = self.address.confirmation_ids[:1].with_user(self.users[role])
            for act in (
                lambda a=address: a.write({"to_confirm_note": "x"}),
                lambda a=address: a.write({"confirmed_on": "2020-01-01"}),
                lambda a=address: a.write({"confirmation_ids": [(5,)]}),
                lambda r=row: r.write({"said_on": "2020-01-01"}),
                row.unlink,
            ):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    act()

    def test_rows_of_checked_files_are_of_their_user(self):
        editor = self.users["editor"]
        Import = self.env["base_import.import"].with_user(editor)
        mine = Import.create(
            {
                "res_model": "g2p.financial.address",
                "file": b"spar_id,mobile_number\nSR-1,0754200003\n",
                "file_name": "a.csv",
                "file_type": "text/csv",
            }
        )
        options = {"quoting": '"', "separator": ",", "has_headers": True}
        mine.execute_import(
            ["spar_id", "mobile_number"], ["a", "b"], dict(options), dryrun=True
        )
        rows = mine.fa_row_ids
        self.assertTrue(rows)
        for role, user in self.users.items():
            if role == "editor":
                continue
            for way, act in {
                "rows": lambda u=user: rows.with_user(u).read(["before", "after"]),
                "import": lambda u=user: mine.with_user(u).read(["file"]),
                "window": lambda u=user: mine.with_user(u).action_fa_show_rows(),
                "wrong": lambda u=user: mine.with_user(u).action_fa_download_wrong(),
                "wrong file": lambda u=user: mine.with_user(u).read(["fa_wrong_file"]),
                "through the import": lambda u=user: mine.with_user(u).web_read(
                    {"fa_row_ids": {"fields": {"after": {}}}}
                ),
                "again": lambda u=user: mine.with_user(u).execute_import(
                    ["spar_id"], ["a"], dict(options), dryrun=True
                ),
                "copy": lambda u=user: mine.with_user(u).copy(),
            }.items():
                with self.subTest(role, way=way):
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        act()
                    self.env.invalidate_all()
            found = (
                self.env["g2p.fa.import.row"].with_user(user)
                if role in ("administrator",)
                else None
            )
            if found is not None:
                self.assertFalse(found.search([("id", "in", rows.ids)]))

    def test_all_data_of_a_person_are_for_administrators(self):
        Subject = self.env["g2p.fa.subject"]
        admin = self.users["administrator"]
        self.registrant.with_user(admin).action_subject_access()
        made = Subject.search([], limit=1, order="id desc")
        other = self.new_user("w_admin_2", "administrator")
        for role, user in {**self.users, "other": other}.items():
            if role == "administrator":
                continue
            mine = made.with_user(user).sudo(False)
            ways = {
                "read": lambda m=mine: m.read(["file"]),
                "page": lambda m=mine: m.web_read({"file": {}}),
                "export": lambda m=mine: m.export_data(["file"]),
                "attribute": lambda m=mine: m.file,
                "create": lambda m=mine: m.create({"partner_id": self.registrant.id}),
                "copy": mine.copy,
                "write": lambda m=mine: m.write({"partner_id": self.twin.id}),
                "form": lambda m=mine: m.onchange(
                    {"partner_id": self.registrant.id}, ["partner_id"], {"file": {}}
                ),
            }
            if role != "other":
                ways["ask"] = self.registrant.with_user(user).action_subject_access
            for way, act in ways.items():
                with self.subTest(role, way=way):
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        act()
                    self.env.invalidate_all()
        # Nor does the one who asked turn the file to another person.
        mine = made.with_user(admin).sudo(False)
        for act in (
            lambda: mine.write({"partner_id": self.twin.id}),
            lambda: mine.onchange(
                {"partner_id": self.twin.id}, ["partner_id"], {"file": {}}
            ),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()

    # === WHAT DEFAULTS PUT PAST THE CHECKS === #

    def test_texts_by_default_are_checked_like_texts(self):
        forged = {
            "holder_name": "=HYPERLINK(1)",
            "payee_name": "Asha\u202eamuJ",
            "reason": "Call 0754 200 777",
            "to_confirm_note": "Payment came back",
            "proof_name": "scan\u202egnp.exe",
            "mandate_name": "scan\u202egnp.exe",
            "payee_id_number": "1.23E+11",
            "payee_relation": "guardian",
            "payee_until": "2031-01-01",
            "mandate": base64.b64encode(b"forged").decode(),
            "proof": base64.b64encode(b"forged").decode(),
            "confirmed_on": "2099-01-01 00:00:00",
        }
        for name, value in forged.items():
            for way in ("context", "saved"):
                for channel in ("create", "submit", "file"):
                    with self.subTest(name, way=way, channel=channel):
                        with self.env.cr.savepoint() as savepoint:
                            made = self.entered_with_default(name, value, way, channel)
                            stored = made.sudo()[name]
                            if isinstance(stored, bytes):
                                stored = stored.decode()
                            self.assertNotEqual(str(stored or ""), value)
                            savepoint.rollback()
                        self.env.invalidate_all()

    def entered_with_default(self, name, value, way, channel):
        editor = self.users["editor"]
        person = self.new_registrant("Default", "SR-9")
        records = self.env["g2p.financial.address"].with_user(editor)
        values = {
            "partner_id": person.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": self.operator.id,
            "mobile_number": "0754 200 888",
        }
        if way == "saved":
            Default = self.env["ir.default"].with_user(editor)
            Default.set(records._name, name, value, user_id=True)
        else:
            records = records.with_context(**{f"default_{name}": value})
        if channel == "create":
            made = records.create(values)
        elif channel == "submit":
            made = records.submit([values], "portal")
        else:
            records.with_context(import_file=True).load(
                ["spar_id", "dfsp_id", "mobile_number"],
                [["SR-9", "M-Cash", "0754200888"]],
            )
            made = person.financial_address_ids
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(len(made), 1)
        return made

    def test_no_role_writes_what_is_shared_by_hand(self):
        for role, user in self.users.items():
            partner = self.registrant.with_user(user)
            for values in (
                {"spar_id_shared": "SR-1"},
                {"spar_id_shared": False},
                {"spar_id_kept": "SR-1"},
                {"payment_removal_date": "2020-01-01"},
                {"spar_id_likeness": "x"},
            ):
                with self.subTest(role, values=str(values)):
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        partner.write(values)
                    self.env.invalidate_all()
