from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..const import VIEWER
from ..toolkit.context_flags import APPROVED, channel_of, is_marked, trusted
from ..values import identifiers


class ResPartner(models.Model):
    """IDs that two registrants share, where the payment settings put both on hold.

    Only IDs that are made from other fields. Of those who share one, the registrant who
    had it before keeps ``spar_id``, because SPAR may have a row under it; all have
    ``spar_id_shared``. Once only one of them is paid, that one has the ID alone, and
    only the others keep ``spar_id_shared``, without a ``spar_id``.
    """

    _inherit = "res.partner"

    spar_id_shared = fields.Char(
        "SPAR ID that others have, too",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups=fields.NO_ACCESS,
        help="The ID, in its normal form, that another registrant has as well.",
    )
    spar_id_shared_note = fields.Char(
        "Shared ID",
        compute="_compute_spar_id_shared_note",
        search="_search_spar_id_shared_note",
        groups=VIEWER,
        help="Who has the same ID in the registry.",
    )

    # === COMPUTE METHODS === #

    @api.depends("spar_id")
    def _compute_spar_id_shared_note(self):
        everybody = self.sudo().with_context(active_test=False)
        texts = list(filter(None, self.sudo().mapped("spar_id_shared")))
        by_text = defaultdict(everybody.browse)
        for one in texts and everybody.search(
            ["|", ("spar_id_shared", "in", texts), ("spar_id", "in", texts)]
        ):
            by_text[one.spar_id_shared or one.spar_id] |= one
        for partner in self:
            text = partner.sudo().spar_id_shared
            if others := by_text[text] - partner._origin:
                partner.spar_id_shared_note = self.env._(
                    "%(names)s: the same ID, %(spar_id)s. Nothing is sent to SPAR "
                    "until only one of them has it. Correct the ID in the registry.",
                    names=others._spar_id_names(),
                    spar_id=text,
                )
            else:
                partner.spar_id_shared_note = text and self.env._(
                    "Another registrant had the ID %s before. A second person approves "
                    "that it passes on; until then nothing is sent to SPAR.",
                    text,
                )

    def _search_spar_id_shared_note(self, operator, value):
        self._check_may_read_field("spar_id_shared_note")
        if operator != "in":
            return NotImplemented
        self.flush_model(["spar_id_shared"])
        sharing = SQL("SELECT id FROM res_partner WHERE spar_id_shared IS NOT NULL")
        return [("id", "not in" if False in value else "in", sharing)]

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:
            self._spar_id_release()
        return result

    def unlink(self):
        texts = list(filter(None, self.sudo().mapped("spar_id_shared")))
        result = super().unlink()
        if texts:
            everybody = self.sudo().with_context(active_test=False)
            everybody.search([("spar_id_shared", "in", texts)])._spar_id_release()
        return result

    # === WHO HAS AN ID === #

    def _spar_get_shared_id(self):
        """Return the ID that is on hold for this registrant, or a falsy value."""
        self.ensure_one()
        person = self.sudo()
        return person.spar_id_shared and (person.spar_id or person.spar_id_shared)

    @api.model
    def _spar_id_holds(self):
        """Return whether those who share an ID are put on hold, and not refused."""
        values = self.env["g2p.fa.settings"].cached_values()
        return values["shared_ids"] == "hold" and bool(self._spar_id_rule().sources)

    @api.model
    def _spar_id_sharing(self, texts):
        """Return the contacts the user sees that share these IDs, by normal form."""
        if not self._spar_id_holds():
            return {}
        sharing = self.sudo().search(
            [("spar_id_shared", "in", list(map(identifiers.normal, texts)))]
        )
        seen = self.search([("id", "in", sharing.ids)])
        found = sharing.grouped("spar_id_shared")
        return {text: seen & self.browse(of.ids) for text, of in found.items()}

    def _spar_id_release(self):
        """Look again at the IDs that these share: one of them has come or left."""
        sharing = self.browse(self.sudo().filtered("spar_id_shared").ids)
        if changed := sharing and sharing._spar_id_apply({}):
            changed._financial_address_changed("admin")

    @api.model
    def _check_no_shared_ids(self):
        """Refuse to refuse shared IDs while there are some.

        :raise ValidationError: naming those who share
        """
        everybody = self.sudo().with_context(active_test=False)
        if sharing := everybody.search([("spar_id_shared", "!=", False)]):
            raise ValidationError(
                self.env._(
                    "These registrants still share an ID with another one: %s. "
                    "Correct the IDs first.",
                    sharing._spar_id_names(),
                )
            )

    def _spar_id_divide(self, plan):
        """Return what a plan of IDs stores where several contacts may have one.

        IDs that these contacts share are divided anew, too. An ID that one who is not
        paid any more leaves to another one waits for a second person, by the policy.

        :param dict plan: the new ID, or ``False`` for none, by contact id
        :return: SPAR ID and shared ID, also of others, by contact id
        :rtype: dict
        """
        normal = identifiers.normal
        sharing = self.sudo().filtered("spar_id_shared")
        claims = {one.id: one.spar_id_shared for one in sharing} | plan
        rows = self._spar_id_claims(plan, claims)
        groups = defaultdict(dict)
        for id_, spar_id in plan.items():
            if spar_id:
                groups[normal(spar_id)][id_] = spar_id
        for id_, (spar_id, shared) in rows.items():
            if id_ not in plan:
                groups[shared or normal(spar_id)][id_] = spar_id or shared
        owners, chosen, handed = {}, {}, {}
        on_hold = {i for i, (spar_id, shared) in rows.items() if shared and not spar_id}
        # Who approves a new rule does not approve that it hands on what is on hold.
        late = on_hold - {*self.ids}
        for key, group in groups.items():
            owner = self._spar_id_owner(group, plan, rows)
            people = self.browse(group).sudo()
            if len(group) > 1:
                people = people.filtered(lambda one: one._spar_id_counts())
            owners[key], chosen[key] = owner, people.id if len(people) == 1 else None
            heir = chosen[key]
            is_first = heir in plan and heir not in late
            if heir in (None, owner) or (is_first and len(group) == 1):
                continue
            if not (is_marked(self, APPROVED) and (is_first or heir in self.ids)):
                person = trusted(people, channel_of(self))
                handed[person] = {"spar_id": group[heir]}
        held = self.env["g2p.fa.proposal"]._hold_back(handed, one_each=True)
        waiting = {person.id for person in held}
        new = {id_: (False, False) for id_, spar_id in plan.items() if not spar_id}
        for key, group in groups.items():
            heir = chosen[key] if chosen[key] not in waiting else None
            for id_, text in group.items():
                has_it = id_ == (heir or owners[key])
                # Also where nothing changes: another transaction that does not see who
                # came must not give the ID to one of the others alone.
                new[id_] = has_it and text, id_ != heir and key
        return new

    @api.model
    def _spar_id_owner(self, group, plan, rows):
        """Return who had the ID of a group before, or ``None``.

        Where a new rule writes another ID for those who share one, that is who had the
        one they shared.

        :param dict group: the new ID by contact id
        :param dict plan: see :meth:`_spar_id_divide`
        :param dict rows: see :meth:`_spar_id_claims`
        """
        for id_ in group:
            if id_ not in plan and rows[id_][0]:
                return id_
        shared = {id_: rows[id_][1] for id_ in group if rows.get(id_, (0, 0))[1]}
        together = [*shared.values()]
        for id_, text in shared.items():
            if rows[id_][0] and together.count(text) > 1:
                return id_
        return None

    @api.model
    def _spar_id_claims(self, plan, claims):
        """Return SPAR ID and shared ID of all who have one of these IDs.

        And of those who have one that a plan gives up. They are locked: two who leave
        an ID at the same time would not release the third.

        :rtype: dict
        """
        given_up = self.env.execute_query(
            SQL(
                "SELECT spar_id_shared FROM res_partner"
                " WHERE id = ANY(%s) AND spar_id_shared IS NOT NULL",
                list(plan),
            )
        )
        texts = {*filter(None, claims.values()), *(text for (text,) in given_up)}
        keys = {identifiers.normal(text) for text in texts}
        rows = self.env.execute_query(
            SQL(
                """SELECT id, spar_id, spar_id_shared FROM res_partner
                    WHERE spar_id_likeness = ANY(%s) OR spar_id_shared = ANY(%s)
                    ORDER BY id FOR NO KEY UPDATE""",
                list({identifiers.likeness(key) for key in keys}),
                list(keys),
            )
        )
        return {
            id_: (spar_id or False, shared or False)
            for id_, spar_id, shared in rows
            if (shared or identifiers.normal(spar_id)) in keys
        }
