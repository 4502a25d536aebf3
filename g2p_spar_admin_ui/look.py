"""What a screen says of one registrant at one SPAR."""

from odoo import fields
from odoo.tools.misc import format_datetime, format_time

from odoo.addons.g2p_spar_financial_address.const import EDITOR
from odoo.addons.g2p_spar_sync_queue.progress import digest

from .kinds import MOVING, OPERATOR, RESENT, SAME, TAKEN

#: States of a registrant in which nothing more is to be said than how SPAR compares.
SETTLED = ("in_sync", "ended", "no_address")


class Look:
    """What is shown of one registrant at one SPAR.

    :param partner: the registrant, in the environment of whoever looks
    :param connection: the connection, as the system sees it
    :param reading: what SPAR answered last, if ever
    :param entry: the mapping as the engine reads it, if there is one
    :param str code: why SPAR has not answered now, ``""`` if it has, None if it was not
        asked
    """

    def __init__(self, partner, connection, reading, entry, code):
        self.env = partner.env
        self.partner = partner
        self.connection = connection
        spar_id = self.env["g2p.spar.reading"]._question(partner, entry).spar_id
        #: What SPAR answered under the ID the registrant has now.
        self.reading = reading if reading and reading.spar_id == spar_id else None
        self.entry = entry
        self.code = code
        mapping = self.env["g2p.spar.mapping"].sudo()
        self.mapping = mapping.browse(entry and entry.id)
        #: How SPAR differs, if it has just answered.
        self.kind = self.reading.kind if self.reading and code == "" else None
        if self.kind and self.mapping and self.mapping._with_newer_change():
            self.kind = MOVING

    def row(self, named):
        """Return what is shown.

        :param bool named: whether the connection has to be told from others
        """
        current = self.code == ""
        text, moment = self._answer() if current else self._last_known()
        return {
            "id": self.connection.id,
            "connection": self.connection.name if named else "",
            "reading": self.reading.id if self.reading else False,
            "text": text,
            "when": self._moment(moment),
            "current": current,
            "settled": self.kind == SAME,
            "again": self.code == "busy",
            "problem": self._problem(),
            "sentence": self._sentence(),
            **self._badge(),
            **self._cures(),
        }

    # === WHAT SPAR HOLDS === #

    def _answer(self):
        nothing = self.env._("No address")
        return self.reading.masked or nothing, self.reading.read_at

    def _last_known(self):
        """Return what SPAR held when it was last seen, and when that was.

        By the engine or on a screen, whichever was later.
        """
        seen = self._seen_by_engine()
        read_at = self.reading and self.reading.read_at
        if seen and not (read_at and read_at > seen[1]):
            return seen
        return self._answer() if read_at else (self.env._("Not known"), None)

    def _seen_by_engine(self):
        """Return the same by what the engine remembers, if that can be told.

        It keeps no more than a digest, so only what is requested now can be recognised.
        """
        entry = self.entry
        if not entry or not entry.seen_at:
            return None
        if not entry.linked_spar_id:
            return self.env._("No address"), entry.seen_at
        wanted = self.env["g2p.spar.reading"]._wanted(entry)
        if not wanted.value or digest(*wanted.value) != entry.held_digest:
            return None
        Strategy = self.env["g2p.fa.strategy"].sudo()
        return Strategy._spar_masked(*wanted.value), entry.seen_at

    # === HOW IT COMPARES === #

    def _badge(self):
        if self.code != "":
            known = self.code and (self.reading or self.entry)
            return {"badge": self.env._("Last known") if known else "", "look": "light"}
        if self.kind == MOVING:
            return {"badge": "", "look": ""}
        if self.kind != SAME:
            return {"badge": self.env._("Differs"), "look": "warning"}
        if not self.reading.masked:
            return {"badge": "", "look": ""}
        return {"badge": self.env._("In sync"), "look": "success"}

    def _cures(self):
        """Return what the user may do about a difference."""
        differs = bool(self.mapping) and self.env.user.has_group(OPERATOR)
        enters = differs and self.env.user.has_group(EDITOR)
        return {
            "mayResend": differs and self.kind in RESENT,
            "mayTake": enters and self.kind in TAKEN,
        }

    def _sentence(self):
        """Return in one sentence how far apart the two are, and what happens next."""
        partner = self.partner
        if partner.financial_address_state in ("draft", "to_approve"):
            return partner.spar_sentence
        state = self.mapping.display_state if self.mapping else "no_address"
        if state not in SETTLED or self.kind == MOVING:
            return self.mapping.with_env(self.env).sentence
        if self.kind in (None, SAME):
            return self._in_sync_sentence(state)
        return self._difference_sentence()

    def _in_sync_sentence(self, state):
        if self.kind is None or state != "in_sync":
            mapping = self.mapping.with_env(self.env)
            return mapping.sentence if mapping else self.partner.spar_sentence
        return self.env._("SPAR holds what was requested.")

    def _difference_sentence(self):
        sentences = {
            "ours_newer": self.env._("SPAR still holds an earlier address."),
            "spar_newer": self.env._(
                "SPAR holds something else: somebody else has changed it there."
            ),
            "unknown": self.env._(
                "SPAR holds no address for this ID, although one was sent."
            ),
            "left_over": self.env._(
                "SPAR holds an address, although none is requested here."
            ),
        }
        return sentences.get(self.kind) or self.env._(
            "SPAR holds something that cannot be compared with what was requested."
        )

    def _problem(self):
        """Return why SPAR has not answered just now, in words."""
        if not self.code:
            return ""
        connection = self.connection.with_env(self.env)
        if self.code == "copy":
            return connection._neutralised_text()
        if self.code == "resting":
            return self.env._(
                "SPAR cannot be reached. It is left alone until %s.",
                self._moment(self.connection.breaker_until),
            )
        call = self.env._("Whoever looks after the connection has to act.")
        return {
            "no_id": self.env._("Without an ID, SPAR cannot be asked."),
            "paused": self.env._("Sending is paused, and SPAR is not asked."),
            "key": self.env._("The signing key cannot be used. %s", call),
            "refused": self.env._("SPAR does not accept our signature. %s", call),
            "busy": self.env._("Others are asking SPAR right now."),
            "often": self.env._("You have asked very often. Try again in a minute."),
            "unclear": self.env._("SPAR gave no clear answer."),
        }.get(self.code) or self.env._("SPAR cannot be reached right now.")

    def _moment(self, moment):
        """Return a moment as people say it: today's without the date."""
        if not moment:
            return ""
        today = fields.Datetime.context_timestamp(self.partner, fields.Datetime.now())
        local = fields.Datetime.context_timestamp(self.partner, moment)
        if local.date() == today.date():
            return format_time(self.env, moment, time_format="short")
        return format_datetime(self.env, moment)
