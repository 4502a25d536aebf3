"""Fields of a registrant that decide who is paid, besides the address."""

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import FA_TYPES
from ..toolkit.context_flags import APPROVED, channel_of, is_marked, marked


class ResPartner(models.Model):
    """Changes of a SPAR ID, and payments that resume.

    A first ID, and any change that stops a payment, takes effect at once. A change that
    redirects or resumes a payment is subject to the approval policy of the type of the
    address in use, or of the last one.
    """

    _name = "res.partner"
    _inherit = ["res.partner", "g2p.fa.decisive"]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        asks = self.env["g2p.fa.policy"]._asks(channel_of(self))
        if asks and not is_marked(self, APPROVED):
            partners._take_over_ids()
        return partners

    def _take_over_ids(self):
        """Hold back the ID of new contacts if it had another owner before."""
        spar_ids = list(filter(None, self.sudo().mapped("spar_id")))
        if not spar_ids:
            return
        before = self.env["g2p.fa.proposal.line"]._spar_ids_before(spar_ids)
        names = self._spar_id_columns()
        for partner in self.filtered(lambda one: one.sudo().spar_id in before):
            vals = {name: partner.sudo()[name] for name in names}
            vals = {name: value for name, value in vals.items() if value}
            # An ID that is made of a row waits already.
            if vals:
                marked(partner.sudo(), APPROVED).write(dict.fromkeys(vals, False))
                partner.write(vals)

    def write(self, vals):
        names = self._decisive_names() & vals.keys()
        if not names or is_marked(self, APPROVED):
            return super().write(vals)
        vals = self._clean_spar_id(vals)
        if self._differing(vals, {"spar_id"} & names):
            self._check_spar_id_typed(self._spar_id_rule())
        for partners, values in self._held_back(vals, one_each=True):
            super(ResPartner, partners).write(values)
        return True

    def unlink(self):
        self.check_access("unlink")
        if owners := self.sudo().filtered("spar_id"):
            # The trail must show that the IDs were given up, but not whose they were.
            given_up = {one: {"spar_id": False} for one in owners}
            self.env["g2p.fa.proposal"]._enter(given_up, "at_once", True, {})
            self.env["g2p.fa.proposal.line"]._forget(owners)
        return super().unlink()

    # === HOOKS OF g2p.fa.decisive === #

    @api.model
    def _decisive_names(self):
        sources = self._spar_id_rule().sources
        paid = {"active"} | self._spar_paid_fields()
        return {"spar_id", "company_id", *paid, *sources}

    def _decisive_changes(self, vals):
        changes = super()._decisive_changes(vals)
        if not changes:
            return {}
        person = self.sudo()
        paid = bool(person.financial_address_ids)
        if not paid:
            # The company matters only once they are paid or have an ID.
            free = {"active"} if person.spar_id else {"active", "company_id"}
            changes = {n: value for n, value in changes.items() if n not in free}
        registered = person._spar_is_registrant() or changes.get("is_registrant")
        if paid or registered or "spar_id" in changes:
            return changes
        return {}

    def _decisive_held(self, changes):
        policy = self.env["g2p.fa.policy"]
        channel = channel_of(self)
        if not policy._asks(channel):
            return {}
        people = self.browse(person.id for person in changes)
        ids = {
            person: person._ids_before_and_after(changes[person]) for person in people
        }
        owners = self._spar_id_earlier({new for _old, new in ids.values() if new})
        earlier = self.browse(set().union(*owners.values()))
        types = (people | earlier)._paid_types()
        held = {}
        for person, new in changes.items():
            others = self.browse(owners.get(ids[person][1], set()) - {person.id})
            concerned = set().union(*(types.get(one.id, ()) for one in person | others))
            if others != others.exists():
                # How they were paid is not known any more.
                concerned |= dict(FA_TYPES).keys()
            if any(policy.asks_approval(fa_type, channel) for fa_type in concerned):
                names = person._deciding(new, *ids[person], bool(others))
                if names:
                    held[person] = frozenset(names)
        return held

    @api.model
    def _spar_id_earlier(self, texts):
        """Return who had these IDs, or has them without keeping them from others.

        :param set texts: new SPAR IDs
        :return: ids of contacts, by text; some may be deleted
        :rtype: dict
        """
        owners = self.env["g2p.fa.proposal.line"]._spar_ids_before(texts)
        settings = self.env["g2p.fa.settings"]
        # As a former template has written them; these are still others' IDs at SPAR.
        ways = {text: settings._spellings(text) - {text} for text in texts}
        asked = set().union(*ways.values())
        if holds := self._spar_id_holds():
            asked |= texts
        # Empty: a union contains the records it is called on.
        everybody = self.browse().sudo().with_context(active_test=False)
        found = everybody._spar_by_id(asked) if asked else {}
        for text in texts if found else ():
            theirs = everybody.union(*(found[w] for w in ways[text] if w in found))
            if holds and text in found:
                # Those who have left do not keep the ID from others.
                theirs |= found[text].filtered(lambda one: not one._spar_is_paid())
            owners[text] = owners.get(text, set()) | set(theirs.ids)
        return owners

    def _deciding(self, new, old_id, new_id, taken_over):
        """Return which of these new values redirect or resume a payment."""
        names = self._spar_resuming(new)
        names |= {"company_id"} & new.keys()
        if old_id != new_id and (old_id or taken_over or self._had_id()):
            made_of = {"spar_id", *self._spar_id_rule().sources} & new.keys()
            names |= made_of or {"is_registrant"} & new.keys()
        return names

    def _had_id(self):
        """Return whether this person has given up a SPAR ID before."""
        domain = [
            ("res_model", "=", "res.partner"),
            ("res_id", "=", self.id),
            ("field_name", "=", "spar_id"),
            ("before", "!=", False),
            ("before", "!=", ""),
            ("withdrawn", "=", False),
            ("proposal_id.state", "in", ("approved", "at_once")),
        ]
        return bool(self.env["g2p.fa.proposal.line"].sudo().search(domain, limit=1))

    def _ids_before_and_after(self, new):
        """Return the SPAR ID now, and the one with these values.

        Where it is made of other fields, also for people who are no registrants at the
        moment but were paid: they keep the claim to it.
        """
        person = self.sudo()
        rule = self._spar_id_rule()
        if "spar_id" in new or not rule.sources:
            return person.spar_id, new.get("spar_id", person.spar_id)
        after = person._decisive_draft(new)
        if not person._spar_is_registrant() and not person.financial_address_ids:
            return False, after._spar_id_made(rule)
        return person._spar_id_written(rule), after._spar_id_written(rule)

    def _decisive_shown(self, changes):
        person, rule = self.sudo(), self._spar_id_rule()
        if "spar_id" in changes or not rule.sources:
            return {}
        old, new = self._ids_before_and_after(changes)
        draft = person._decisive_draft(changes)
        if old == new and draft._spar_is_registrant() != person._spar_is_registrant():
            # A contact that is no registrant any more gives the ID up, but not its
            # claim.
            old, new = person.spar_id, draft._spar_id_made(rule)
        return {} if old == new else {"spar_id": (old, new)}

    def _decisive_company(self):
        return self.sudo().company_id

    def _decisive_addresses(self):
        return Domain("partner_id", "in", self.ids)

    def _check_may_propose(self):
        self._check_may_change_payment()
        return super()._check_may_propose()

    def _check_proposed(self, changes):
        _old, new = self._ids_before_and_after(changes)
        self._check_spar_ids_free({self.id: new})
        return super()._check_proposed(changes)

    def _paid_types(self):
        """Return the types of the last address and of one that waits, by contact id."""
        self.env["g2p.financial.address"].flush_model(
            ["partner_id", "fa_type", "state", "effective_date"]
        )
        rows = self.env.execute_query(
            SQL(
                """(SELECT DISTINCT ON (partner_id) partner_id, fa_type
                      FROM g2p_financial_address
                     WHERE partner_id = ANY(%(ids)s) AND effective_date IS NOT NULL
                     ORDER BY partner_id, effective_date DESC, id DESC)
                   UNION
                   SELECT partner_id, fa_type FROM g2p_financial_address
                    WHERE partner_id = ANY(%(ids)s) AND state = 'to_approve'""",
                ids=self.ids,
            )
        )
        types = {}
        for id_, fa_type in rows:
            types.setdefault(id_, set()).add(fa_type)
        return types
