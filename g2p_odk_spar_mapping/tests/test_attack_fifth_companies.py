"""What was collected for one company names no registrant of another."""

from odoo.fields import Command
from odoo.tests import tagged

from .apply_common import ApplyCase


@tagged("post_install", "-at_install")
class TestAttackFifthCompanies(ApplyCase):
    def test_an_id_that_looks_alike_names_no_registrant_of_another_company(self):
        home, far = self.env["res.company"].create([{"name": "Home"}, {"name": "Far"}])
        self.registrant.company_id = home
        self.form.registrant_policy = "create"
        one = self.submit(answers=self.answers("SR-I"))
        self.assertEqual(one.state, "set_aside")
        self.assertIn("looks like it", one.error_text)
        self.editor.write({"company_ids": [Command.set(far.ids)], "company_id": far.id})
        mine = one.with_user(self.editor).search([("id", "=", one.id)])
        self.assertNotIn("Asha", str(mine.read(["error_text"])))
