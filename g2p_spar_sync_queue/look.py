"""What a screen says of one registrant at one SPAR."""

from odoo import fields
from odoo.tools.misc import format_datetime, format_time

from odoo.addons.g2p_spar_financial_address.const import EDITOR, VIEWER

from .kinds import MOVING, OPERATOR, RESENT, SAME, TAKEN, UNRESOLVED
from .progress import digest, of_address

#: States of a registrant in which nothing more is to be said than how SPAR compares.
SETTLED = ("in_sync", "ended", "no_address")
#: Why SPAR was not asked that is nobody's business but of those who run the registry.
INTERNAL = ("copy", "key", "refused")


class Look:
    """What is shown of one registrant at one SPAR.

    :param partner: the registrant, in the environment of whoever looks
    :param connection: the connection, as the system sees it
    :param reading: what SPAR answered last, if ever
    :param entry: the mapping as the engine reads it, if there is one
    :param str code: why SPAR has not answered now, ``""`` if it has, None if it was not
        asked
    :param str asker: who looks, where that is not the user of the environment
    """

    def __init__(self, partner, connection, reading, entry, code, asker=None):
        self.env = partner.env
        self.asker = asker
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
        is_told = self.kind and self.kind != UNRESOLVED
        if is_told and self.mapping and self.mapping._with_newer_change():
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
            "seen_at": moment or None,
            "current": current,
            "settled": self.kind == SAME,
            "again": self.code == "busy",
            "problem": self._problem(),
            **self._state(),
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
        if not wanted.value or digest(*wanted.value) != of_address(entry.held_digest):
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
        if self.kind == UNRESOLVED:
            return {"badge": self.env._("Answer unknown"), "look": "warning"}
        if self.kind != SAME:
            return {"badge": self.env._("Differs"), "look": "warning"}
        if not self.reading.masked:
            return {"badge": "", "look": ""}
        return {"badge": self.env._("In sync"), "look": "success"}

    def _cures(self):
        """Return what the user may do about a difference."""
        differs = bool(self.mapping) and self._may(OPERATOR)
        enters = differs and self._may(EDITOR)
        return {
            "mayResend": differs and self.kind in RESENT,
            "mayTake": enters and self.kind in TAKEN,
        }

    def _may(self, group):
        """Whether it is a user with this role who looks, whatever the code may do."""
        return not self.asker and self.env.user.has_group(group)

    # === WHAT HAPPENS NEXT === #

    def _state(self):
        """Return in a code and in words how far apart the two are, and what is next."""
        partner = self.partner
        state = self.mapping.display_state if self.mapping else "no_address"
        if partner.financial_address_state in ("draft", "to_approve"):
            return self._known_state(partner)
        if state not in SETTLED or self.kind == MOVING:
            return self._known_state(self.mapping)
        if self.kind not in (None, SAME):
            return {"code": "differs", "sentence": self._difference_sentence()}
        if self.kind == SAME and state == "in_sync":
            sentence = self.env._("SPAR holds what was requested.")
            return {"code": state, "sentence": sentence}
        return self._known_state(self.mapping or partner)

    def _known_state(self, record):
        """Return what the registrant or its mapping says of itself.

        Names of those who work here, and reasons they gave, are for their colleagues.
        """
        record = record.with_env(self.env)
        if record._name == "res.partner":
            code, sentence = record.spar_state, record.spar_sentence
        else:
            code, sentence = record.display_state, record.sentence
        if not self._may(VIEWER):
            sentence = self._discreet_sentence(code) or sentence
        return {"code": code, "sentence": sentence}

    def _discreet_sentence(self, code):
        return {
            "to_approve": self.env._("Saved. Waiting for a second person."),
            "paused": self.env._("Saved. Sending to SPAR is paused for now."),
            "differs": self.env._("SPAR keeps what it has until the next change."),
        }.get(code)

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
        if self.code in INTERNAL and not self._may(VIEWER):
            return self.env._("SPAR cannot be asked right now.")
        if self.code == "copy":
            return self.connection.with_env(self.env)._neutralised_text()
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
