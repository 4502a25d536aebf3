"""The live question: what SPAR holds for the registrant somebody is looking at."""

import hashlib
import uuid
from collections import namedtuple
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..kinds import MOVING, SAME, UNRESOLVED
from ..questions import LIMITS, ask_all
from ..spar.answers import Item, Outcome
from ..spar.keys import KeyProblem
from ..spar.words import RESOLVE
from ..transactions import Busy, apart, commit
from ..turns import turn
from .g2p_spar_reconciliation import difference

#: Seconds for which an answer is shown again rather than asked for.
FRESH = 3
#: Registrants one person may ask about in a minute.
MAX_PER_MINUTE = 60

#: What SPAR is asked for one connection: the ID, and the mapping as it is now.
Question = namedtuple("Question", "spar_id entry")


class G2pSparReading(models.Model):
    _inherit = "g2p.spar.reading"

    @api.model
    def _connections(self):
        """Return the connections a registrant's address may be at."""
        Connection = self.env["g2p.spar.connection"].sudo()
        return Connection.search([("state", "!=", "draft")])

    @api.model
    def _ask(self, partner, asker=None):
        """Ask every SPAR about a registrant, if that may be done now.

        Nothing is locked and no transaction is open while SPAR is asked: what was done
        before in this transaction is committed. For the answer of a screen only.

        :param partner: whom the user may see
        :param str asker: who asks, where that is not the user
        :return: by connection why it was not answered, or ``""`` when it was
        :rtype: dict[int, str]
        """
        codes, questions = {}, {}
        entries = self._entries(partner)
        readings = self._readings(partner)
        for connection in self._connections():
            question = self._question(partner, entries.get(connection.id))
            code = self._obstacle(connection, question)
            if code is None:
                code = self._fresh_code(connection, question, readings)
            if code is None:
                questions[connection.id] = question
            else:
                codes[connection.id] = code
        if not questions:
            return codes
        who = self._who_asks(asker)
        if self._asked_lately(who) >= MAX_PER_MINUTE:
            return {**codes, **dict.fromkeys(questions, "often")}
        return {**codes, **self._ask_live(partner, questions, who)}

    def _question(self, partner, entry):
        spar_id = entry and entry.id_at_spar
        return Question(spar_id or partner.sudo()._spar_get_id() or None, entry)

    def _obstacle(self, connection, question):
        """Return why SPAR is not to be asked, None when nothing stands against it."""
        if connection._is_neutralised():
            return "copy"
        if connection.state != "running":
            return "paused"
        if not question.spar_id:
            return "no_id"
        if connection.breaker_state != "closed":
            return "resting"
        return None

    def _fresh_code(self, connection, question, readings):
        """Return the code of the last question if nothing is new since, else None."""
        reading = readings.get(connection.id)
        if not reading or reading.spar_id != question.spar_id:
            return None
        since = connection._now() - timedelta(seconds=FRESH)
        seen_at = question.entry and question.entry.seen_at
        moved = seen_at and seen_at >= reading.tried_at
        return None if moved or reading.tried_at < since else reading.code or ""

    def _readings(self, partner):
        """Return what SPAR answered last about a registrant, by connection."""
        known = self.sudo().search([("partner_id", "=", partner.id)])
        return {reading.connection_id.id: reading for reading in known}

    def _who_asks(self, asker):
        name = f"asker {asker}" if asker else f"user {self.env.uid}"
        return hashlib.sha256(name.encode()).hexdigest()

    def _asked_lately(self, who):
        since = fields.Datetime.now() - timedelta(minutes=1)
        mine = [("asker", "=", who), ("tried_at", ">", since)]
        return self.sudo().search_count(mine)

    def _ask_live(self, partner, questions, who):
        """Ask, outside of any transaction, and note what came back.

        :return: as :meth:`_ask`
        """
        codes, calls = self._prepare(questions)
        asked_at = self._connections()[:1]._now()
        commit(self.env)
        with turn(self.env, who) as mine:
            if not mine:
                for client, _letter in calls.values():
                    client.close()
                return {**codes, **dict.fromkeys(calls, "busy")}
            results = ask_all(calls)
        answers = {
            key: (questions[key], calls[key][1].items[0], result)
            for key, result in results.items()
        }
        try:
            apart(self.env, lambda: self._note(partner, answers, asked_at, who))
        except Busy:
            # What is shown is what was noted.
            return {**codes, **dict.fromkeys(calls, "busy")}
        return {**codes, **{key: code_of(result) for key, result in results.items()}}

    def _prepare(self, questions):
        """Return why SPAR cannot be asked, and client and letter where it can."""
        codes, calls = {}, {}
        for connection in self._connections().browse(questions):
            item = Item(uuid.uuid4().hex, questions[connection.id].spar_id)
            try:
                client = connection._client(LIMITS)
                calls[connection.id] = client, client.prepare(RESOLVE, [item])
            except KeyProblem:
                codes[connection.id] = "key"
        return codes, calls

    # === NOTING === #

    def _note(self, partner, answers, asked_at, who):
        """Keep what SPAR answered, or that it did not.

        :param partner: who was asked about
        :param answers: by connection the question, its item and its result
        :param datetime asked_at: before SPAR was asked
        :param str who: whose question it was, as it is counted
        """
        readings = self._readings(partner)
        for connection, (question, item, result) in answers.items():
            reading = readings.get(connection)
            values = {
                "spar_id": item.spar_id,
                "tried_at": asked_at,
                "asker": who,
                "code": code_of(result),
            }
            if not values["code"]:
                values.update(
                    masked=self._comparison()._masked(result),
                    read_at=asked_at,
                    kind=self._kind(partner, question, item, result),
                )
            elif reading and reading.spar_id != item.spar_id:
                # What was held under another ID is no news of this one.
                values.update(masked=False, read_at=False, kind=False)
            if reading:
                reading.write(values)
            else:
                keys = {"partner_id": partner.id, "connection_id": connection}
                self.sudo().create({**values, **keys})

    def _kind(self, partner, question, item, result):
        """Return how SPAR differs from what is requested.

        :return: a kind of difference, or one of :mod:`..kinds`
        """
        entry = question.entry
        if not entry:
            # Nothing was ever requested through this connection.
            return "left_over" if result.linked else SAME
        (now,) = self._comparison()._comparable([entry]) or [None]
        if now != entry:
            return MOVING
        if self._comparison()._unresolved([entry]):
            return UNRESOLVED
        wanted = self._wanted(entry, in_use=True)
        return difference(entry, wanted, item, result) or SAME

    def _wanted(self, entry, in_use=False):
        Mapping = self.env["g2p.spar.mapping"].sudo()
        return Mapping._wanted([entry], in_use)[entry.id]

    def _entries(self, partner):
        """Return the registrant's mappings as the engine reads them, by connection."""
        self.env.flush_all()
        entries = self._comparison()._entries(SQL("m.partner_id = %s", partner.id))
        return {entry.connection_id: entry for entry in entries}

    def _comparison(self):
        return self.env["g2p.spar.reconciliation"].sudo()


def code_of(result):
    """Return why there is no answer, or ``""`` when there is one.

    :param result: a :class:`~..spar.answers.Result`, or None if none came in time
    """
    if result is None or result.outcome in (Outcome.AMBIGUOUS, Outcome.TRANSIENT):
        return "away"
    if result.outcome == Outcome.PARTNER:
        return "refused"
    return "" if result.outcome == Outcome.DONE else "unclear"
