from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import BANK_ACCOUNT, LIVE_STATES


class G2pDfsp(models.Model):
    """Banks that cannot pay an account without its branch."""

    _inherit = "g2p.dfsp"

    branch_required = fields.Boolean(
        "Needs a branch",
        help="An account at this bank is entered with its branch only, in every "
        "channel.",
    )

    @api.onchange("fa_type")
    def _onchange_fa_type_branch(self):
        if self.fa_type != BANK_ACCOUNT:
            self.branch_required = False

    @api.constrains("fa_type", "branch_required")
    def _check_branch_required(self):
        if any(one.branch_required and one.fa_type != BANK_ACCOUNT for one in self):
            raise ValidationError(self.env._("Only banks have branches."))

    def _check_branch(self, branch):
        """Refuse an account without a branch where the bank needs one.

        :param g2p.dfsp.branch branch: what was chosen; may be empty, as may the bank
        :raise ValidationError: naming the bank
        """
        if self.branch_required and not branch:
            raise ValidationError(
                self.env._(
                    "Choose the branch: %(bank)s needs one.",
                    bank=self.name,
                )
            )


class G2pFinancialAddress(models.Model):
    """The branch of an account: kept with it, and asked for by its bank."""

    _inherit = "g2p.financial.address"

    previous_branch_id = fields.Many2one(
        related="previous_id.branch_id", string="Branch before"
    )

    @api.constrains("fa_type", "dfsp_id", "branch_id")
    def _check_branch_required(self):
        for address in self.filtered(lambda one: one.fa_type == BANK_ACCOUNT):
            address.dfsp_id._check_branch(address.branch_id)

    @api.model
    def _with_branch(self, values, live=None):
        """Return clean values with the branch, where a channel has not asked for it.

        The same account keeps its branch: without it, SPAR would hold another address
        that no person has entered. Another account has none.

        :param dict values: of one address, clean
        :param live: the registrant's addresses that are not history, oldest first;
            looked up where they are not given
        :rtype: dict
        """
        if values["fa_type"] != BANK_ACCOUNT or "branch_id" in values:
            return values
        if live is None:
            live = self.sudo().search(
                [
                    ("partner_id", "=", values["partner_id"]),
                    ("state", "in", ("draft", *LIVE_STATES)),
                ],
                order="id",
            )
        same = live.filtered(
            lambda one: (
                one.fa_type == BANK_ACCOUNT
                and one.dfsp_id.id == values.get("dfsp_id")
                # Its hash is the same with and without dashes.
                and one.sudo().fingerprint == values["fingerprint"]
            )
        )
        return {**values, "branch_id": same[-1:].branch_id.id}
