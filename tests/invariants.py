"""What must hold whatever goes wrong: one checker for all tests.

It compares what people wanted (from Odoo's tables) with what SPAR did (from its log).
Every address must be of its own kind, so that an old one is known when it comes back.
"""

from dataclasses import dataclass, field


@dataclass
class Violations:
    """What did not hold, as SPAR IDs; each list should be empty.

    ``lost``: SPAR does not hold what is wanted now. ``reordered``: SPAR went back to an
    older address. ``invented``: SPAR got an address that was never committed.
    ``overlapping``: two requests about one ID were at SPAR at the same time.
    ``unsettled``: something was never brought to an end.
    """

    lost: list = field(default_factory=list)
    reordered: list = field(default_factory=list)
    invented: list = field(default_factory=list)
    overlapping: list = field(default_factory=list)
    unsettled: list = field(default_factory=list)

    def counts(self):
        """Return the number of each kind."""
        return {name: len(ids) for name, ids in vars(self).items()}

    def add(self, others):
        """Take in what was found elsewhere."""
        for name, ids in vars(others).items():
            getattr(self, name).extend(ids)

    def __bool__(self):
        return any(vars(self).values())


def check(intended, wanted, happened, unsettled=()):
    """Compare what was wanted with what happened.

    :param dict intended: every address committed for a SPAR ID, in order of commit;
        None where it was ended.
    :param dict wanted: what SPAR should hold now, by SPAR ID; without those in doubt,
        such as held ones.
    :param dict happened: ``requests``, ``applied`` and ``rows`` of the stand-in.
    :param unsettled: SPAR IDs of what the engine has not brought to an end.
    :rtype: Violations
    """
    found = Violations(unsettled=sorted(unsettled))
    rows = happened["rows"]
    found.lost = sorted(
        spar_id for spar_id, value in wanted.items() if rows.get(spar_id) != value
    )
    found.reordered, found.invented = check_order(intended, happened["applied"])
    found.overlapping = check_overlap(happened["requests"])
    return found


def check_order(intended, applied):
    """Return the IDs for which SPAR went back, and those with invented addresses.

    :param dict intended: addresses by SPAR ID, in order.
    :param list applied: ``[operation, id, address or None]``, in order.
    """
    reached, reordered, invented = {}, set(), set()
    for _operation, spar_id, value in applied:
        values = intended.get(spar_id, [])
        if value not in values:
            invented.add(spar_id)
            continue
        start = reached.get(spar_id, 0)
        if value in values[start:]:
            reached[spar_id] = values.index(value, start)
        else:
            reordered.add(spar_id)
    return sorted(reordered), sorted(invented)


def check_owners(rows, applied, owners):
    """Return the registrants for whom something went wrong though IDs changed hands.

    :param dict rows: addresses by SPAR ID before.
    :param list applied: ``[operation, id, address or None]``, in order.
    :param dict owners: by address, whose it is and its place in the order of entry.
    :return: sets of registrants: ``twice`` at SPAR at one moment, ``went_back`` to an
        older address, and ``invented``: addresses that were never entered.
    """
    rows = dict(rows)
    found = {"twice": set(), "went_back": set(), "invented": set()}
    reached = {}
    for _operation, spar_id, value in applied:
        rows.pop(spar_id, None)
        if value is None:
            continue
        if value not in owners:
            found["invented"].add(value)
            continue
        owner, place = owners[value]
        if any(owners[held][0] == owner for held in rows.values() if held in owners):
            found["twice"].add(owner)
        if place < reached.get(owner, 0):
            found["went_back"].add(owner)
        rows[spar_id], reached[owner] = value, place
    return found


def check_overlap(requests):
    """Return the IDs about which two requests were at SPAR at the same time.

    :param list requests: ``operation``, ``ids``, ``arrived`` and ``over`` of each;
        two that only ask do not harm each other.
    """
    busy, overlapping = {}, set()
    for request in sorted(requests, key=lambda entry: entry["arrived"]):
        changes = request["operation"] != "resolve"
        for spar_id in request["ids"]:
            for over, other_changes in busy.get(spar_id, ()):
                if over > request["arrived"] and (changes or other_changes):
                    overlapping.add(spar_id)
            busy.setdefault(spar_id, []).append(
                (request["over"] or float("inf"), changes)
            )
    return sorted(overlapping)


# === FROM ODOO'S TABLES === #


def wallet_string(number, kind, name="M-Cash", code="MC"):
    """Return what SPAR should hold for a wallet, without the addon's code.

    :param str kind: SPAR's word for a mobile wallet.
    :param str name: of the provider.
    :param str code: of the provider.
    """
    if number is None:
        return None
    return (
        f"mobile_number:{number}.wallet_provider_name:{name}"
        f".wallet_provider_code:{code}.fa_type:{kind}"
    )


def read_registry(cr, connection, since=0, kind="mobile_wallet_provider"):
    """Return what was committed, what is wanted now and what is not brought to an end.

    :param cr: cursor on Odoo's database; every address in it is a wallet at M-Cash.
    :param int connection: id of the connection to the SPAR that is looked at.
    :param int since: id of the newest change before what is looked at.
    :param str kind: SPAR's word for a mobile wallet.
    :return: ``intended``, ``wanted`` and ``unsettled`` for :func:`check`.
    """
    cr.execute(
        """SELECT p.spar_id, a.mobile_number
             FROM g2p_spar_change c
             JOIN g2p_spar_mapping m ON m.id = c.mapping_id
             JOIN res_partner p ON p.id = m.partner_id
        LEFT JOIN g2p_financial_address a ON a.id = c.address_id
            WHERE c.id > %s AND m.connection_id = %s
            ORDER BY c.id""",
        [since, connection],
    )
    intended = {}
    for spar_id, number in cr.fetchall():
        intended.setdefault(spar_id, []).append(wallet_string(number, kind))
    cr.execute(
        """SELECT p.spar_id, a.mobile_number, m.state,
                  EXISTS (SELECT FROM g2p_spar_change c
                           WHERE c.mapping_id = m.id AND c.state IN ('queued', 'taken'))
             FROM res_partner p
        LEFT JOIN g2p_spar_mapping m
               ON m.partner_id = p.id AND m.connection_id = %s
        LEFT JOIN g2p_financial_address a
               ON a.partner_id = p.id AND a.state = 'effective'
            WHERE p.spar_id IS NOT NULL AND (m.id IS NOT NULL OR a.id IS NOT NULL)""",
        [connection],
    )
    wanted, unsettled = {}, []
    for spar_id, number, state, moving in cr.fetchall():
        if state != "held":
            wanted[spar_id] = wallet_string(number, kind)
        if moving or state not in ("in_sync", "ended", "held"):
            unsettled.append(spar_id)
    return intended, wanted, unsettled
