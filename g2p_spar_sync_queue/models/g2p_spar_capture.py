from odoo import fields, models


class G2pSparCapture(models.Model):
    """One row per registrant, written by every capture and by nothing else.

    It keeps captures of one registrant in order. PostgreSQL refuses to write a row that
    was written since the snapshot of the transaction, and Odoo then runs the request
    again with a new one. So a transaction that does not see the newest address, or a
    connection that was started meanwhile, captures nothing.

    Mappings cannot be used for that: the engine locks them while SPAR processes a
    request.
    """

    _name = "g2p.spar.capture"
    _description = "Captures of a registrant"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    number = fields.Integer(required=True, readonly=True, help="Captures so far.")

    _one_per_registrant = models.Constraint(
        "UNIQUE(partner_id)", "There is one row for each registrant."
    )
