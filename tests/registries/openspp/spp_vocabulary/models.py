from odoo import api, fields, models


class Vocabulary(models.Model):
    _name = "spp.vocabulary"
    _description = "Vocabulary"

    name = fields.Char(required=True)
    namespace_uri = fields.Char(required=True)


class VocabularyCode(models.Model):
    _name = "spp.vocabulary.code"
    _description = "Vocabulary code"
    _rec_name = "display"

    vocabulary_id = fields.Many2one("spp.vocabulary", required=True, index=True)
    namespace_uri = fields.Char(
        related="vocabulary_id.namespace_uri", store=True, index=True
    )
    code = fields.Char(required=True, index=True)
    display = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    target_type = fields.Selection(
        [("individual", "Individual"), ("group", "Group"), ("both", "Both")],
        default="both",
    )
    id_validation = fields.Char()

    _unique_code = models.Constraint(
        "UNIQUE(vocabulary_id, code)", "The code exists in this vocabulary."
    )

    @api.model
    def get_code(self, namespace_uri, code):
        return self.search(
            [("namespace_uri", "=", namespace_uri), ("code", "=", code)], limit=1
        )
