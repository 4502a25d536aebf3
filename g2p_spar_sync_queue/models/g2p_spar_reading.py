from odoo import fields, models


class G2pSparReading(models.Model):
    """SPAR's last answer to a live query about a registrant; see ``live/query.py``.

    Screens show it while SPAR is down. The engine never reads it. It contains the
    masked number and a keyed hash, never the number.
    """

    _name = "g2p.spar.reading"
    _description = "Last look at SPAR"
    _order = "id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    connection_id = fields.Many2one(
        "g2p.spar.connection",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    spar_id = fields.Char("SPAR ID", readonly=True, help="The ID SPAR was asked for.")
    masked = fields.Char(
        "At SPAR", readonly=True, help="Empty when SPAR held no address."
    )
    seen = fields.Char(
        readonly=True, groups=fields.NO_ACCESS, help="Keyed hash of what SPAR held."
    )
    read_at = fields.Datetime("Answered on", readonly=True)
    tried_at = fields.Datetime("Asked on", required=True, readonly=True)
    code = fields.Char(readonly=True, help="Why the last question was not answered.")
    kind = fields.Char(
        "Difference",
        readonly=True,
        help="How what SPAR answered differed from what was requested then.",
    )
    # For the limit of queries alone: a digest, as it may be made of a person's ID.
    asker = fields.Char("Asked by", readonly=True, groups=fields.NO_ACCESS)

    _one_per_registrant = models.Constraint(
        "UNIQUE(partner_id, connection_id)",
        "There is one last look at each registrant.",
    )
    _asked_by = models.Index("(asker, tried_at)")
