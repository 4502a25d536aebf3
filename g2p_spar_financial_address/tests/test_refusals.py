from lxml import etree

from odoo.tests import TransactionCase, tagged

#: By what a form or list says within itself what the server refuses.
SAYS = {
    "form": {"fa_problems", "fa_entry", "spar_person"},
    "list": {"fa_problems_list"},
}
#: Its parts are put into forms of other addons. What may be refused is hidden there.
PART = "g2p_spar_financial_address.registrant_page"


@tagged("post_install", "-at_install")
class TestRefusals(TransactionCase):
    def test_after_a_question_the_view_says_what_is_refused(self):
        """No button asks, and then opens a dialog over a dialog."""
        views = self.env["ir.ui.view"].search(
            [
                ("model_data_id.module", "=like", "g2p\\_%"),
                ("mode", "=", "primary"),
                ("type", "in", [*SAYS]),
            ]
        )
        asking = set()
        for view in views - self.env.ref(PART):
            arch = etree.fromstring(view.get_combined_arch())
            if not arch.xpath("//button[@confirm]"):
                continue
            asking.add(view.xml_id)
            with self.subTest(view.xml_id):
                self.assertIn(arch.get("js_class"), SAYS[view.type])
                if view.type == "form":
                    self.assertTrue(arch.xpath("//widget[@name='fa_problem']"))
        self.assertGreaterEqual(len(asking), 8)
