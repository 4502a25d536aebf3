from odoo import fields, models

from ..toolkit.note_field import Note


class G2pFaImportRow(models.TransientModel):
    """One row of a checked file of addresses: what it would change, or why not.

    Numbers are masked; the file itself has them.
    """

    _name = "g2p.fa.import.row"
    _description = "Checked row of a file of payment addresses"
    # Wrong rows first.
    _order = "outcome desc, record, id"

    import_id = fields.Many2one(
        "base_import.import", required=True, index=True, ondelete="cascade"
    )
    record = fields.Integer("Row", help="Blank rows are not counted.")
    registrant = fields.Char()
    outcome = fields.Selection(
        [
            ("new", "First address"),
            ("replaces", "Replaces the address"),
            ("alike", "Looks the same"),
            ("incomplete", "Incomplete: no provider"),
            ("mark", "Asks for a confirmation"),
            ("overtaken", "A later row replaces it"),
            ("wrong", "Wrong"),
        ],
        string="What happens",
        required=True,
    )
    waits = fields.Boolean("Second person", help="A second person would approve it.")
    before = fields.Char("In use now")
    after = fields.Char("Then")
    why = Note("Why not", masks=True)
