"""Attacks by editors of another company on what ODK has collected."""

from contextlib import suppress

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .apply_common import ApplyCase


@tagged("post_install", "-at_install")
class TestAttackFourthCompanies(ApplyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.env["res.company"].create({"name": "Home"})
        cls.far = cls.env["res.company"].create({"name": "Far"})
        cls.registrant.company_id = cls.home
        cls.stranger = cls.new_user("o_stranger", "editor")
        cls.stranger.write(
            {"company_ids": [Command.set(cls.far.ids)], "company_id": cls.far.id}
        )
        cls.own = cls.new_registrant("Own", "SR-9", company_id=cls.far.id)

    def tried(self, one, act):
        with suppress(UserError), self.env.cr.savepoint():
            act(one.with_user(self.stranger))
        self.env.flush_all()
        self.env.invalidate_all()

    def test_attack_fourth_they_redirect_nobody_by_a_correction(self):
        one = self.submit(answers=self.answers(number="12"))
        self.assertEqual(one.state, "set_aside")
        self.tried(one, lambda o: o._correct({"payment_phone": "0754 266 666"}, "x"))
        self.assertFalse(self.in_use())
        self.tried(one, lambda o: o.action_ignore("Not needed"))
        self.assertEqual(one.state, "set_aside")

    def test_attack_fourth_nor_by_the_id_of_another_submission(self):
        answers = self.answers("SR-9", number="12", given_name="Own", family_name="")
        one = self.submit("uuid:2", answers)
        self.assertEqual(one.state, "set_aside")
        values = {"payment_phone": "0754 266 666", "registrant_id": "SR-1"}
        self.tried(one, lambda o: o._correct(values, "x"))
        self.assertFalse(self.in_use())
        self.assertNotIn("Asha", one.error_text)
        self.tried(one, lambda o: o.action_confirm("It is the same"))
        self.assertFalse(self.in_use())

    def test_attack_fourth_they_see_nothing_of_what_was_set_aside(self):
        one = self.submit(answers=self.answers(number="12"))
        editor = self.editor
        editor.company_ids = [Command.link(self.home.id)]
        one.with_user(editor)._correct(
            {"full_name": "Asha J", "payee": "self"}, "Asked"
        )
        self.assertTrue(one.correction_ids.with_user(editor).read(["shown"]))
        self.env.invalidate_all()
        for model in ("g2p.odk.submission", "g2p.odk.correction"):
            seen = self.env[model].with_user(self.stranger)
            self.assertFalse(seen.search([]), model)

    def test_attack_fourth_nor_why_it_was_by_the_dialog(self):
        one = self.submit(answers=self.answers(number="12"))
        why, said = one.error_text, []
        self.assertTrue(why)
        self.env.flush_all()
        self.env.invalidate_all()
        with suppress(AccessError), self.env.cr.savepoint():
            Dialog = self.env["g2p.odk.correct"].with_user(self.stranger)
            said = Dialog.create({"submission_id": one.id}).read(["error_text"])
        self.assertNotIn(why, str(said))

    def test_attack_fourth_nor_of_what_was_corrected_and_applied(self):
        one = self.submit(answers=self.answers(number="12"))
        editor = self.editor
        editor.company_ids = [Command.link(self.home.id)]
        one.with_user(editor)._correct({"payment_phone": "0754 200 001"}, "Asked")
        self.assertEqual((one.state, one.partner_id), ("applied", self.registrant))
        self.env.invalidate_all()
        seen = self.env["g2p.odk.correction"].with_user(self.stranger).search([])
        self.assertFalse(seen)
