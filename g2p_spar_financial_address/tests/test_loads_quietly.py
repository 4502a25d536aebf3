import warnings
from collections import Counter

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestLoadsQuietly(TransactionCase):
    """What Odoo warns of each time the addons are loaded."""

    def our_fields(self):
        """Return all fields the suite has made or changed."""
        return [
            field
            for model in self.env.values()
            if not model._abstract
            for field in model._fields.values()
            if any(module.startswith("g2p_") for module in field._modules)
        ]

    def test_what_fields_depend_on_can_be_searched(self):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            for field in self.our_fields():
                list(field.resolve_depends(self.env.registry))
        self.assertFalse([str(one.message) for one in found])

    def test_no_two_fields_of_a_model_have_one_label(self):
        labels = Counter(
            (field.model_name, field.string)
            for field in self.our_fields()
            if not field.inherited
        )
        self.assertFalse([one for one, times in labels.items() if times > 1])

    def test_what_a_view_depends_on_is_shown_to_the_same_people(self):
        views = self.env["ir.ui.view"].search(
            [("model_data_id.module", "=like", "g2p\\_%")]
        )
        self.assertTrue(views)
        logger = "odoo.addons.base.models.ir_ui_view"
        with self.assertNoLogs(logger, "WARNING"):
            views._check_xml()
