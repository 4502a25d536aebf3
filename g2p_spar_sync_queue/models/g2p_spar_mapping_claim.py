"""The first half of a round: what is due is locked, and one request decided."""

import logging
import uuid
from collections import namedtuple

from odoo import models
from odoo.tools import SQL

from ..engine.decide import Progress, Wanted, choose_largest, digest, plan_steps
from ..spar.answers import Item
from ..spar.words import LINK, UPDATE
from ..transactions import AutonomousTransaction

_logger = logging.getLogger(__name__)

#: Before the first change: its date and id.
START = ("-infinity", 0)

#: What is claimed: the request to send now, or None, all whose rows are locked, and
#: how many were looked at.
Claim = namedtuple("Claim", "request entries size")

#: One claimed request: its message ID, its number once it is written down, operation
#: and ``{mapping id: Part}``. The rest is what its sender needs to know, so that
#: nothing is read again: whether there was as much to do as one request holds; and of
#: the connection, whether SPAR was answering, how long to wait after what, whether
#: speed is limited, and of which version all of it is.
Request = namedtuple(
    "Request", "id number operation parts full well policy limited version"
)

#: One mapping's part of a request: the item that is sent, what was wanted, and whether
#: an attempt has failed before.
Part = namedtuple("Part", "item wanted tried")


