"""The order among the submissions of each registrant."""

from collections import defaultdict

from odoo.fields import Domain

#: States and kinds of submissions that make later ones wait.
BLOCKING = Domain("state", "=", "set_aside") | Domain(
    [("state", "=", "waiting"), ("error_kind", "=", "held")]
)


class SubmissionOrder:
    """Which submissions wait for others, and which is the last, by registrant.

    A submission without a payment address does not say where the registrant is paid.

    :param submissions: the model, with sudo
    :param plans: of the submissions to apply
    """

    def __init__(self, submissions, plans):
        # The first blocking and the last applied submission of each registrant, and
        # the last one with a payment address.
        self.blockers, self.last, self.last_paid = defaultdict(dict), {}, {}
        keys = {plan.key: plan.whom for plan in plans if plan.key}
        people = {plan.whom for plan in plans} - {False} - {*keys}
        # What was collected under another ID of the same registrant.
        partners = submissions.env["res.partner"].browse(people)
        for partner, texts in partners._spar_texts_of().items():
            keys.update(dict.fromkeys(texts, partner.id))
        wanted = BLOCKING | Domain("state", "=", "applied")
        found = submissions.search_fetch(
            wanted
            & (
                Domain("registrant_key", "in", list(keys))
                | Domain("partner_id", "in", list(people))
            ),
            [
                "registrant_key",
                "partner_id",
                "state",
                "submitted_stamp",
                "instance_id",
                "address_id",
                "payment_print",
            ],
        )
        for one in found:
            known = one.partner_id.id
            is_known = one.state == "applied" or not one.registrant_key
            whom = known if is_known and known else keys.get(one.registrant_key)
            self.note(whom, one)

    def note(self, whom, one):
        """Update the order with the current state of a submission."""
        if not whom:
            return
        self.blockers[whom].pop(one.id, None)
        if one.state == "set_aside" or one.state == "waiting":
            self.blockers[whom][one.id] = one
        elif one.state == "applied" and not one.superseded:
            self.last[whom] = max(self.last.get(whom, one), one, key=moment)
            if one.payment_print or one.address_id:
                known = self.last_paid.get(whom, one)
                self.last_paid[whom] = max(known, one, key=moment)

    def blocker(self, whom, one):
        """Return the earlier submission this one has to wait for, or none."""
        earlier = [b for b in self.blockers[whom].values() if moment(b) < moment(one)]
        return min(earlier, key=moment, default=None) if whom else None

    def is_overtaken(self, whom, one, paid=False):
        """Return whether a later submission was applied already.

        :param bool paid: whether only submissions with a payment address count
        """
        last = (self.last_paid if paid else self.last).get(whom) if whom else None
        return last is not None and moment(last) > moment(one)


def moment(one):
    """Return the sort key of submissions."""
    return one.submitted_stamp or "", one.instance_id


def first_of_each(pending, plans):
    """Return the first submission of each registrant, and the others."""
    wave, left, seen = [], [], set()
    for one in pending:
        whom = plans[one].whom
        if whom and whom in seen:
            left.append(one)
        else:
            seen.add(whom)
            wave.append(one)
    return wave, left
