from lxml import etree

from odoo.tests import tagged

from .common import FinancialAddressCase


@tagged("post_install", "-at_install")
class TestUpgrade(FinancialAddressCase):
    def test_addresses_entered_before_are_masked_and_found_as_new_ones(self):
        addresses = self.enter_address() | self.enter_bank_account()
        expected = [(a.masked, a.sudo().fingerprint) for a in addresses]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE g2p_financial_address"
            "   SET masked = NULL, fingerprint = NULL, entered_by_id = NULL"
        )
        self.env.invalidate_all()
        self.upgrade("g2p_spar_financial_address", "19.0.1.1.0")
        found = [(a.masked, a.sudo().fingerprint) for a in addresses]
        self.assertEqual(found, expected)
        self.assertEqual(addresses.entered_by_id, addresses.create_uid)

    def test_the_payment_page_keeps_what_departments_added_to_it(self):
        page = self.env.ref("g2p_spar_financial_address.registrant_page")
        form = self.env.ref("base.view_partner_form")
        arch = """<xpath expr="//page[@name='payment']" position="inside">
                    <field name="barcode" />
                  </xpath>"""
        view = {"model": "res.partner", "inherit_id": page.id, "arch": arch}
        fits, misfit = self.env["ir.ui.view"].create(
            [{**view, "name": "of a department"}, {**view, "name": "of another place"}]
        )
        self.env.flush_all()
        # As before: extensions of the contact form, by other names.
        self.env.cr.execute(
            """UPDATE ir_model_data SET name = 'view_partner_form'
                WHERE model = 'ir.ui.view' AND name = 'registrant_page'"""
        )
        self.env.cr.execute(
            "UPDATE ir_ui_view SET inherit_id = %s, mode = 'extension' WHERE id = %s",
            [form.id, page.id],
        )
        self.env.cr.execute(
            """UPDATE ir_ui_view
                  SET arch_db = replace(arch_db::text, 'payment', 'contacts')::jsonb
                WHERE id = %s""",
            [misfit.id],
        )
        addon, version = "g2p_spar_financial_address", "19.0.1.2.0"
        self.upgrade(addon, version, "pre", "registrant-page")
        self.env.registry.clear_all_caches()
        with self.assertLogs(level="WARNING") as log:
            self.upgrade(addon, version, "end", "registrant-page")
        self.assertIn("of another place", log.output[0])
        self.assertEqual(self.env.ref(f"{addon}.registrant_page"), page)
        self.assertTrue(fits.active)
        self.assertFalse(misfit.active)
        Partner = self.env["res.partner"].with_user(self.env.ref("base.user_admin"))
        arch = etree.fromstring(Partner.get_view(form.id, "form")["arch"])
        self.assertEqual(len(arch.xpath("//page[@name='payment']")), 1)
        self.assertEqual(
            len(arch.xpath("//page[@name='payment']//field[@name='barcode']")), 1
        )
