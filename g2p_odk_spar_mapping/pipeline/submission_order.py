"""The order among the submissions of each registrant."""

from collections import defaultdict

from odoo.fields import Domain

#: What a submission in one of these states, and of one of these kinds, keeps waiting.
BLOCKING = Domain("state", "=", "set_aside") | Domain(
    [("state", "=", "waiting"), ("error_kind", "=", "held")]
)


class SubmissionOrder:
    """Who waits for whom, and who has the last word, among these registrants.

    :param submissions: the model, as the system
    :param set keys: IDs of the registrants
    """

    def __init__(self, submissions, keys):
        # The first that blocks, and the last that was applied, of each registrant.
        self.blockers, self.last = defaultdict(dict), {}
        wanted = BLOCKING | Domain("state", "=", "applied")
        found = submissions.search_fetch(
            wanted & Domain("registrant_key", "in", list(keys)),
            ["registrant_key", "state", "submitted_stamp", "instance_id"],
        )
        for one in found:
            self.note(one.registrant_key, one)

    def note(self, key, one):
        """Take down where a submission stands now."""
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
    """Return what submissions are put in order by."""
    return one.submitted_stamp or "", one.instance_id


def first_of_each(pending, plans):
    """Return the first submission of each registrant, and those left."""
    wave, left, seen = [], [], set()
    for one in pending:
        key = plans[one].key
        if key and key in seen:
            left.append(one)
        else:
            seen.add(key)
            wave.append(one)
    return wave, left
