"""The first transaction of a round: what is due is locked, and one request decided."""

import logging
import uuid
from collections import Counter, namedtuple

from odoo import models
from odoo.tools import SQL

from ..plan import Step, next_step
from ..progress import (
    Progress,
    expect_unknown,
    group_applies,
    wait_for_id,
)
from ..spar.answers import Item
from ..spar.words import LINK, RESOLVE, UPDATE

_logger = logging.getLogger(__name__)

#: Seconds in which the sender of a claimed mapping takes its lock.
CLAIM_GRACE = 10

#: Before the first change: its date and id.
START = ("-infinity", 0)

#: What is claimed: the request to send now, or None, and how many were looked at.
Claim = namedtuple("Claim", "request size")

#: One claimed request: its message ID, operation and ``{mapping id: Part}``. The rest
#: is what its sender needs to know of the connection, so that nothing is read again:
#: whether SPAR was answering, how long to wait after what, whether speed is limited,
#: and when the settings were last changed.
Request = namedtuple("Request", "id operation parts well pacing limited version")

#: One mapping's part of a request: the item that is sent, what was wanted, and whether
#: an attempt has failed before.
Part = namedtuple("Part", "item wanted tried")

#: What a registrant should have at SPAR: the ID (or None) and the address string with
#: its strategy's number (or None for no address). ``broken`` is set instead of an
#: address that cannot be written for SPAR, ``details`` is what else SPAR is told.
Wanted = namedtuple("Wanted", "spar_id value broken details")


