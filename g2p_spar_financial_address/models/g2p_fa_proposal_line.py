from odoo import api, fields, models

#: Values a list shows of one proposal; a directory import may have thousands.
SHOWN = 10


class G2pFaProposalLine(models.Model):
    """One field of one record, with its old and its new value."""

    _name = "g2p.fa.proposal.line"
    _description = "Changed value"
    _order = "id"

    proposal_id = fields.Many2one(
        "g2p.fa.proposal", required=True, index=True, ondelete="cascade", readonly=True
    )
    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record ID", model_field="res_model", required=True, readonly=True
    )
    record_name = fields.Char("Record", readonly=True)
    field_name = fields.Char("Name of the field", required=True, readonly=True)
    label = fields.Char("Field", readonly=True)
    only_shown = fields.Boolean(
        readonly=True, help="An effect of the change, not a value that is written."
    )
    old = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    new = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    before = fields.Char("Old", readonly=True)
    after = fields.Char("New", readonly=True)

    _by_record = models.Index("(res_model, res_id)")
    _by_old_id = models.Index("(before) WHERE field_name = 'spar_id'")

    def _sentence(self):
        """Return the change in words."""
        return self.env._(
            "%(field)s: %(before)s → %(after)s",
            field=self.label,
            before=self.before or "–",
            after=self.after or "–",
        )

    def _texts(self, name):
        """Return the old or the new values, with what each is a value of."""
        several = len({(one.res_model, one.res_id) for one in self}) > 1
        texts = [
            f"{one.record_name}, {one.label}: {one[name] or '–'}"
            if several
            else f"{one.label}: {one[name] or '–'}"
            for one in self[:SHOWN]
        ]
        if len(self) > SHOWN:
            texts.append(self.env._("and %s more", len(self) - SHOWN))
        return "\n".join(texts)

    def _still_hold(self, record):
        """Return whether writing these still does to the record what was shown.

        :param record: whose lines these are
        """
        written = self.filtered(lambda line: not line.only_shown)
        new = {line.field_name: line.new for line in written}
        return record._decisive_pairs(new) == {
            line.field_name: (line.old, line.new) for line in self
        }

    # === WHO HAD A SPAR ID BEFORE === #

    @api.model
    def _spar_ids_before(self, spar_ids):
        """Return the people who had these SPAR IDs and have given them up.

        :param list spar_ids: texts
        :return: ids of contacts, by SPAR ID
        :rtype: dict
        """
        domain = [
            ("res_model", "=", "res.partner"),
            ("field_name", "=", "spar_id"),
            ("before", "in", list(spar_ids)),
            ("proposal_id.state", "in", ("approved", "at_once")),
        ]
        lines = self.sudo().search(domain)
        return {
            spar_id: set(some.mapped("res_id"))
            for spar_id, some in lines.grouped("before").items()
        }

    @api.model
    def _forget(self, partners):
        """Erase what is kept of people whose payment data is removed."""
        lines = self.sudo().search(
            [("res_model", "=", "res.partner"), ("res_id", "in", partners.ids)]
        )
        proposals = lines.proposal_id
        waiting = proposals.filtered(lambda one: one.state == "to_approve")
        waiting._close("withdrawn", self.env._("The payment data is removed."))
        erased = self.env._("Erased")
        lines.write(
            {
                "record_name": erased,
                "old": False,
                "new": False,
                "before": erased,
                "after": erased,
            }
        )
        proposals.write({"subject": erased})
