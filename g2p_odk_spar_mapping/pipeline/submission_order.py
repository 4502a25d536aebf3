"""The order among the submissions of each registrant."""

from collections import defaultdict

from odoo.fields import Domain

#: States and kinds of submissions that make later ones wait.
BLOCKING = Domain("state", "=", "set_aside") | Domain(
    [("state", "=", "waiting"), ("error_kind", "=", "held")]
)


class SubmissionOrder:
    """Which submissions wait for others, and which is the last, by registrant.

    :param submissions: the model, with sudo
    :param set keys: IDs of the registrants
    """

    def __init__(self, submissions, keys):
        # The first blocking and the last applied submission of each registrant.
        self.blockers, self.last = defaultdict(dict), {}
        wanted = BLOCKING | Domain("state", "=", "applied")
        found = submissions.search_fetch(
            wanted & Domain("registrant_key", "in", list(keys)),
            ["registrant_key", "state", "submitted_stamp", "instance_id"],
        )
        for one in found:
            self.note(one.registrant_key, one)

    def note(self, key, one):
        """Update the order with the current state of a submission."""
        if not key:
            return
        self.blockers[key].pop(one.id, None)
        if one.state == "set_aside" or one.state == "waiting":
            self.blockers[key][one.id] = one
        elif one.state == "applied" and not one.superseded:
            self.last[key] = max(self.last.get(key, one), one, key=moment)

    def blocker(self, key, one):
        """Return the earlier submission this one has to wait for, or none."""
        earlier = [b for b in self.blockers[key].values() if moment(b) < moment(one)]
        return min(earlier, key=moment, default=None) if key else None

    def is_overtaken(self, key, one):
        """Return whether a later submission was applied already."""
        last = self.last.get(key) if key else None
        return last is not None and moment(last) > moment(one)


def moment(one):
    """Return the sort key of submissions."""
    return one.submitted_stamp or "", one.instance_id


def first_of_each(pending, plans):
    """Return the first submission of each registrant, and the others."""
    wave, left, seen = [], [], set()
    for one in pending:
        key = plans[one].key
        if key and key in seen:
            left.append(one)
        else:
            seen.add(key)
            wave.append(one)
    return wave, left