# One model in several files, split where the work changes.
class G2pSparMapping(models.Model):
    _inherit = "g2p.spar.mapping"

    def _claim(self):
        """Claim those of these mappings that are due; see :meth:`_claim_locked`."""
        return self._claim_locked(self._lock_due())

    def _claim_backlog(self, connection, position=None, since=0):
        """Claim what has been due longest through a connection.

        Two looks: what is on its way already, then what nobody has taken up yet.

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
        return self._claim_locked(entries), position

    def _claim_locked(self, entries):
        """Decide the next step of each, and write down one request.

        Only one at a time, so that its sender takes the locks right afterwards. The
        number of statements does not depend on the number of mappings.

        :param entries: list of :class:`~..progress.Progress`, their rows locked
        :rtype: Claim
        """
        if not entries:
            return Claim(None, 0)
        connection = self._connection_of(entries)
        pacing = connection._pacing()
        self._take_up_changes(entries)
        lost = self._declare_lost(entries, pacing)
        steps = self._steps([e for e in entries if e not in lost], pacing)
        request = self._choose(steps, connection, pacing)
        self._save_progress(entries)
        return Claim(request, len(entries))

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
        replaced, taken = [], []
        for entry in entries:
            ids = waiting.get(entry.id)
            if not ids or (every and entry.is_moving):
                continue
            taken.append(ids.pop(0 if every else -1))
            replaced.append(entry.wanted_change_id or 0)
            if not every:
                replaced += ids
            entry.take_up(taken[-1])
        if taken:
            self.env.cr.execute(
                """UPDATE g2p_spar_change
                      SET state = CASE WHEN id = ANY(%s) THEN 'taken'
                                       ELSE 'superseded' END,
                          write_date = now() AT TIME ZONE 'UTC'
                    WHERE id = ANY(%s) AND state IN ('queued', 'taken', 'held')""",
                [taken, taken + replaced],
            )

    def _declare_lost(self, entries, pacing):
        """Have claimed mappings whose sender died checked before they are sent.

        :return: those entries
        """
        lost = [entry for entry in entries if entry.state == "sending"]
        for entry in lost:
            _logger.info("mapping %s: its sender died, to be resolved", entry.id)
            expect_unknown(entry, entry.sending_operation, "sender.died", pacing)
        return lost

    def _steps(self, entries, pacing):
        """Return ``[(entry, step, wanted)]`` of those with something to send.

        The others are settled, held or made to wait here.
        """
        steps = []
        wanted_of = self._wanted(entries)
        holders = self._holders(entries, wanted_of)
        for entry in entries:
            wanted = wanted_of[entry.id]
            spar_id = wanted.spar_id
            if entry.sending_spar_id:
                # Asking needs no address, so it also helps one that is broken.
                step = Step(RESOLVE, entry.sending_spar_id)
            elif wanted.broken and entry.linked_spar_id in (None, spar_id):
                entry.hold("address.unwritable")
                continue
            else:
                step = next_step(entry.facts(wanted))
            links = step == Step(LINK, spar_id)
            if isinstance(step, str):
                entry.settle(step)
            elif links and holders.setdefault(spar_id, entry.id) != entry.id:
                # The ID was another registrant's: theirs leaves SPAR first.
                wait_for_id(entry, pacing)
            else:
                steps.append((entry, step, wanted))
        return steps

    def _choose(self, steps, connection, pacing):
        """Write down the request that takes most of these steps.

        The others' turn comes in the next round; they stay due, and first in line.

        :return: the :class:`Request`, or None when there is nothing to send
        """
        keys = [
            (
                step.operation,
                group_applies(entry.send_group, step.operation) and entry.send_group,
            )
            for entry, step, _wanted in steps
        ]
        if not keys:
            return None
        ((chosen, _count),) = Counter(keys).most_common(1)
        until = pacing.after(CLAIM_GRACE)
        request = Request(
            str(uuid.uuid4()),
            chosen[0],
            {},
            connection._was_answered(),
            pacing,
            bool(connection.max_per_second),
            connection.write_date,
        )
        for (entry, step, wanted), key in zip(steps, keys, strict=True):
            if key == chosen:
                entry.claim(request.id, step, until)
                value, details = (), {}
                if step.operation in (LINK, UPDATE):
                    value, details = wanted.value, wanted.details
                item = Item(uuid.uuid4().hex, step.spar_id, *value, **details)
                request.parts[entry.id] = Part(item, wanted, bool(entry.attempts))
        return request

    def _wanted(self, entries):
        """Return the :class:`Wanted` of each mapping by its id, as of this moment."""
        Partner = self.env["res.partner"].sudo()
        partners = Partner.browse(entry.partner_id for entry in entries)
        # Only what is needed: a contact has many columns.
        partners.fetch(["active", "is_registrant", "name", "phone", "spar_id"])
        address_of = self._addresses(entries, partners)
        Address = self.env["g2p.financial.address"].sudo()
        # Its provider may have been renamed since, say. One address that cannot be
        # written must not stop those it would have travelled with.
        values = Address.browse(a.id for a in address_of.values())._spar_values_for(
            entries and self._connection_of(entries).dialect
        )
        wanted = {}
        for entry, partner in zip(entries, partners, strict=True):
            address = address_of.get(entry.id)
            value, broken, details = None, False, {}
            if address and partner._spar_is_paid():
                written = values.get(address.id)
                broken = written is None
                if written:
                    value = written[:2]
                    details = {**partner._spar_details(), "parts": written.parts}
            spar_id = partner._spar_get_id() or None
            wanted[entry.id] = Wanted(spar_id, value, broken, details)
        return wanted

    def _addresses(self, entries, partners):
        """Return the address to send by mapping id, if there is one.

        The one in use now; where every value is sent, the one of the wanted change.
        """
        Address = self.env["g2p.financial.address"].sudo()
        if not entries:
            return {}
        if not self._connection_of(entries).send_every_value:
            in_use = Address._in_use(partners)
            return {
                entry.id: in_use[partner]
                for entry, partner in zip(entries, partners, strict=True)
                if partner in in_use
            }
        self.env.cr.execute(
            "SELECT mapping_id, address_id FROM g2p_spar_change WHERE id = ANY(%s)",
            [[entry.wanted_change_id for entry in entries]],
        )
        ids = dict(self.env.cr.fetchall())
        addresses = Address.browse(id_ for id_ in ids.values() if id_)
        by_id = {address.id: address for address in addresses}
        return {id_: by_id[address] for id_, address in ids.items() if address}

    def _holders(self, entries, wanted_of):
        """Return which mapping has or may have a row at SPAR, by wanted SPAR ID."""
        if not entries:
            return {}
        rows = self.env.execute_query(
            SQL(
                """SELECT COALESCE(m.linked_spar_id, m.sending_spar_id), m.id
                     FROM g2p_spar_mapping m
                    WHERE m.connection_id = %s
                      AND COALESCE(m.linked_spar_id, m.sending_spar_id) = ANY(%s)""",
                entries[0].connection_id,
                [wanted.spar_id for wanted in wanted_of.values() if wanted.spar_id],
            )
        )
        return dict(rows)
