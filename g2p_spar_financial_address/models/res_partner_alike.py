from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import VIEWER
from ..values import identifiers, names

_RANK = {False: 0, names.DIFFERENT: 0, names.SIMILAR: 1, names.SAME: 2}


class ResPartner(models.Model):
    """SPAR IDs that people can mistake for each other.

    Two IDs with the same normal form are refused. IDs that only look alike are shown on
    the contact, because both may be right.
    """

    _inherit = "res.partner"

    spar_id_likeness = fields.Char(
        "SPAR ID, for comparing",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups=VIEWER,
        help="The same for SPAR IDs that people take for one another.",
    )
    spar_id_alike = fields.Char(
        "Mistakable SPAR ID",
        compute="_compute_spar_id_alike",
        search="_search_spar_id_alike",
        groups=VIEWER,
        help="What the SPAR ID may be mistaken for.",
    )

    # === COMPUTE METHODS === #

    @api.depends("spar_id")
    def _compute_spar_id_alike(self):
        everybody = self.sudo().with_context(active_test=False)
        by_likeness = everybody._spar_id_buckets(self.mapped("spar_id"))
        for partner in self:
            mine = partner.spar_id
            notes = []
            if mine and identifiers.normal(mine) != mine:
                notes.append(
                    self.env._("It has invisible or unusual characters or blanks.")
                )
            likeness = identifiers.likeness(mine)
            others = by_likeness.get(likeness, everybody.browse()) - partner._origin
            if others:
                notes.append(
                    self.env._(
                        "It looks like the SPAR ID of %(names)s.",
                        names=others._spar_id_names(),
                    )
                )
            partner.spar_id_alike = " ".join(notes) or False

    def _search_spar_id_alike(self, operator, value):
        self._check_may_read_field("spar_id_alike")
        if operator != "in":
            return NotImplemented
        several = SQL(
            """SELECT p.id FROM res_partner p
                WHERE p.spar_id_likeness IS NOT NULL
                  AND EXISTS (SELECT FROM res_partner other
                               WHERE other.spar_id_likeness = p.spar_id_likeness
                                 AND other.id != p.id)"""
        )
        self.flush_model(["spar_id_likeness"])
        # A search for False finds contacts whose ID is like no other.
        return [("id", "not in" if False in value else "in", several)]

    # === CRUD METHODS === #

    # Not a computed field: that would cost a query for each contact without an ID.

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        if any("spar_id" in vals for vals in vals_list):
            partners.sudo()._set_spar_id_likeness()
        return partners

    def write(self, vals):
        result = super().write(vals)
        if "spar_id" in vals:
            self.sudo()._set_spar_id_likeness()
        return result

    def _set_spar_id_likeness(self):
        for partner in self:
            likeness = identifiers.likeness(partner.spar_id)
            if partner.spar_id_likeness != likeness:
                partner.spar_id_likeness = likeness

    # === METHODS FOR CHANNELS === #

    @api.model
    def _spar_by_id(self, texts, fields=()):
        """Return the contacts the user sees with each of these SPAR IDs.

        :param texts: SPAR IDs as they were typed or collected
        :param fields: names of fields that are read along with them
        :return: contacts by text: the one with the very ID, or else those whose ID has
            the same normal form, and all who share it; also archived ones, if the
            context asks for them.
            None for what people write where there is no ID
        :rtype: collections.defaultdict
        """
        buckets = self._spar_id_buckets(texts, fields)
        found = defaultdict(self.browse)
        for text in texts:
            wanted = identifiers.normal(text)
            if self._spar_id_is_missing(wanted):
                continue
            bucket = buckets.get(identifiers.likeness(text), self.browse())
            found[text] = bucket.filtered(
                lambda one, text=text: one.spar_id == text
            ) or bucket.filtered(
                lambda one, wanted=wanted: identifiers.normal(one.spar_id) == wanted
            )
        sharing = self._spar_id_sharing(found)
        for text in found if sharing else ():
            found[text] |= sharing.get(identifiers.normal(text), self.browse())
        return found

    @api.model
    def _spar_id_buckets(self, texts, fields=()):
        """Return contacts whose ID may be mistaken for one of these, by likeness."""
        wanted = {identifiers.likeness(text) for text in texts} - {False}
        if not wanted:
            return {}
        domain = [("spar_id_likeness", "in", sorted(wanted))]
        partners = self.search_fetch(domain, ["spar_id", "spar_id_likeness", *fields])
        return partners.grouped("spar_id_likeness")

    def _spar_meant(self, names_said, buckets=None):
        """Return another registrant to whom one of these names fits better, or none.

        Spreadsheets and number questions drop zeros in front of an ID, and the rest may
        be the ID of another person.

        :param names_said: of the account's holder or the person, as collected
        :param dict buckets: what :meth:`_spar_id_buckets` of the system found for many
        :return: a person whose SPAR ID differs from this one's in such zeros only,
            and whose name fits better; or none
        :rtype: res.partner
        """
        self.ensure_one()
        mine = self.sudo()
        said = [name for name in names_said if name]
        if not mine.spar_id or not said:
            return self.browse()
        if buckets is None:
            # Archived ones, too: this registrant would be paid at their account.
            everybody = mine.with_context(active_test=False)
            buckets = everybody._spar_id_buckets({mine.spar_id}, ["name"])
        for other in buckets.get(mine.spar_id_likeness, mine) - mine:
            if identifiers.differ_in_zeros(mine.spar_id, other.spar_id) and any(
                _RANK[names.compare(name, other._spar_get_name())]
                > _RANK[names.compare(name, mine._spar_get_name())]
                for name in said
            ):
                return other
        return self.browse()

    @api.model
    def _spar_meant_message(self):
        """Return why a row or submission that means another person is set aside.

        Without names: users who enter addresses may not see every registrant.
        """
        return self.env._(
            "The name fits another registrant, whose ID differs only in zeros at the "
            "beginning, or at the end of a decimal number. A spreadsheet drops such "
            "zeros. Correct the ID."
        )
