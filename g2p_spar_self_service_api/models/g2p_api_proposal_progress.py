from odoo import api, models


class G2pApiProposal(models.Model):
    """What a person is told of their proposals. Nothing of it names who works here."""

    _inherit = "g2p.api.proposal"

    @api.model
    def _page(self, partner, page, size):
        """Return a page of somebody's proposals, newest first.

        :param recordset partner: the registrant
        :param int page: which one, from 1
        :param int size: how many a page has
        :return: the proposals, and whether there are more
        :rtype: tuple
        """
        found = self.sudo().search(
            [("partner_id", "=", partner.id)],
            offset=(page - 1) * size,
            limit=size + 1,
        )
        return found[:size], len(found) > size

    @api.model
    def _own(self, partner, public_id):
        """Return the proposal of this ID if it is this person's, else an empty set."""
        return self.sudo().search(
            [("public_id", "=", public_id), ("partner_id", "=", partner.id)]
        )

    def _progress(self):
        """Return how far these proposals of one person have come.

        :rtype: list[dict]
        """
        replaced = self.address_id._api_replaced()
        return [
            {
                "id": proposal.public_id,
                "proposed_at": proposal.create_date,
                **proposal.address_id._api_entry(),
                **proposal.address_id._api_progress(proposal.address_id in replaced),
            }
            for proposal in self
        ]
