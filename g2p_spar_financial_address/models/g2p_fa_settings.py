from collections import namedtuple

from odoo import api, fields, models, tools
from odoo.exceptions import LockError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, frozendict

from ..const import CHANNELS
from ..toolkit.context_flags import APPROVED, is_marked, trusted, unmarked
from ..toolkit.value_checks import checked
from ..values import identifiers
from ..values.checks import clean_text

#: The value of the source for IDs that are typed by hand.
TYPED = "spar_id"

_PLACEHOLDER = "{id}"

#: How a SPAR ID is made: the fields of a contact to look at, in order (none when it is
#: typed by hand), and the template to put the first value found in.
IdRule = namedtuple("IdRule", "sources template")


class G2pFaSettings(models.Model):
    """The settings of payment addresses: one record, kept by administrators.

    A model of its own, because some registries let every user write
    ``ir.config_parameter``, and these settings decide where money goes. Code reads
    them with :meth:`_values`, which costs no query.
    """

    _name = "g2p.fa.settings"
    _description = "Payment settings"
    _inherit = ["g2p.fa.audited", "g2p.fa.decisive"]
    id_source = fields.Char(
        tracking=True,
        string="SPAR ID comes from",
        required=True,
        default=TYPED,
        help="The contact's fields that hold the ID, in order, with commas between: "
        "the first one that is not empty counts. 'spar_id' alone means that the SPAR "
        "ID is typed by hand.",
    )
    id_more_sources = fields.Char(
        string="Also possible",
        compute="_compute_id_more_sources",
        help="Sources of IDs that are no fields of a contact.",
    )
    id_template = fields.Char(
        tracking=True,
        string="SPAR ID is written as",
        required=True,
        default=_PLACEHOLDER,
        help="What SPAR gets, with {id} where the ID goes, such as "
        "token:{id}@nationalId. An ID typed by hand is sent as it is: {id}.",
    )
    id_example = fields.Char(string="Example", compute="_compute_id_example")
    shared_ids = fields.Selection(
        [
            ("refuse", "Refuse it"),
            ("hold", "Put both on hold and list them"),
        ],
        string="Two registrants with one ID",
        tracking=True,
        required=True,
        default="refuse",
        help="SPAR keeps one payment address per ID. An ID typed by hand is refused in "
        "any case.",
    )
    relink_count = fields.Integer(compute="_compute_relink_count")
    confirm_relink = fields.Boolean(
        string="Yes, change these IDs",
        store=False,
        help="Confirms that registrants get another SPAR ID.",
    )
    placeholder_ids = fields.Char(
        tracking=True,
        string="Not an ID",
        default="0, 00, 000, -, --, n/a, na, none, null, nil, unknown, aucun, néant",
        help="What people write where there is no ID, with commas between. No channel "
        "takes it as an ID: all who have none would be one registrant.",
    )
    send_name = fields.Boolean(
        tracking=True,
        string="Send the registrant's name",
        help="SPAR needs only the ID and the payment address.",
    )
    send_phone = fields.Boolean(
        tracking=True,
        string="Send the contact phone",
        help="SPAR needs only the ID and the payment address.",
    )
    retention_days = fields.Integer(
        tracking=True,
        string="Erase ended addresses after (days)",
        help="Numbers and e-mails of addresses no longer in use are erased after this "
        "many days; the masked history stays. 0 keeps them.",
    )
    _singleton = models.UniqueIndex(
        "((id IS NOT NULL))", "There is only one set of payment settings."
    )
    _retention_not_negative = models.Constraint(
        "CHECK(retention_days >= 0)", "The number of days cannot be negative."
    )
    burst_limit = fields.Integer(
        "Changes by one person in an hour",
        default=50,
        tracking=True,
        help="Above this, an approver is asked to look. 0 never asks.",
    )
    _burst_limit_not_negative = models.Constraint(
        "CHECK(burst_limit >= 0)", "The number of changes cannot be negative."
    )

    mandate_days = fields.Integer(
        "To-do before a mandate ends (days)",
        default=30,
        tracking=True,
        help="So many days before the mandate of a payee ends, an editor gets a to-do. "
        "When it has ended, the address is ended. 0 gives the to-do at the end only.",
    )
    _mandate_days_not_negative = models.Constraint(
        "CHECK(mandate_days >= 0)", "The number of days cannot be negative."
    )

    # === COMPUTE METHODS === #

    def _compute_display_name(self):
        for settings in self:
            settings.display_name = self.env._("Payment settings")

    def _compute_id_more_sources(self):
        more = self.env["res.partner"]._spar_id_sources()
        texts = [f"{name} ({label})" for name, label in sorted(more.items())]
        self.id_more_sources = ", ".join(texts)

    @api.depends("id_source", "id_template")
    def _compute_id_example(self):
        for settings in self:
            rule = settings._rule()
            broken = settings._id_rule_problem()
            settings.id_example = broken or self.env["res.partner"]._spar_id_example(
                rule
            )

    @api.depends("id_source", "id_template")
    def _compute_relink_count(self):
        """Count the registrants the values typed in the form would re-link."""
        for settings in self:
            stored = settings._origin
            plan = {}
            if settings._rule() != stored._rule() and not settings._id_rule_problem():
                plan = self.env["res.partner"]._spar_id_plan_all(settings._rule())
            settings.relink_count = len(plan)

    # === CONSTRAINTS === #

    @api.constrains("id_source", "id_template")
    def _check_id_rule(self):
        for settings in self:
            if problem := settings._id_rule_problem():
                raise ValidationError(problem)

    @api.constrains("shared_ids")
    def _check_shared_ids(self):
        for settings in self:
            if settings.shared_ids == "refuse":
                self.env["res.partner"]._check_no_shared_ids()

    def _id_rule_problem(self):
        """Return what is wrong with the source and the template, or ``None``."""
        self.ensure_one()
        names = self._source_names()
        if not names:
            return self.env._("Name the field the SPAR ID comes from.")
        if TYPED in names:
            if len(names) > 1:
                return self.env._(
                    "“spar_id” means typed by hand, so it stands alone. Remove it, or "
                    "remove the other fields."
                )
            if self.id_template != _PLACEHOLDER:
                return self.env._(
                    "An ID typed by hand is sent exactly as it is typed. Write {id} as "
                    "the template, or choose a field the ID comes from."
                )
        if len(set(names)) < len(names):
            return self.env._("The same field is named twice.")
        for name in names:
            if problem := self._source_problem(name):
                return problem
        return self._template_problem()

    def _source_problem(self, name):
        """Return why the ID cannot come from here, or ``None``."""
        if name in self.env["res.partner"]._spar_id_sources():
            return None
        field = self.env["res.partner"]._fields.get(name)
        if field is None:
            return self.env._("Contacts have no field “%s”.", name)
        usable = field.type == "char" and field.store
        if not usable or field.translate or field.company_dependent:
            return self.env._(
                "The field “%s” cannot hold an ID: it must be a stored text of one "
                "line, the same in every language and company.",
                name,
            )
        if name in self._fields_of_portal_users():
            return self.env._(
                "The field “%s” cannot hold an ID: people write it themselves on the "
                "portal, and could take the ID of another person.",
                name,
            )
        if field.compute:
            # Its recomputation calls no method in which the ID could be updated.
            return self.env._(
                "The field “%s” is filled in by the system from other fields. Choose "
                "one that is entered.",
                name,
            )
        return None

    @api.model
    def _fields_of_portal_users(self):
        """Return the fields of a contact that people can write in their own record.

        On their own page, as users, by signing up, and in forms of the website.

        :rtype: set
        """
        partners = self.env["res.partner"]
        names = set(self.env["res.users"].SELF_WRITEABLE_FIELDS) | {"login"}
        if hasattr(partners, "_get_frontend_writable_fields"):
            names |= set(partners._get_frontend_writable_fields())
        Field = self.env["ir.model.fields"].sudo()
        if "website_form_blacklisted" in Field._fields:
            open_ones = Field.search(
                [
                    ("model", "=", "res.partner"),
                    ("website_form_blacklisted", "=", False),
                ]
            )
            names |= set(open_ones.mapped("name"))
        return names

    def _template_problem(self):
        template = self.id_template or ""
        if template.count(_PLACEHOLDER) != 1:
            return self.env._("The template must contain {id} exactly once.")
        if {"{", "}"} & set(template.replace(_PLACEHOLDER, "")):
            return self.env._("The template may contain no other braces than {id}.")
        label = self._fields["id_template"]._description_string(self.env)
        try:
            if checked(self.env, clean_text, template, label) != template:
                return self.env._("The template begins or ends with a blank.")
        except ValidationError as error:
            return error.args[0]
        return None

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        settings = super().create(vals_list)
        self.env.registry.clear_cache()
        return settings

    def write(self, vals):
        self.check_access("write")
        confirmed = vals.get("confirm_relink")
        vals = {name: vals[name] for name in vals if name != "confirm_relink"}
        if not {"id_source", "id_template"} & vals.keys():
            for settings, values in self._held_back(vals):
                super(G2pFaSettings, settings).write(values)
            self.env.registry.clear_cache()
            return True
        before = self._rule()
        self._lock_id_rule_exclusive()
        Partner = self.env["res.partner"]
        wanted = self._decisive_draft(vals)
        plan, waiting = wanted._plan_of_rule(before)
        if plan and not confirmed and not is_marked(self, APPROVED):
            raise UserError(
                self.env._(
                    "%s registrants would get another SPAR ID. Those with a payment "
                    "address would be removed from SPAR under the old ID and added "
                    "under the new one. Tick the box to confirm.",
                    len(plan),
                )
            )
        if not (wanted.shared_ids == "hold" and wanted._rule().sources):
            Partner._check_spar_ids_free(plan)
        parts = [(self, vals)]
        if plan or "placeholder_ids" in vals:
            parts = self._held_back(vals, people_count=len(plan))
        for settings, values in parts:
            super(G2pFaSettings, settings).write(values)
        self.env.registry.clear_cache()
        if self._rule() != before:
            if not before.sources:
                Partner._spar_id_keep_typed()
            else:
                self.env["g2p.fa.proposal"]._note_new_rule(self, plan)
            changed = Partner._spar_id_apply(plan)
            if not self._rule().sources:
                Partner._spar_id_forget_typed()
            if changed:
                changed._financial_address_changed("admin")
            # The rule was approved, not what waits.
            late = unmarked(Partner.sudo().browse(waiting), APPROVED)
            trusted(late, "admin")._spar_changed()
        return True

    def _plan_of_rule(self, before):
        """Return the new IDs under this rule, and those that wait for a second person.

        :param IdRule before: the rule in force
        :return: the new SPAR ID, or ``False`` for none, by contact id, twice
        :rtype: tuple[dict, dict]
        """
        Partner, rule = self.env["res.partner"], self._rule()
        if rule == before or self._id_rule_problem():
            return {}, {}
        plan, waiting = Partner._spar_id_plan_all(rule), {}
        if rule.sources and Partner._spar_id_has_rows(before):
            # What waits, or was refused, is not approved with the rule.
            waiting = Partner._spar_id_plan_all(before)
        return {id_: plan[id_] for id_ in plan if id_ not in waiting}, waiting

    # === HOW EVERY ID IS MADE === #

    @api.model
    def _decisive_names(self):
        return {"id_source", "id_template", "placeholder_ids", "burst_limit"}

    def _decisive_changes(self, vals):
        """Return the changes; of the limit of the watch, those that make it milder."""
        changes = super()._decisive_changes(vals)
        if "burst_limit" in changes:
            before, after = self.burst_limit, int(changes["burst_limit"])
            if not before or 0 < after <= before:
                del changes["burst_limit"]
        return changes

    def _decisive_held(self, changes):
        """Return what waits: the watch under any policy, as it watches this user, too.

        :param dict changes: new values by name, by record
        """
        asks = self.env["g2p.fa.policy"]._asks
        asked = any(asks(channel) for channel, _label in CHANNELS)
        return {
            settings: frozenset(new if asked else new.keys() & {"burst_limit"})
            for settings, new in changes.items()
        }

    def _decisive_addresses(self):
        return Domain.TRUE

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The payment settings cannot be deleted."))

    # === BUSINESS METHODS === #

    @api.private
    @api.model
    def current(self):
        """Return the record of the settings, with all rights on it."""
        return self.sudo().browse(self._get_id())

    @api.private
    @api.model
    @tools.ormcache()
    def cached_values(self):
        """Return all settings by name, without a query once they are in memory.

        Settings that other addons add to this model are among them, secrets are not.

        :rtype: frozendict
        """
        return self._read_values()

    @api.model
    def _read_values(self):
        """Return the settings as this transaction sees them, without a cache."""
        # Without a record, while the addon is being installed, the defaults.
        settings = self.current() or self.sudo().new()
        return frozendict(
            {
                name: field.convert_to_read(settings[name], settings, False)
                for name, field in self._fields.items()
                if field.store
                and field.type not in ("one2many", "many2many")
                and name not in models.MAGIC_COLUMNS
                and field.groups != fields.NO_ACCESS
            }
        )

    @api.model
    @tools.ormcache()
    def _id_rule(self):
        """Return how SPAR IDs are made, without a query once it is in memory.

        :rtype: IdRule
        """
        values = self.cached_values()
        return self._as_rule(values["id_source"], values["id_template"])

    @api.model
    @tools.ormcache()
    def _placeholders(self):
        """Return what is not taken as an ID, without a query once it is in memory.

        :rtype: frozenset
        """
        return identifiers.placeholders(self.cached_values()["placeholder_ids"])

    @api.model
    @tools.ormcache()
    def _templates(self):
        """Return the templates by which SPAR IDs are written, or were before.

        :rtype: frozenset
        """
        lines = self.env["g2p.fa.proposal.line"].sudo()
        lines = lines.search(
            [
                ("res_model", "=", self._name),
                ("field_name", "=", "id_template"),
                ("withdrawn", "=", False),
                ("proposal_id.state", "in", ("approved", "at_once")),
            ]
        )
        former = {text for text in lines.mapped("before") if text}
        return frozenset({self._id_rule().template, *former})

    @api.model
    def _spellings(self, spar_id):
        """Return how this SPAR ID is written by each of the templates.

        :rtype: set
        """
        ends = [template.split(_PLACEHOLDER) for template in self._templates()]
        bare = {
            spar_id[len(begin) : len(spar_id) - len(end)]
            for begin, end in ends
            if spar_id.startswith(begin) and spar_id.endswith(end)
        }
        return {spar_id} | {f"{a}{text}{z}" for a, z in ends for text in bare if text}

    @api.model
    def _lock_id_rule_shared(self):
        """Return how SPAR IDs are made, and lock that rule until the transaction ends.

        For code that stores SPAR IDs: a change of the rule at the same time would miss
        these registrants. The lock is shared, so such transactions do not wait for each
        other; a change of the rule fails while one of them is open.

        :rtype: IdRule
        """
        self.flush_model(["id_source", "id_template"])
        rows = self.env.execute_query(
            SQL("SELECT id_source, id_template FROM g2p_fa_settings FOR SHARE")
        )
        return self._as_rule(*rows[0]) if rows else self._id_rule()

    def _lock_id_rule_exclusive(self):
        """Keep other transactions from storing SPAR IDs until this one ends.

        :raise UserError: when another transaction is storing one
        """
        try:
            self.lock_for_update()
        except LockError:
            raise UserError(
                self.env._(
                    "Registrants are being saved or imported right now. Try again in "
                    "a moment."
                )
            ) from None

    @api.model
    @tools.ormcache()
    def _get_id(self):
        return self.sudo().search([], limit=1).id

    def _rule(self):
        return self._as_rule(self.id_source, self.id_template)

    @api.model
    def _as_rule(self, id_source, id_template):
        names = self._split(id_source)
        return IdRule(() if names == (TYPED,) else names, id_template)

    def _source_names(self):
        return self._split(self.id_source)

    @api.model
    def _split(self, id_source):
        names = (name.strip() for name in (id_source or "").split(","))
        return tuple(name for name in names if name)
