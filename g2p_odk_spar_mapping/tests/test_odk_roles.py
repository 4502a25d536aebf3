from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import OdkCase


@tagged("post_install", "-at_install")
class TestOdkRoles(OdkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: cls.new_user(f"odk_{role}", role)
            for role in ("viewer", "editor", "approver", "administrator")
        }

    def test_nobody_reads_what_was_answered(self):
        one = self.staged_one()
        for role, user in self.users.items():
            for name in ("payload", "content_hash"):
                seen = one.with_user(user)
                with self.subTest(role, field=name):
                    with self.assertRaises(AccessError):
                        seen.read([name])
                    with self.assertRaises(AccessError):
                        seen.search([(name, "!=", False)])
                    # Of which AccessError is one.
                    with self.assertRaises(UserError):
                        seen.export_data([name])
        text = str(one.with_user(self.users["administrator"]).read())
        self.assertNotIn("0754", text)

    def test_who_sees_submissions_and_runs(self):
        one = self.staged_one()
        for record in (one, self.form.run_ids, self.form):
            for role in ("viewer", "approver"):
                seen = record.with_user(self.users[role])
                with self.subTest(role), self.assertRaises(AccessError):
                    seen.read(["display_name"])
            record.with_user(self.users["editor"]).read(["display_name"])

    def test_nobody_writes_submissions_or_runs(self):
        one = self.staged_one()
        for user in self.users.values():
            for record in (one, self.form.run_ids):
                with self.subTest(user.login, model=record._name):
                    with self.assertRaises(AccessError):
                        record.with_user(user).write({"state": "running"})
                    with self.assertRaises(AccessError):
                        record.with_user(user).unlink()

    def test_how_far_a_form_was_read_is_written_by_the_registry_only(self):
        """Ahead of time, submissions would be left out; twins would be read."""
        self.staged_one()
        form = self.form.with_user(self.users["administrator"])
        far = "2999-01-01T00:00:00.000Z"
        for name, value in {
            "cursor": far,
            "reading": {"since": far, "place": None, "latest": far, "began": far},
            "swept_at": "2999-01-01 00:00:00",
            "sweeping": [far, "uuid:1"],
            "twins": False,
        }.items():
            before = self.form[name]
            with self.subTest(name), self.assertRaises(AccessError):
                form.write({name: value})
            self.assertEqual(self.form[name], before)
        form.review_policy = "any"
        self.assertFalse(self.form.cursor, "a new policy reads all again")

    def test_only_an_administrator_sets_up(self):
        for role in ("viewer", "editor", "approver"):
            user = self.users[role]
            for record, action in (
                (self.server, "action_test"),
                (self.server, "action_pick_forms"),
                (self.form, "action_run_now"),
            ):
                with self.subTest(role, action=action), self.assertRaises(AccessError):
                    getattr(record.with_user(user), action)()
        administrator = self.users["administrator"]
        self.server.with_user(administrator).action_test()
        self.server.with_user(administrator).action_pick_forms()
        self.form.with_user(administrator).action_run_now()

    def test_editors_do_not_see_where_the_password_is(self):
        for name in ("password_path", "password_variable"):
            with self.subTest(name), self.assertRaises(AccessError):
                self.server.with_user(self.users["editor"]).read([name])

    def staged_one(self):
        one = self.submit()
        self.pull()
        return self.staged(one)
