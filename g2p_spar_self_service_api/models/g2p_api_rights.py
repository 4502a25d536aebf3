from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

from odoo.addons.g2p_spar_financial_address.values import identifiers
from odoo.addons.g2p_spar_financial_address.values.checks import clean_text
from odoo.addons.g2p_spar_financial_address.values.invalid import InvalidValue

#: What a caller may do, by the field that says so.
SCOPES = {
    "may_read": "address:read",
    "may_propose": "address:propose",
    "may_end": "address:end",
    "may_read_directory": "directory:read",
}
PLACEHOLDER = "{id}"


class G2pApiRights(models.AbstractModel):
    """Who is let in, and what they may do, how often, and how they name a person."""

    _name = "g2p.api.rights"
    _description = "Rights in the self-service API"

    state = fields.Selection(
        [("active", "In use"), ("disabled", "Disabled")],
        required=True,
        readonly=True,
        default="active",
        copy=False,
        tracking=True,
    )
    may_read = fields.Boolean(
        "Read addresses",
        default=True,
        tracking=True,
        help="Where somebody is paid, with the number masked (address:read).",
    )
    may_propose = fields.Boolean(
        "Propose addresses",
        tracking=True,
        help="A new payment address. Whether a second person approves it, is set for "
        "the channel (address:propose).",
    )
    may_end = fields.Boolean(
        "End addresses",
        tracking=True,
        help="Have somebody no longer paid (address:end).",
    )
    may_read_directory = fields.Boolean(
        "Read the directory",
        default=True,
        tracking=True,
        help="Providers and their branches (directory:read).",
    )
    rate = fields.Integer(
        "Calls a minute",
        default=600,
        required=True,
        tracking=True,
        help="Of all persons together. More are refused until there is room again.",
    )
    person_rate = fields.Integer(
        "Calls a minute for one person", default=30, required=True, tracking=True
    )
    id_template = fields.Char(
        "SPAR ID is made as",
        required=True,
        tracking=True,
        default=lambda self: self.env["g2p.fa.settings"].cached_values()["id_template"],
        help="How the ID that comes with a call becomes the SPAR ID, with {id} where "
        "it goes, such as token:{id}@nationalId. With {id} alone it is the SPAR ID.",
    )
    proved_by_ids = fields.Many2many(
        "res.users",
        string="Who can prove to be it",
        readonly=True,
        copy=False,
        help="Users who made or set what callers are known by, and so could call in "
        "their name. They do not approve what was proposed in this way.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        # Also what is not said but left to defaults: those are of the user, too.
        prover = {"proved_by_ids": [Command.link(self.env.uid)]}
        return super().create([{**vals, **prover} for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_provers(vals))

    @api.model
    def _with_provers(self, vals):
        """Return values with the user, where they say how callers are known."""
        vals = {name: vals[name] for name in vals if name != "proved_by_ids"}
        if self._proof_fields() & vals.keys():
            vals["proved_by_ids"] = [Command.link(self.env.uid)]
        return vals

    @api.model
    def _proof_fields(self):
        """Return the names of the fields by which callers are known.

        :rtype: set
        """
        return {"id_template"}

    @api.constrains("rate", "person_rate")
    def _check_rates(self):
        if any(one.rate < 1 or one.person_rate < 1 for one in self):
            raise ValidationError(self.env._("At least one call a minute is allowed."))

    @api.constrains("id_template")
    def _check_id_template(self):
        for rights in self:
            template = rights.id_template or ""
            rest = template.replace(PLACEHOLDER, "")
            if template.count(PLACEHOLDER) != 1 or {"{", "}"} & set(rest):
                raise ValidationError(
                    self.env._("The template must contain {id} exactly once.")
                )

    def action_disable(self):
        """Refuse these callers from now on, also with tokens they already have."""
        self.state = "disabled"

    def action_enable(self):
        """Let these callers in again."""
        self.state = "active"

    def _scopes(self):
        """Return what these callers may do, in the words of the API.

        :rtype: frozenset
        """
        self.ensure_one()
        return frozenset(scope for name, scope in SCOPES.items() if self[name])


def make_spar_id(template, text, is_login=False):
    """Return the SPAR ID for an ID that came with a call.

    :param str template: of the caller
    :param str text: the ID
    :param bool is_login: whether an issuer proves that it is that of the caller; one in
        other characters is then another login, however alike they look
    :return: the SPAR ID, or ``False`` where nobody could have it
    """
    normal = identifiers.normal(text)
    if is_login and text.strip(" ") != normal:
        return False
    try:
        text = clean_text(normal, "ID")
    except InvalidValue:
        return False
    return text and template.replace(PLACEHOLDER, text)
