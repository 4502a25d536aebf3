"""The ID under which SPAR keeps a registrant's payment address.

It is one stored column, either typed by hand or made from other fields of the contact,
as the payment settings say. So one index keeps it unique, and all code reads one field.
"""

import math
from collections import defaultdict
from contextlib import suppress

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.misc import split_every

from ..const import EDITOR, VIEWER
from ..toolkit.context_flags import APPROVED, TRUSTED, channel_of, is_marked, trusted
from ..toolkit.normal_char import NormalChar
from ..toolkit.value_checks import checked
from ..values import identifiers
from ..values.checks import clean_id

#: Contacts in memory at once when all of them are processed.
_CHUNK = 2000

#: Registrants among whom an example is looked for.
_LOOKED_AT = 100

#: Names in a message about contacts that would share an ID.
_NAMED = 5


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Two people search for one name with different keyboards.
    name = NormalChar()
    complete_name = NormalChar()
    spar_id = NormalChar(
        string="SPAR ID",
        copy=False,
        groups=VIEWER,
        help="The ID under which SPAR keeps this registrant's payment address. "
        "SPAR compares it letter by letter.",
    )
    spar_id_kept = fields.Char(
        "SPAR ID kept",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups=fields.NO_ACCESS,
        help="What was typed by hand before the IDs were made from other fields.",
    )
    spar_id_typed = fields.Boolean(
        compute="_compute_spar_id_typed",
        groups=VIEWER,
        help="The SPAR ID is typed by hand, not made from other fields.",
    )

    _spar_id_unique = models.UniqueIndex(
        "(spar_id) WHERE spar_id IS NOT NULL",
        "Another registrant already has this SPAR ID. SPAR keeps one payment address "
        "per ID, so two registrants cannot share it.",
    )

    # === COMPUTE METHODS === #

    def _compute_spar_id_typed(self):
        self.spar_id_typed = not self._spar_id_rule().sources

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # Default values are not in the values that are checked.
        by_default = "default_spar_id" in self.env.context or "spar_id" in self.env[
            "ir.default"
        ]._get_model_defaults(self._name)
        if by_default:
            vals_list = [{**self.default_get(["spar_id"]), **v} for v in vals_list]
        vals_list = [self._clean_spar_id(vals) for vals in vals_list]
        typed = by_default or any(vals.get("spar_id") for vals in vals_list)
        if typed:
            self._check_may_change_payment()
            self._check_spar_id_typed(self._spar_id_locked_rule())
            self._check_spar_ids_unused(vals_list)
        partners = super().create(vals_list)
        if self._spar_id_rule().sources:
            registrants = partners.filtered(lambda one: one._spar_is_registrant())
            if registrants and (changed := registrants._spar_id_make_first()):
                self._check_may_change_payment()
                # Others who have the same ID.
                if others := changed - partners:
                    others._financial_address_changed("admin")
        return partners

    def write(self, vals):
        touched = self._financial_address_triggers() & vals.keys()
        if not touched:
            return super().write(vals)
        vals = self._clean_spar_id(vals)
        sources = touched.intersection(self._spar_id_rule().sources)
        changed = self._differing(vals, touched - sources)
        # Every user may edit these fields of contacts that are not registrants.
        remade = self._differing(vals, sources).filtered(
            lambda partner: partner._spar_is_registrant()
        )
        if not changed | remade:
            return super().write(vals)
        self._check_may_change_payment()
        rule = self._spar_id_locked_rule()
        if self._differing(vals, {"spar_id"} & touched) and not is_marked(
            self, APPROVED
        ):
            self._check_spar_id_typed(rule)
        if vals.get("spar_id"):
            # Before it is written: the database would refuse it with the whole row.
            self._check_spar_ids_free(dict.fromkeys(self.ids, vals["spar_id"]))
        is_approved = "spar_id" in vals and is_marked(self, APPROVED)
        people = changed | remade
        waiting = {} if is_approved else people._spar_id_waiting(rule)
        if self._spar_id_holds():
            # It is made anew below, unless another one has the same by now.
            vals = {name: vals[name] for name in vals if name != "spar_id"}
        result = super().write(vals)
        if rule.sources:
            changed |= people._spar_id_remake(waiting)
        if changed:
            changed._financial_address_changed("admin")
        return result

    def _load_records(self, data_list, update=False):
        """Refuse rows of a file in which an ID is a number a spreadsheet has changed.

        Also for contacts that are no registrants: they may become registrants later.
        """
        names = self._spar_id_rule().sources
        for data in data_list if self.env.context.get("import_file") else ():
            for name in names:
                text = data["values"].get(name)
                if not self._spar_id_is_missing(text):
                    label = self._fields[name]._description_string(self.env)
                    self._spar_id_cleaned(text, label)
        return super()._load_records(data_list, update)

    def copy_data(self, default=None):
        """A copy is another person: what the ID is made of is not copied."""
        vals_list = super().copy_data(default)
        sources = set(self._spar_id_rule().sources) - set(default or {})
        for partner, vals in zip(self, vals_list, strict=True):
            if partner._spar_is_registrant():
                for name in sources & vals.keys():
                    del vals[name]
        return vals_list

    def _differing(self, vals, names):
        """Return the contacts for which ``vals`` changes one of these fields."""
        return self.filtered(
            lambda partner: any(
                (partner.sudo()[name] or False) != (vals[name] or False)
                for name in names
            )
        )

    def _check_may_change_payment(self):
        """Refuse users who may edit contacts but not payment addresses.

        Giving one registrant's ID to another redirects payments like a new account
        number does. Also checked with ``sudo()``, because Odoo's own pages write
        contacts as superuser for any portal user.

        :raise AccessError: for users who are not editors of payment addresses
        """
        if is_marked(self, TRUSTED) or is_marked(self, APPROVED):
            return
        if not self.env.user.has_group(EDITOR):
            raise AccessError(
                self.env._(
                    "Only an editor of payment addresses may change who is a "
                    "registrant, under which SPAR ID and in which company."
                )
            )
        self._check_own_companies()

    def _check_own_companies(self):
        """Refuse users who are not allowed in the companies of these registrants.

        Odoo shows and gives contacts to users of a branch of their company, and those
        who are users to everybody. Their payment addresses it does not.

        :raise AccessError: naming one company
        """
        strange = (self - self._of_own_companies()).sudo().company_id
        if strange:
            raise AccessError(
                self.env._(
                    "The registrant is of %(company)s, a company in which you are not "
                    "allowed.",
                    company=strange[0].name,
                )
            )

    def _of_own_companies(self):
        """Return the registrants whose companies the user is allowed in.

        Odoo shows contacts to users of a branch of their company; where the state of
        their payment is read without the records' own rules, this is asked first.
        """
        if self.env.user._is_superuser():
            return self
        own = self.env.user.sudo().company_ids
        return self.filtered(lambda partner: partner.sudo().company_id <= own)

    def _check_spar_id_typed(self, rule):
        """Refuse an ID typed by hand where it is made from other fields.

        :raise UserError: naming those fields
        """
        if rule.sources:
            labels = map(self._spar_id_label, rule.sources)
            raise UserError(
                self.env._(
                    "The SPAR ID is not typed by hand: it is made from %(fields)s. "
                    "Change that instead.",
                    fields=", ".join(labels),
                )
            )

    def _clean_spar_id(self, vals):
        if "spar_id" not in vals:
            return vals
        typed = vals["spar_id"] or False
        if self and all((one.sudo().spar_id or False) == typed for one in self):
            # SPAR may hold it: no save of something else rewrites it.
            return vals
        return {**vals, "spar_id": self._spar_id_cleaned(typed) or False}

    @api.model
    def _spar_id_cleaned(self, text, label=None):
        """Return an ID in its one normal form, the same for every channel.

        :param str text: what was typed or collected, or a falsy value
        :param str label: what the person who typed it calls it
        :raise ValidationError: for control characters, for numbers that a spreadsheet
            has changed, and for what people write where there is no ID
        """
        label = label or self.env._("SPAR ID")
        return checked(self.env, clean_id, text, label, self._spar_id_placeholders())

    @api.model
    def _spar_id_placeholders(self):
        return self.env["g2p.fa.settings"]._placeholders()

    @api.model
    def _spar_id_is_missing(self, text):
        """Return whether this says that there is no ID: nothing, or such as ``N/A``."""
        text = identifiers.normal(str(text or "")).casefold()
        return not text or text in self._spar_id_placeholders()

    # === WHAT THE SUITE READS OF A REGISTRANT === #

    def _spar_get_id(self):
        """Return the beneficiary ID at SPAR, or ``False`` while there is none."""
        self.ensure_one()
        return self.sudo().spar_id

    def _spar_id_value(self, sources):
        """Return the ID this contact has in the registry, or a falsy value.

        :param tuple sources: where to look, in this order
        :rtype: str
        """
        self.ensure_one()
        values = map(self._spar_id_read, sources)
        return next((v for v in values if not self._spar_id_is_missing(v)), False)

    @api.model
    def _spar_id_label(self, source):
        """Return what people call a source of IDs."""
        if source in self._spar_id_sources():
            return self._spar_id_sources()[source]
        return self._fields[source]._description_string(self.env)

    @api.model
    def _financial_address_triggers(self):
        rule = self._spar_id_rule()
        return super()._financial_address_triggers() | {"spar_id", *rule.sources}

    # === MAKING THE SPAR ID FROM OTHER FIELDS === #

    def _spar_id_refresh(self):
        """Update the SPAR IDs of these contacts, and call the SPAR engine's hook.

        It does nothing if SPAR IDs are typed by hand. Changes that need approval by the
        policy wait for a second person.

        :return: the contacts whose SPAR ID has changed
        :raise AccessError: for a user who is no editor of payment addresses
        :raise ValidationError: when two contacts would share an ID
        """
        if not self._spar_id_rule().sources:
            return self.browse()
        plan = self._spar_id_plan(self._spar_id_locked_rule())
        changed = self.browse()
        for part in self._spar_id_in_turn(plan):
            changed |= self._spar_id_apply(self._spar_id_at_once(part))
        if changed:
            changed._financial_address_changed("admin")
        return changed

    @api.model
    def _spar_id_in_turn(self, plan):
        """Yield the parts of a plan: an ID is given up before another one takes it.

        As when a row moves: the trail of the first is there when the other is judged.

        :param dict plan: the new ID, or ``False`` for none, by contact id
        """
        normal, plan = identifiers.normal, dict(plan)
        people = self.sudo().browse(plan)
        held = {normal(one.spar_id): one.id for one in people if one.spar_id}
        while plan:
            owners = {id_: held.get(normal(new)) for id_, new in plan.items()}
            free = [i for i, owner in owners.items() if owner == i or owner not in plan]
            # Those in a circle exchange theirs at once.
            part = {id_: plan.pop(id_) for id_ in free or [*plan]}
            yield part

    def _spar_id_at_once(self, plan):
        """Return what of a plan takes effect at once; the rest waits by the policy.

        :param dict plan: the new ID, or ``False`` for none, by contact id
        :raise AccessError: for a user who is no editor of payment addresses
        """
        people = self.browse(plan)
        if people:
            people._check_may_change_payment()
        people = trusted(people, channel_of(self))
        wanted = {person: {"spar_id": plan[person.id]} for person in people}
        held = self.env["g2p.fa.proposal"]._hold_back(wanted, one_each=True)
        late = {person.id for person in held}
        return {id_: plan[id_] for id_ in plan if id_ not in late}

    @api.model
    def _spar_id_rule(self):
        return self.env["g2p.fa.settings"]._id_rule()

    @api.model
    def _spar_id_columns(self):
        """Return the columns that make the ID, or the one in which it is typed."""
        sources = self._spar_id_rule().sources or ("spar_id",)
        return tuple(name for name in sources if name in self._fields)

    @api.model
    def _spar_id_locked_rule(self):
        return self.env["g2p.fa.settings"].sudo()._lock_id_rule_shared()

    @api.model
    def _spar_id_has_rows(self, rule):
        """Return whether IDs are also made of what no write of a contact changes."""
        return any(
            name not in self._fields or self._spar_id_rows(name)
            for name in rule.sources
        )

    def _spar_id_waiting(self, rule):
        """Return the IDs that these contacts should have by their rows and do not have.

        They wait for a second person, or were refused.

        :return: as :meth:`_spar_id_plan`
        """
        waiting = {}
        for partner in self if self._spar_id_has_rows(rule) else ():
            # Of what cannot be an ID, none was made.
            with suppress(ValidationError):
                waiting.update(partner._spar_id_plan(rule))
        return waiting

    def _spar_id_remake(self, waiting=()):
        """Store the SPAR IDs of these contacts anew; return those that changed.

        :param dict waiting: those that waited before what is done now, by contact id;
            they still wait
        """
        plan = self._spar_id_plan(self._spar_id_locked_rule())
        for id_ in plan.keys() & set(waiting):
            if plan[id_] == waiting[id_]:
                del plan[id_]
        return self._spar_id_apply(plan)

    def _spar_id_make_first(self):
        """Store the SPAR IDs of new contacts; return the contacts that have one.

        A column was written, and is judged as such; what is in rows is judged here.
        """
        rule = self._spar_id_locked_rule()
        plan = self._spar_id_plan(rule)
        if plan and self._spar_id_has_rows(rule) and not is_marked(self, APPROVED):
            plan = self._spar_id_at_once(plan)
        return self._spar_id_apply(plan)

    def _spar_id_plan(self, rule):
        """Return the SPAR IDs these contacts should have and do not have yet.

        :param IdRule rule: how they are made
        :return: the new SPAR ID, or ``False`` for none, by contact id
        :rtype: dict
        """
        plan = {}
        if rule.sources:
            for partner in self.sudo():
                spar_id = partner._spar_id_made(rule)
                if spar_id != (partner.spar_id or partner.spar_id_shared):
                    plan[partner.id] = spar_id
        else:
            for partner in self.sudo():
                spar_id = partner.spar_id_kept or partner.spar_id
                if spar_id != partner.spar_id or partner.spar_id_shared:
                    plan[partner.id] = spar_id
        return plan

    @api.model
    def _spar_id_keep_typed(self):
        """Keep the IDs typed by hand: from now on they are made from other fields."""
        self.flush_model(["spar_id", "spar_id_kept"])
        self.env.cr.execute(
            "UPDATE res_partner SET spar_id_kept = spar_id WHERE spar_id IS NOT NULL"
        )
        self.invalidate_model(["spar_id_kept"])

    @api.model
    def _spar_id_forget_typed(self):
        """Forget the IDs that were kept: they are typed by hand again."""
        self.flush_model(["spar_id_kept"])
        self.env.cr.execute(
            "UPDATE res_partner SET spar_id_kept = NULL WHERE spar_id_kept IS NOT NULL"
        )
        self.invalidate_model(["spar_id_kept"])

    @api.model
    def _spar_ids_kept(self, texts):
        """Return the contacts for whom one of these IDs is kept, by ID."""
        wanted = {text: identifiers.spellings(text) for text in texts}
        spellings = sorted(set().union(*wanted.values()))
        if not spellings or not self._spar_id_rule().sources:
            return {}
        kept = self.search_fetch([("spar_id_kept", "in", spellings)], ["spar_id_kept"])
        found = {
            text: kept.filtered(lambda one, forms=forms: one.spar_id_kept in forms)
            for text, forms in wanted.items()
        }
        return {text: owners for text, owners in found.items() if owners}

    @api.model
    def _spar_id_plan_all(self, rule):
        """Return :meth:`_spar_id_plan` of all registrants, also archived ones."""
        everybody = self.sudo().with_context(active_test=False)
        registrants = everybody.search(self._spar_domain(), order="id")
        plan = {}
        for ids in split_every(_CHUNK, registrants.ids):
            chunk = everybody.browse(ids)
            plan.update(chunk._spar_id_plan(rule))
            chunk.invalidate_recordset()
        return plan

    def _spar_id_made(self, rule):
        """Return the SPAR ID of this contact by the rule, or ``False`` for none."""
        self.ensure_one()
        return self._spar_is_registrant() and self._spar_id_written(rule)

    def _spar_id_written(self, rule):
        """Return the contact's ID as SPAR gets it, or ``False`` for none."""
        self.ensure_one()
        value = self._spar_id_value(rule.sources)
        held = self.spar_id or self.spar_id_shared
        if held and identifiers.normal(
            self._spar_id_in(rule, value)
        ) == identifiers.normal(held):
            # SPAR may hold it in odd characters: only people rewrite it.
            return held
        if self._spar_id_is_missing(value):
            return False
        try:
            text = self._spar_id_cleaned(value, self.env._("The ID"))
        except ValidationError as error:
            raise ValidationError(
                self.env._(
                    "%(name)s: %(reason)s", name=self.display_name, reason=error.args[0]
                )
            ) from None
        return self._spar_id_in(rule, text)

    @api.model
    def _spar_id_in(self, rule, text):
        text = (text or "").strip()
        return rule.template.replace("{id}", text) if text else False

    @api.model
    def _spar_id_example(self, rule):
        """Return what a registrant's SPAR ID looks like under this rule.

        :param IdRule rule: how it is made
        :rtype: str
        """
        some = self.sudo().search(self._spar_domain(), order="id", limit=_LOOKED_AT)
        made = ((one, one._spar_id_made(rule)) for one in some)
        if not rule.sources:
            made = ((one, one.spar_id) for one in some)
        for registrant, spar_id in made:
            if spar_id:
                return f"{registrant.display_name}: {spar_id}"
        return rule.template.replace("{id}", "8871")

    def _spar_id_apply(self, plan):
        """Store these SPAR IDs, and divide those that these contacts share anew.

        By SQL: it stores thousands at once, and one contact can get the ID that another
        one gives up.

        :param dict plan: the new SPAR ID, or ``False`` for none, by contact id
        :return: the contacts whose SPAR ID has changed
        :raise ValidationError: when two contacts would share an ID, unless both are
            put on hold
        """
        holds = self._spar_id_holds()
        if not plan and not (holds and any(self.sudo().mapped("spar_id_shared"))):
            return self.browse()
        names = ["spar_id", "spar_id_shared", "spar_id_likeness"]
        names += ["write_date", "write_uid"]
        self.flush_model(names)
        if holds:
            new = self._spar_id_divide(plan)
        else:
            self._check_spar_ids_free(plan)
            new = {id_: (spar_id, False) for id_, spar_id in plan.items()}
        partners, ids = self.browse(new), list(new)
        self.env.cr.execute(
            "UPDATE res_partner SET spar_id = NULL"
            " WHERE id = ANY(%s) AND spar_id IS NOT NULL",
            [ids],
        )
        self.env.cr.execute(
            """UPDATE res_partner AS p
                  SET spar_id = new.spar_id, spar_id_shared = new.shared,
                      spar_id_likeness = new.likeness, write_uid = %s,
                      write_date = now() AT TIME ZONE 'UTC'
                 FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[])
                      AS new(id, spar_id, shared, likeness)
                WHERE p.id = new.id""",
            [
                self.env.uid,
                ids,
                [spar_id or None for spar_id, _shared in new.values()],
                [shared or None for _spar_id, shared in new.values()],
                [identifiers.likeness(spar_id) or None for spar_id, _ in new.values()],
            ],
        )
        partners.invalidate_recordset(names, flush=False)
        partners.modified(["spar_id"])
        return partners

    @api.model
    def _check_spar_ids_unused(self, vals_list):
        """Refuse new contacts with a SPAR ID that a contact has, or two of them.

        Before they are stored: the database would refuse them with the whole row.

        :raise ValidationError: naming those contacts
        """
        plan = {
            self.new({"name": vals.get("name")}).id: vals["spar_id"]
            for vals in vals_list
            if vals.get("spar_id")
        }
        if plan:
            self._check_spar_ids_free(plan)

    @api.model
    def _check_spar_ids_free(self, plan):
        """Refuse a plan after which two contacts would have the same SPAR ID.

        Also in characters that look the same: SPAR would keep both. Not where those who
        share one are put on hold.
        """
        if self._spar_id_holds():
            return
        owners = defaultdict(list)
        for id_, spar_id in plan.items():
            if spar_id:
                owners[identifiers.normal(spar_id)].append(id_)
        self.flush_model(["spar_id", "spar_id_likeness"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id, spar_id FROM res_partner WHERE spar_id_likeness = ANY(%s)",
                list({identifiers.likeness(spar_id) for spar_id in owners}),
            )
        )
        for id_, spar_id in rows:
            if id_ not in plan and identifiers.normal(spar_id) in owners:
                owners[identifiers.normal(spar_id)].append(id_)
        # Those that are stored first: new ones have no number.
        shared = {
            key: sorted(ids, key=lambda id_: id_ or math.inf)
            for key, ids in owners.items()
            if len(ids) > 1
        }
        if shared:
            lines = [
                f"- {self.browse(ids)._spar_id_names()}: {spar_id}"
                for spar_id, ids in list(shared.items())[:_NAMED]
            ]
            if len(shared) > _NAMED:
                lines.append(self.env._("- and %s more IDs", len(shared) - _NAMED))
            raise ValidationError(
                self.env._(
                    "SPAR keeps one payment address per ID, but these would share "
                    "one. Nothing was changed.\n%(lines)s",
                    lines="\n".join(lines),
                )
            )

    def _spar_id_names(self):
        """Return the names of these contacts, as far as the user may know them."""
        # Of the user, also where the system acts for them, as it does on the portal.
        stored = self.browse(self.ids).sudo(False)
        known = stored._filtered_access("read") | (self - stored)
        names = [partner.display_name for partner in known[:_NAMED]]
        if hidden := len(self) - len(names):
            names.append(self.env._("%s more", hidden))
        return ", ".join(names)
