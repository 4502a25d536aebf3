from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import CHANNELS, FA_TYPES

#: What happens to shared addresses, from the mildest to the strictest.
STRICTNESS = ("allow", "warn", "approve", "refuse")


class G2pFaPolicy(models.Model):
    """What is checked by a second person: one row per type, one tick per channel."""

    _name = "g2p.fa.policy"
    _description = "Approval policy"
    _inherit = ["g2p.fa.audited", "g2p.fa.decisive"]
    _order = "id"
    _rec_name = "fa_type"

    fa_type = fields.Selection(
        FA_TYPES, string="Address type", required=True, readonly=True
    )
    approve_admin = fields.Boolean("Admin form", tracking=True)
    approve_portal = fields.Boolean("Registration portal", tracking=True)
    approve_odk = fields.Boolean("ODK", tracking=True)
    approve_api = fields.Boolean("Self-service API", tracking=True)
    approve_import = fields.Boolean("File import", tracking=True)
    shared = fields.Selection(
        [
            ("allow", "Allow"),
            ("warn", "Allow, and list it for review"),
            ("approve", "A second person approves"),
            ("refuse", "Refuse"),
        ],
        string="Used by several registrants",
        required=True,
        default="warn",
        tracking=True,
        help="What happens when an account or wallet is already used by another "
        "registrant.",
    )
    confirm_months = fields.Integer(
        "Confirm after (months)",
        tracking=True,
        help="An address that was not confirmed for as many months is to be confirmed: "
        "operators give unused numbers to others. Payments go on. 0 never asks.",
    )
    _confirm_months_not_negative = models.Constraint(
        "CHECK(confirm_months >= 0)", "The number of months cannot be negative."
    )

    _fa_type_unique = models.Constraint(
        "UNIQUE(fa_type)", "There is one row per type of address."
    )

    @api.model
    @tools.ormcache()
    def _rows(self):
        """Return the policy of each address type, without a query once it is cached."""
        names = [
            "shared",
            "confirm_months",
            *(f"approve_{channel}" for channel, _label in CHANNELS),
        ]
        return {
            row.fa_type: {name: row[name] for name in names}
            for row in self.sudo().search([])
        }

    @api.private
    @api.model
    def asks_approval(self, fa_type, channel):
        """Return whether a second person approves this type in this channel."""
        return self._rows()[fa_type][f"approve_{channel}"]

    @api.model
    def _asks(self, channel):
        """Return whether a second person approves any type in this channel."""
        return any(row[f"approve_{channel}"] for row in self._rows().values())

    @api.model
    def _on_sharing(self, fa_type):
        """Return what happens to an address of this type whose number others use."""
        return self._rows()[fa_type]["shared"]

    @api.model
    def _months(self, fa_type):
        """Return after how many months this type is to be confirmed; 0 for never."""
        return self._rows()[fa_type]["confirm_months"]

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        self.env.registry.clear_cache()
        return policies

    def write(self, vals):
        for policies, values in self._held_back(vals):
            super(G2pFaPolicy, policies).write(values)
        self.env.registry.clear_cache()
        return True

    # === CHANGES OF THE POLICY === #

    @api.model
    def _decisive_names(self):
        return {"shared", *(f"approve_{channel}" for channel, _label in CHANNELS)}

    def _decisive_changes(self, vals):
        """Return the changes that make the policy milder: only those need approval."""
        changes = super()._decisive_changes(vals)
        return {
            name: value
            for name, value in changes.items()
            if self._is_milder(name, value)
        }

    def _is_milder(self, name, value):
        if name == "shared":
            before = STRICTNESS.index(self.shared)
            asks = self.shared in ("approve", "refuse")
            return asks and STRICTNESS.index(value) < before
        return not value

    def _decisive_held(self, changes):
        return {policy: frozenset(new) for policy, new in changes.items()}

    def _decisive_addresses(self):
        return Domain("fa_type", "in", self.mapped("fa_type"))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Each type of address needs its policy. Untick it instead.")
        )