# One model in several files, split where the work changes.
class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    def _claim(self, beside=None):
        """Claim those of these mappings that are due; see :meth:`_claim_locked`."""
        return self._claim_locked(self._lock_due(), beside)

    def _claim_backlog(self, connection, beside=None, position=None, since=0):
        """Claim what has been due longest through a connection.

        Two looks: what is on its way already, then what nobody has taken up yet.

        :param beside: as for :meth:`_claim_locked`
        :param position: the newest change looked at before; those up to it are
            somebody else's, or have to wait
        :param int since: seconds for which it must have been due
        :return: the :class:`Claim` and the new position
        """
        limit = connection._batch_limit()
        entries = self._lock_moving(connection, limit, since)
        if len(entries) < limit:
            known = {entry.id for entry in entries}
            rows = self._lock_queued(
                connection, limit - len(entries), position or START, since
            )
            position = tuple(rows[-1][:2]) if rows else None
            for _date, _change_id, *row in rows:
                # Several changes of one registrant are one piece of work.
                if row[0] not in known:
                    known.add(row[0])
                    entries.append(Progress(*row))
        return self._claim_locked(entries, beside), position

    def _claim_locked(self, entries, beside=None, narrowed=False):
        """Decide the next step of each, and one request; nothing is sent or written.

        The locks are held until it has been sent and what came of it is recorded. So
        they are given back first for those whose step is another one: their turn comes
        in the next round, or by another worker.

        The number of statements does not depend on the number of mappings.

        :param entries: list of :class:`~..engine.decide.Progress`, their rows locked
        :param beside: a :class:`~..transactions.AutonomousTransaction` that has not
            begun, to see whose sender was killed; by default that is looked up in
            this transaction
        :param bool narrowed: whether this is about one request already
        :rtype: Claim
        """
        if not entries:
            return Claim(None, [], 0)
        connection = self._connection_of(entries)
        policy = connection._retry_policy()
        self._take_up_changes(entries)
        lost = self._declare_lost(entries, beside, policy)
        rest = [entry for entry in entries if entry not in lost]
        steps = plan_steps(rest, self._wanted(rest))
        chosen = choose_largest(steps)
        if len(chosen) < len(steps) and not narrowed:
            self._save_progress(entries)
            self._commit()
            mine = self._lock_again([planned.entry.id for planned in chosen])
            claim = self._claim_locked(mine, beside, narrowed=True)
            return claim._replace(size=len(entries))
        request = None
        if chosen:
            full = narrowed or len(entries) >= connection._batch_limit()
            request = self._request(chosen, connection, policy, full)
        return Claim(request, entries, len(entries))

    # === DECISIONS === #

    def _take_up_changes(self, entries):
        """Make a waiting change the wanted one, and supersede what it replaces.

        That is the newest one. On a connection that sends every value it is the oldest,
        and only when the one before is done with.
        """
        every = self._connection_of(entries).send_every_value
        self.env.cr.execute(
            """SELECT mapping_id, array_agg(id ORDER BY id) FROM g2p_spar_change
                WHERE mapping_id = ANY(%s) AND state = 'queued' GROUP BY mapping_id""",
            [[entry.id for entry in entries]],
        )
        waiting = dict(self.env.cr.fetchall())
        for entry in entries:
            ids = waiting.get(entry.id)
            if not ids or (every and entry.is_moving):
                continue
            newest = ids.pop(0 if every else -1)
            entry.take_up(newest, () if every else ids)

    def _declare_lost(self, entries, beside, policy):
        """Have those whose sender died checked before anything else is sent.

        :return: those entries
        """
        beside = beside or AutonomousTransaction(self.env, same=True)
        doubts = beside.env["g2p.spar.sending"]._doubts([e.id for e in entries])
        beside.commit()
        lost = [entry for entry in entries if entry.id in doubts]
        for entry in lost:
            _logger.info("mapping %s: its sender died, to be resolved", entry.id)
            entry.lose_sender(doubts[entry.id], policy)
        return lost

    def _request(self, chosen, connection, policy, full):
        """Return the :class:`Request` that takes these steps, which are alike."""
        parts = {}
        request_id = uuid.uuid4()
        for number, planned in enumerate(chosen):
            entry, step, wanted = planned.entry, planned.step, planned.wanted
            value, details = (), {}
            if step.operation in (LINK, UPDATE):
                value, details = wanted.value, wanted.details
            reference = f"{request_id.hex}-{number}"
            item = Item(reference, step.spar_id, *value, **details)
            parts[entry.id] = Part(item, wanted, bool(entry.attempts))
        return Request(
            str(request_id),
            None,
            step.operation,
            parts,
            full,
            connection._was_answered(),
            policy,
            bool(connection.max_per_second),
            connection._version(),
        )

    def _wanted(self, entries, in_use=False):
        """Return the :class:`Wanted` of each mapping by its id, as of this moment.

        :param bool in_use: whether it is about the address in use, also where every
            value is sent; that is what SPAR is compared with
        """
        Partner = self.env["res.partner"].sudo()
        partners = Partner.browse(entry.partner_id for entry in entries)
        # Only what is needed: a contact has many columns.
        partners.fetch(["active", "is_registrant", "name", "phone", "spar_id"])
        # An address may be unwritable: its provider may have been renamed since, say.
        # It must not stop those it would have travelled with.
        written_of = self._written(entries, in_use) if entries else {}
        # Not as this process remembers them: a worker goes on for long.
        settings = self.env["g2p.fa.settings"]._read_values()
        wanted = {}
        for entry, partner in zip(entries, partners, strict=True):
            value, known_by, broken, details = None, None, False, {}
            if entry.id in written_of and partner._spar_is_paid():
                written = written_of[entry.id]
                broken = written is None
                if written:
                    value = written[:2]
                    details = partner._spar_details(settings)
                    known_by = digest(*value, details)
                    details["parts"] = written.parts
            spar_id = partner._spar_get_id() or None
            wanted[entry.id] = Wanted(spar_id, value, known_by, broken, details)
        return wanted

    def _written(self, entries, in_use):
        """Return the address to send by mapping id, if there is one.

        The one in use now; where every value is sent, the one of the wanted change.

        :param bool in_use: as for :meth:`_wanted`
        :rtype: dict[int, Written or None]
        """
        connection = self._connection_of(entries)
        Address = self.env["g2p.financial.address"]
        if in_use or not connection.send_every_value:
            partners = {entry.partner_id: entry.id for entry in entries}
            chosen = SQL(
                "a.state = 'effective' AND a.partner_id = ANY(%s)", [*partners]
            )
            found = Address._spar_written_for(connection.dialect, chosen).values()
            return {partners[partner]: written for partner, written in found}
        self.env.cr.execute(
            "SELECT mapping_id, address_id FROM g2p_spar_change"
            " WHERE id = ANY(%s) AND address_id IS NOT NULL",
            [[entry.wanted_change_id for entry in entries]],
        )
        ids = dict(self.env.cr.fetchall())
        found = Address._spar_written_for(
            connection.dialect, SQL("a.id = ANY(%s)", [*ids.values()])
        )
        return {id_: found[address][1] for id_, address in ids.items()}
