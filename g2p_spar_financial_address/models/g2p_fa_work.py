"""What waits for people: one entry for each kind of work."""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import APPROVER, EDITOR, VIEWER
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
    def kinds(self):
        """Return all kinds of work; hook for further ones.

        :return: the arguments of :meth:`entry`, the ``role`` that does it, and, where
            a second person does, the field that names the ``author``
        :rtype: list[dict]
        """
        module = "g2p_spar_financial_address"
        return [
            {
                "name": "approvals",
                "text": self.env._("New addresses wait for a second person."),
                "button": self.env._("Approve"),
                "model": "g2p.financial.address",
                "domain": TO_APPROVE,
                "action": f"{module}.approval_action",
                "role": APPROVER,
                "author": "entered_by_id",
            },
            {
                "name": "proposals",
                "text": self.env._("Other changes wait for a second person."),
                "button": self.env._("Approve"),
                "model": "g2p.fa.proposal",
                "domain": TO_APPROVE,
                "action": f"{module}.g2p_fa_proposal_action",
                "role": APPROVER,
                "author": "proposed_by_id",
            },
            {
                "name": "merges",
                "text": self.env._("Merges of duplicates wait for a second person."),
                "button": self.env._("Approve"),
                "model": "g2p.fa.merge",
                "domain": MERGES,
                "action": f"{module}.g2p_fa_merge_action",
                "role": APPROVER,
                "author": "asked_by_id",
            },
            {
                "name": "sharings",
                "text": self.env._("Several people are paid at one account or wallet."),
                "button": self.env._("Review"),
                "model": "g2p.fa.sharing",
                "domain": TO_REVIEW,
                "action": f"{module}.g2p_fa_sharing_action",
                "role": APPROVER,
            },
        ]

    @api.private
    @api.model
    def entries(self):
        """Return what waits for people now.

        :return: the entries of :meth:`entry`, without those of which there is nothing
        :rtype: list[dict]
        """
        return self._found(self.kinds())

    @api.model
    def mine(self):
        """Return what waits for this user: the work of their roles.

        Not what they asked for themselves, which they may not decide.

        :return: as :meth:`entries`
        :rtype: list[dict]
        :raise AccessError: for users without a role of the suite
        """
        user = self.env.user
        if not user.has_group(VIEWER):
            raise AccessError(self.env._("You have no role in social payments."))
        found = []
        for kind in [self._returned(), *self.kinds()]:
            if user.has_group(kind["role"]):
                domain = Domain(kind["domain"])
                if author := kind.get("author"):
                    domain &= Domain(author, "!=", user.id)
                found.append({**kind, "domain": domain})
        return self._found(found)

    @api.model
    def _returned(self):
        """Return the kind of work that waits for its author only."""
        returned = [("state", "=", "refused"), ("activity_user_id", "=", self.env.uid)]
        return {
            "name": "returned",
            "text": self.env._("A second person refused what you entered."),
            "button": self.env._("Enter again"),
            "model": "g2p.financial.address",
            "domain": returned,
            "action": "g2p_spar_financial_address.returned_action",
            "role": EDITOR,
        }

    @api.model
    def _found(self, kinds):
        found = []
        for kind in kinds:
            names = ("name", "text", "button", "model", "domain", "action")
            if entry := self.entry(*(kind[name] for name in names)):
                found.append(entry)
        return found

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
        may_open = self.env[model].has_access("read")
        count, since = self._count(*self.countable(model, domain))
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

    @api.private
    @api.model
    def countable(self, model, domain):
        """Return what this user may know the number of, also without a right to read.

        The record rules of their companies apply all the same.

        :param str model: name of the model
        :param list domain: what is counted
        :return: the model, with all rights where the user has none, and the domain
        :rtype: tuple
        """
        records = self.env[model]
        if records.has_access("read"):
            return records, domain
        rules = self.env["ir.rule"]._compute_domain(model, "read")
        return records.sudo(), Domain(domain) & Domain(rules)

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
