"""Status: what is shown of a registrant, everywhere and in one vocabulary."""

from odoo import fields
from odoo.tools import SQL, format_date
from odoo.tools.misc import format_datetime, format_time

from odoo.addons.g2p_spar_financial_address.const import APPROVER, EDITOR, VIEWER

from ..engine.claim import wanted_of
from ..engine.digest import of_address
from ..engine.store import MOVING, newer_change
from . import query
from .drift import DRIFT_MOVING, DRIFT_NONE, DRIFT_UNRESOLVED, IMPORTABLE, RESENDABLE

#: What people see: one vocabulary for form, list, portal and API.
DISPLAY_STATES = [
    ("no_address", "No address"),
    ("incomplete", "Incomplete"),
    ("to_approve", "To approve"),
    ("waiting_id", "Waiting for ID"),
    ("on_its_way", "On its way"),
    ("retrying", "Retrying"),
    ("checking", "Checking"),
    ("in_sync", "In sync"),
    ("differs", "Differs"),
    ("held", "Needs attention"),
    ("paused", "Paused"),
    ("ended", "Ended"),
]

OPERATOR = "g2p_spar_sync_queue.group_operator"
#: States of a registrant in which nothing more is to be said than how SPAR compares.
SETTLED = ("in_sync", "ended", "no_address")
#: Why SPAR was not asked that concerns only those who run the registry.
INTERNAL = ("copy", "key", "refused")


def shown_state(alias, connection):
    """Return SQL of what is shown of a mapping: one of ``DISPLAY_STATES``.

    A request already sent is shown first: its answer decides about a newer change. So
    is a wait for SPAR, which the newer change shares.

    :param str alias: of the mapping
    :param str connection: alias of its connection
    """
    return SQL(
        """CASE
             WHEN %(m)s.state NOT IN %(moving)s AND NOT %(newer)s
             THEN CASE %(m)s.state WHEN 'skipped' THEN 'differs' ELSE %(m)s.state END
             WHEN %(k)s.state != 'running' OR %(m)s.paused THEN 'paused'
             WHEN %(m)s.state = 'checking' THEN 'checking'
             WHEN %(k)s.breaker_state != 'closed' THEN 'retrying'
             WHEN %(m)s.state = 'retrying' AND (NOT %(newer)s OR
                  %(m)s.next_attempt_at > statement_timestamp() AT TIME ZONE 'UTC')
             THEN 'retrying'
             ELSE 'on_its_way' END""",
        m=SQL.identifier(alias),
        k=SQL.identifier(connection),
        moving=MOVING,
        newer=newer_change(alias),
    )


def spar_status(partner, ask=False, asker=None):
    """Return what SPAR holds and what was requested, for a screen or an API.

    No access is checked: the caller has proved the right, and calls it with sudo where
    the user has no right of their own. What may be done and seen depends on the user's
    rights all the same, and on none at all for an ``asker``: sudo adds nothing.

    ``requested`` is empty if nothing is; otherwise it has

    * ``text``: provider and masked number;
    * ``by``: through which channel and when, for viewers also by whom;
    * ``address``: ID of the address, if the user may reveal the number, else False.

    Each of ``rows`` is about one connection to SPAR:

    * ``id``: of the connection;
    * ``connection``: its name if there are several, else ``""``;
    * ``code``: one of ``DISPLAY_STATES``. What has just been read counts, if
      ``current``; otherwise what the engine knows;
    * ``sentence``: what happens next, in words;
    * ``text``: what SPAR holds, masked; in words if that is nothing or unknown;
    * ``when``: the moment of that as people say it, ``""`` if unknown;
    * ``seen_at``: the same moment for programs, None if unknown;
    * ``current``: whether SPAR has just answered; else it is what was last known;
    * ``problem``: why SPAR has not answered, ``""`` if it has or was not asked;
    * ``again``: whether others were asking, so that it is worth a second try soon;
    * ``badge`` and ``look``: how ``text`` compares with what is requested, and its
      Bootstrap colour; may be ``""``;
    * ``settled``: whether SPAR has just answered that it holds what is requested;
    * ``reading``, ``mayResend``, ``mayTake``: for operators, what to act on (False
      if SPAR has never answered) and which actions are theirs.

    :param recordset partner: the registrant
    :param bool ask: whether SPAR is asked now, for a few seconds at most. Then what
        this transaction did before is committed
    :param str asker: who asks, where many people come through one user. They share no
        limit of queries then. It is kept as a digest only
    :return: ``requested`` and ``rows``; empty for a contact that is no registrant
    :rtype: dict
    """
    partner.ensure_one()
    if not partner._spar_is_registrant():
        return {}
    codes = query.ask(partner, asker) if ask else {}
    answers, entries = query.last_answers(partner), query.entries_of(partner)
    connections = query.connections(partner.env)
    rows = []
    for connection in connections:
        status = SparStatus(
            partner,
            connection,
            answers.get(connection.id),
            entries.get(connection.id),
            codes.get(connection.id),
            asker,
        )
        rows.append(status.row(named=len(connections) > 1))
    return {"requested": _requested(partner, asker), "rows": rows}


