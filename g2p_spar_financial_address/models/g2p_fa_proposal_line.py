from odoo import api, fields, models

from ..toolkit.keyed_hash import keyed_hash
from ..values import identifiers

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
    withdrawn = fields.Boolean(
        readonly=True, help="A newer change of the same field has taken its place."
    )
    old = fields.Json("Old value", readonly=True, groups=fields.NO_ACCESS)
    new = fields.Json("New value", readonly=True, groups=fields.NO_ACCESS)
    before = fields.Char("Old", readonly=True)
    after = fields.Char("New", readonly=True)

    old_id_print = fields.Char(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="Keyed hash of a SPAR ID that was given up. It stays when the payment "
        "data of its owner is removed.",
    )

    _by_record = models.Index("(res_model, res_id)")
    _by_old_id = models.Index("(old_id_print) WHERE old_id_print IS NOT NULL")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # Default values first: a client may leave out fields the hash is made of.
        self.check_access("create")
        vals_list = [{**vals, **self._with_fingerprint(vals)} for vals in vals_list]
        return super().create(vals_list)

    def _with_fingerprint(self, vals):
        is_id = (vals["res_model"], vals["field_name"]) == ("res.partner", "spar_id")
        return {
            "old_id_print": is_id and vals["old"] and self._id_fingerprint(vals["old"])
        }

    @api.model
    def _id_fingerprint(self, spar_id):
        """Return the keyed hash of the normal form of a SPAR ID."""
        text = f"spar_id|{identifiers.normal(spar_id)}"
        return keyed_hash(self.env, text)[:40]

    # === TEXTS === #

    def _sentence(self):
        """Return the change as a sentence."""
        return self.env._(
            "%(field)s: %(before)s → %(after)s",
            field=self.label,
            before=self.before or "–",
            after=self.after or "–",
        )

    def _comparison_cells(self):
        """Return these values as the cells that show old beside new.

        :rtype: list[dict]
        """
        several = self._are_of_several()
        gone = self.env._("withdrawn, as it was changed anew")
        return [
            {
                "name": f"{one.field_name}-{one.id}" if several else one.field_name,
                "label": f"{one.record_name}, {one.label}" if several else one.label,
                "was": one.before or "",
                "becomes": one.after or "",
                "changed": not one.withdrawn,
                "note": gone if one.withdrawn else "",
            }
            for one in self
        ]

    def _are_of_several(self):
        return len({(one.res_model, one.res_id) for one in self}) > 1

    def _texts(self, name):
        """Return the old or the new values, with what each is a value of."""
        several = self[:SHOWN]._are_of_several()
        texts = []
        for one in self[:SHOWN]:
            value = one[name] or "–"
            if one.withdrawn and name == "after":
                value = self.env._("withdrawn, as it was changed anew")
            what = f"{one.record_name}, {one.label}" if several else one.label
            texts.append(f"{what}: {value}")
        if len(self) > SHOWN:
            texts.append(self.env._("and %s more", len(self) - SHOWN))
        return "\n".join(texts)

    def _written(self):
        """Return the lines whose values are written once they are approved."""
        return self.filtered(lambda line: not (line.only_shown or line.withdrawn))

    def _still_hold(self, record):
        """Return whether writing these lines still has the effect that was shown.

        :param record: the record of these lines
        """
        new = {line.field_name: line.new for line in self._written()}
        return record._decisive_pairs(new) == {
            line.field_name: (line.old, line.new) for line in self
        }

    # === FORMER OWNERS OF A SPAR ID === #

    @api.model
    def _spar_ids_before(self, texts):
        """Return the former owners of these SPAR IDs.

        Also of those typed by hand before IDs were made from other fields, and of those
        that another template wrote.

        :param texts: SPAR IDs, in any characters that look the same
        :return: ids of contacts, by text; some may be deleted
        :rtype: dict
        """
        settings = self.env["g2p.fa.settings"]
        spellings = {text: settings._spellings(text) for text in texts}
        written = set().union(*spellings.values())
        prints = {text: self._id_fingerprint(text) for text in written}
        domain = [
            ("old_id_print", "in", list(prints.values())),
            ("withdrawn", "=", False),
            ("proposal_id.state", "in", ("approved", "at_once")),
        ]
        lines = self.sudo().search(domain).grouped("old_id_print")
        everybody = self.env["res.partner"].sudo().with_context(active_test=False)
        kept = everybody._spar_ids_kept(written)
        owners = {}
        for text, ways in spellings.items():
            found = self.union(*(lines.get(prints[way], self) for way in ways))
            typed = everybody.union(*(kept.get(way, everybody) for way in ways))
            if ids := {*found.mapped("res_id"), *typed.ids}:
                owners[text] = ids
        return owners

    @api.model
    def _forget(self, partners):
        """Erase values about people whose payment data is removed.

        The hash of a former ID stays, so that a second person is still needed to give
        that ID to another registrant.
        """
        lines = self.sudo().search(
            [("res_model", "=", "res.partner"), ("res_id", "in", partners.ids)]
        )
        proposals = lines.proposal_id
        waiting = proposals.filtered(lambda one: one.state == "to_approve")
        waiting._close("withdrawn", self.env._("The payment data is removed."))
        erased = self.env._("Erased")
        # That of a new rule of IDs names no person.
        naming = lines.filtered(
            lambda line: (line.record_name or "") in line.proposal_id.subject
        )
        naming.proposal_id.write({"subject": erased})
        lines.write(
            {
                "record_name": erased,
                "old": False,
                "new": False,
                "before": erased,
                "after": erased,
            }
        )
