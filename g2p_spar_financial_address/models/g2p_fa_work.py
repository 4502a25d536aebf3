"""What waits for people: one entry for each kind of work."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import COUNT_LIMIT as LIMIT

TO_APPROVE = [("state", "=", "to_approve")]
MERGES = [("state", "in", ["to_approve", "undo_to_approve"])]
TO_REVIEW = [("state", "=", "review")]


class G2pFaWork(models.AbstractModel):
    """The kinds of work that only people can end. Each addon adds its own.

    Every number is counted with the domain of the list it opens. The number of queries
    depends on the kinds of work only, never on how much there is.
    """

    _name = "g2p.fa.work"
    _description = "Work that waits for people"

    @api.private
    @api.model
    def entries(self):
        """Return what waits for people now; hook for further kinds.

        :return: the entries of :meth:`entry`, without those of which there is nothing
        :rtype: list[dict]
        """
        module = "g2p_spar_financial_address"
        found = [
            self.entry(
                "approvals",
                self.env._("New addresses wait for a second person."),
                self.env._("Approve"),
                "g2p.financial.address",
                TO_APPROVE,
                f"{module}.approval_action",
            ),
            self.entry(
                "proposals",
                self.env._("Other changes wait for a second person."),
                self.env._("Approve"),
                "g2p.fa.proposal",
                TO_APPROVE,
                f"{module}.g2p_fa_proposal_action",
            ),
            self.entry(
                "merges",
                self.env._("Merges of duplicates wait for a second person."),
                self.env._("Approve"),
                "g2p.fa.merge",
                MERGES,
                f"{module}.g2p_fa_merge_action",
            ),
            self.entry(
                "sharings",
                self.env._("Several people are paid at one account or wallet."),
                self.env._("Review"),
                "g2p.fa.sharing",
                TO_REVIEW,
                f"{module}.g2p_fa_sharing_action",
            ),
        ]
        return [entry for entry in found if entry]

    @api.private
    @api.model
    def entry(self, name, text, button, model, domain, action):
        """Return one kind of work, or None if nothing of it waits.

        A user who may not open the list sees how much there is, without a button.

        :param str name: of the kind
        :param str text: one sentence without the number
        :param str button: what a user does about it
        :param str model: name of the model in the list
        :param list domain: what is counted
        :param action: that opens the list
        :return: these, with ``count``, ``more`` (whether there is more than that) and
            ``since``, the moment the oldest was made
        :rtype: dict or None
        """
        records = self.env[model]
        may_open = records.has_access("read")
        count, since = self._count(records if may_open else records.sudo(), domain)
        if not count:
            return None
        return {
            "name": name,
            "text": text,
            "count": min(count, LIMIT),
            "more": count > LIMIT,
            "since": since and fields.Datetime.to_string(since),
            "button": button if may_open else "",
            "action": may_open and action,
        }

    @api.model
    def _count(self, records, domain):
        """Return how many there are, up to one more than the limit, and since when.

        :param records: of the model; counted with the rights of their environment
        :param list domain: which of them
        :rtype: tuple[int, datetime.datetime or None]
        """
        query = records._search(domain, order="id", limit=LIMIT + 1)
        created = SQL.identifier(records._table, "create_date")
        ((count, since),) = self.env.execute_query(
            SQL(
                "SELECT count(*), min(moment) FROM (%s) AS found(moment)",
                query.select(created),
            )
        )
        return count, since