def _requested(partner, asker=None):
    """Return the address in use, or else the one on its way there."""
    address = partner.financial_address_id
    if not address:
        return {}
    roles = {
        role
        for role in (VIEWER, EDITOR, APPROVER)
        if not asker and partner.env.user.has_group(role)
    }
    erased = address.sudo().erased_date
    return {
        "address": bool(roles & {EDITOR, APPROVER}) and not erased and address.id,
        "text": " · ".join(filter(None, (address.dfsp_id.name, address.masked))),
        "by": _requested_by(address, named=VIEWER in roles),
    }


def _requested_by(address, named):
    env = address.env
    labels = dict(address._fields["channel"]._description_selection(env))
    channel = labels[address.channel]
    day = format_date(env, address.create_date)
    if not named:
        return env._("%(channel)s, %(day)s", channel=channel, day=day)
    return env._(
        "by %(name)s (%(channel)s), %(day)s",
        name=address.sudo().entered_by_id.name,
        channel=channel,
        day=day,
    )


class SparStatus:
    """What is shown of one registrant at one SPAR.

    :param partner: the registrant, in the environment of the user
    :param connection: the connection, as superuser
    :param answer: SPAR's last answer, a ``g2p.spar.reading``, if there is one
    :param entry: the mapping as the engine reads it, if there is one
    :param str code: why SPAR has not answered now, ``""`` if it has, None if it was not
        asked
    :param str asker: who looks, where that is not the user of the environment
    """

    def __init__(self, partner, connection, answer, entry, code, asker=None):
        self.env = partner.env
        self.asker = asker
        self.partner = partner
        self.connection = connection
        spar_id = query.question_of(partner, entry).spar_id
        #: What SPAR answered under the ID the registrant has now.
        self.answer = answer if answer and answer.spar_id == spar_id else None
        self.entry = entry
        self.code = code
        mapping = self.env["g2p.spar.mapping"].sudo()
        self.mapping = mapping.browse(entry and entry.id)
        #: How SPAR differs, if it has just answered.
        self.kind = self.answer.kind if self.answer and code == "" else None
        compared = self.kind and self.kind != DRIFT_UNRESOLVED
        if compared and self.mapping and self.mapping._with_newer_change():
            self.kind = DRIFT_MOVING

    def row(self, named):
        """Return what is shown.

        :param bool named: whether the connection has to be told from others
        """
        current = self.code == ""
        text, moment = self._answered() if current else self._last_known()
        return {
            "id": self.connection.id,
            "connection": self.connection.name if named else "",
            "reading": self.answer.id if self.answer else False,
            "text": text,
            "when": self._moment(moment),
            "seen_at": moment or None,
            "current": current,
            "settled": self.kind == DRIFT_NONE,
            "again": self.code == "busy",
            "problem": self._problem(),
            **self._state(),
            **self._badge(),
            **self._cures(),
        }

    # === WHAT SPAR HOLDS === #

    def _answered(self):
        nothing = self.env._("No address")
        return self.answer.masked or nothing, self.answer.read_at

    def _last_known(self):
        """Return what SPAR held when it was last seen, and when that was.

        By the engine or on a screen, whichever was later.
        """
        seen = self._seen_by_engine()
        read_at = self.answer and self.answer.read_at
        if seen and not (read_at and read_at > seen[1]):
            return seen
        return self._answered() if read_at else (self.env._("Not known"), None)

    def _seen_by_engine(self):
        """Return the same by what the engine remembers, if that can be told.

        It keeps no more than a digest, so only what is requested now can be recognised.
        """
        entry = self.entry
        if not entry or not entry.seen_at:
            return None
        if not entry.linked_spar_id:
            return self.env._("No address"), entry.seen_at
        wanted = wanted_of(self.env(su=True), [entry])[entry.id]
        if not wanted.value or of_address(wanted.digest) != of_address(
            entry.held_digest
        ):
            return None
        Strategy = self.env["g2p.fa.strategy"].sudo()
        return Strategy._spar_masked(*wanted.value), entry.seen_at

    # === HOW IT COMPARES === #

    def _badge(self):
        if self.code != "":
            known = self.code and (self.answer or self.entry)
            return {"badge": self.env._("Last known") if known else "", "look": "light"}
        if self.kind == DRIFT_MOVING:
            return {"badge": "", "look": ""}
        if self.kind == DRIFT_UNRESOLVED:
            return {"badge": self.env._("Answer unknown"), "look": "warning"}
        if self.kind != DRIFT_NONE:
            return {"badge": self.env._("Differs"), "look": "warning"}
        if not self.answer.masked:
            return {"badge": "", "look": ""}
        return {"badge": self.env._("In sync"), "look": "success"}

    def _cures(self):
        """Return what the user may do about a difference."""
        differs = bool(self.mapping) and self._may(OPERATOR)
        enters = differs and self._may(EDITOR)
        return {
            "mayResend": differs and self.kind in RESENDABLE,
            "mayTake": enters and self.kind in IMPORTABLE,
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
        if state not in SETTLED or self.kind == DRIFT_MOVING:
            return self._known_state(self.mapping)
        if self.kind not in (None, DRIFT_NONE):
            return {"code": "differs", "sentence": self._difference_sentence()}
        if self.kind == DRIFT_NONE and state == "in_sync":
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
