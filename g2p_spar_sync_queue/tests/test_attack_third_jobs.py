"""Attacks on jobs: who makes, reads, changes and runs them, and what is in them."""

from contextlib import suppress

from odoo.exceptions import AccessError, UserError
from odoo.service.model import get_public_method
from odoo.tests import new_test_user, tagged

from .common import SparCase

ROLES = {
    "viewer": ("g2p_spar_financial_address.group_viewer",),
    "editor": ("g2p_spar_financial_address.group_editor",),
    "approver": ("g2p_spar_financial_address.group_approver",),
    "administrator": ("g2p_spar_financial_address.group_administrator",),
    "operator": ("g2p_spar_sync_queue.group_operator",),
    "manager": ("g2p_spar_sync_queue.group_manager",),
    "contacts": ("base.group_user", "base.group_partner_manager"),
    "nobody": ("base.group_user",),
    "portal": ("base.group_portal",),
    "public": ("base.group_public",),
    "settings": ("base.group_system",),
}


@tagged("post_install", "-at_install")
class TestAttackThirdJobs(SparCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(cls.env, f"jobs_{role}", ",".join(groups))
            for role, groups in ROLES.items()
        }
        jobs = cls.env["g2p.spar.job"]
        jobs.keep(cls.connection, "job_enlist", (), identity_key="attack")
        cls.job = jobs.search([("identity_key", "=", "attack")])

    def test_no_role_gets_at_a_job(self):
        forged = {
            "model_name": "res.users",
            "method_name": "unlink",
            "record_ids": [2],
            "due_at": "2020-01-01",
        }
        tried = 0
        for role, user in self.users.items():
            jobs = self.env["g2p.spar.job"].with_user(user).sudo(False)
            job = self.job.with_user(user).sudo(False)
            for way, act in {
                "create": lambda j=jobs: j.create(forged),
                "by default": lambda j=jobs: j.with_context(
                    default_model_name="res.users", default_due_at="2020-01-01"
                ).create({"method_name": "unlink"}),
                "name": lambda j=jobs: j.name_create("x"),
                "load": lambda j=jobs: j.load(list(forged), [["a", "b", "[]", "c"]]),
                "search": lambda j=jobs: j.search([]),
                "search and read": lambda j=jobs: j.search_read([], ["args"]),
                "page": lambda j=jobs: j.web_search_read([], {"args": {}}),
                "group": lambda j=jobs: j.formatted_read_group([], ["method_name"]),
                "read": lambda j=job: j.read(["args"]),
                "write": lambda j=job: j.write({"args": ["x"]}),
                "copy": job.copy,
                "delete": job.unlink,
                "form": lambda j=jobs: j.onchange({}, [], {"args": {}}),
                "export": lambda j=job: j.export_data(["args"]),
                "save": lambda j=jobs: j.web_save(forged, {}),
            }.items():
                with self.subTest(role, way=way):
                    said = False
                    try:
                        with suppress(AccessError), self.env.cr.savepoint():
                            said = act()
                    except UserError as error:
                        self.assertIn("rights to export", str(error))
                    self.assertFalse(said["ids"] if said and way == "load" else said)
                    tried += 1
                    self.env.invalidate_all()
        self.assertEqual(tried, len(ROLES) * 15)

    def test_no_client_calls_what_makes_runs_or_is_a_job(self):
        found = 0
        for model in self.env.values():
            for name in dir(type(model)):
                is_job = name.startswith("job_") and model._name.startswith("g2p.")
                executor = model._name == "g2p.spar.job" and name in (
                    "enqueue",
                    "keep",
                    "troubles",
                    "set_aside",
                    "count_unreadable",
                    "is_runner_there",
                    "_cron_run",
                    "_run",
                    "_claim",
                )
                if not (is_job or executor):
                    continue
                if not callable(getattr(type(model), name)):
                    continue
                found += 1
                with (
                    self.subTest(model._name, name=name),
                    self.assertRaises(AccessError),
                ):
                    get_public_method(model, name)
        self.assertGreater(found, 10)

    def test_no_job_holds_payment_data(self):
        self.enter_address("0754 200 001", holder_name="Zawadi", payee_name="Neema")
        self.enter_address("0754 200 002", holder_name="Zawadi")
        self.operator.with_context().sudo().name = "M-Cash 2"
        self.env.flush_all()
        self.env.cr.execute("SELECT string_agg(t::text, ' ') FROM g2p_spar_job t")
        held = self.env.cr.fetchone()[0] or ""
        self.env.cr.execute("SELECT to_regclass('queue_job')")
        if self.env.cr.fetchone()[0]:
            self.env.cr.execute("SELECT string_agg(t::text, ' ') FROM queue_job t")
            held += self.env.cr.fetchone()[0] or ""
        for secret in ("200001", "200002", "Zawadi", "Neema", "Asha", "SR-1"):
            self.assertNotIn(secret, held)
