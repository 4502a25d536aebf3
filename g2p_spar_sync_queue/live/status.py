"""Status: the state of a registrant at SPAR, the same on all screens and in the API."""

from odoo.tools import SQL, format_date

from odoo.addons.g2p_spar_financial_address.const import APPROVER, EDITOR, VIEWER
from odoo.addons.g2p_spar_financial_address.toolkit.moments import near_moment_text

from ..engine.claim import wanted_of
from ..engine.decide import ID_TAKEN
from ..engine.digest import of_address
from ..engine.store import MOVING, newer_change
from . import query
from .drift import (
    DRIFT_FOUND,
    DRIFT_MOVING,
    DRIFT_NONE,
    DRIFT_UNRESOLVED,
    IMPORTABLE,
    RESENDABLE,
)

#: The states people see in form, list, portal and API.
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
#: States without pending work: the comparison with SPAR decides what is shown.
SETTLED = ("in_sync", "ended", "no_address")
#: States that come before an address that waits for a second person: the one in use is
#: not at SPAR as it should be.
UNSETTLED = ("on_its_way", "retrying", "checking", "held", "paused", "differs")
#: Why SPAR has not answered, where the sentence of the state says the same.
SAID_BY_STATE = {"no_id": "waiting_id", "paused": "paused", "resting": "retrying"}
#: Codes of problems that are explained to viewers of payment data only.
INTERNAL = ("copy", "key", "refused")


def shown_state(alias, connection):
    """Return SQL of the state that is shown for a mapping: one of ``DISPLAY_STATES``.

    A lost answer and a wait for SPAR are shown before a newer change, because the newer
    change waits for them, too. What only waits for an ID says so before the engine has
    looked at it.

    :param str alias: of the mapping
    :param str connection: alias of its connection
    """
    return SQL(
        """CASE
             WHEN %(m)s.state NOT IN %(moving)s AND NOT %(newer)s
             THEN CASE WHEN %(m)s.state = 'skipped'
                         OR %(m)s.state IN ('in_sync', 'ended') AND %(drift)s
                       THEN 'differs' ELSE %(m)s.state END
             WHEN %(m)s.linked_spar_id IS NULL AND %(m)s.sending_spar_id IS NULL
                  AND %(without_id)s
             THEN 'waiting_id'
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
        drift=open_drift(alias),
        without_id=_without_id(alias),
    )


def open_drift(alias):
    """Return SQL: a comparison found something else at SPAR, and it is not decided.

    :param str alias: of the mapping
    """
    return SQL(
        """EXISTS (SELECT FROM g2p_spar_reconciliation_line l
                    WHERE l.mapping_id = %s AND %s)""",
        SQL.identifier(alias, "id"),
        DRIFT_FOUND,
    )


def _without_id(alias):
    """Return SQL: the registrant has an address in use and no ID, nor a shared one."""
    partner = SQL.identifier(alias, "partner_id")
    return SQL(
        """EXISTS (SELECT FROM res_partner p
                    WHERE p.id = %s AND p.spar_id IS NULL AND p.spar_id_shared IS NULL)
           AND EXISTS (SELECT FROM g2p_financial_address a
                        WHERE a.partner_id = %s AND a.state = 'effective')""",
        partner,
        partner,
    )


def spar_status(partner, ask=False, asker=None):
    """Return the address at SPAR and the requested one, for a screen or an API.

    This checks no access: the caller does, and calls it with sudo if the user has no
    right to the registrant. The content depends on the roles of the user, with sudo,
    too; with an ``asker`` it is the content for a user without roles.

    ``requested`` is empty if there is no address; otherwise it has

    * ``text``: provider and masked number;
    * ``by``: through which channel and when, for viewers also by whom;
    * ``address``: ID of the address, if the user may reveal the number, else False.

    Each of ``rows`` is about one connection to SPAR:

    * ``id``: of the connection;
    * ``connection``: its name if there are several, else ``""``;
    * ``code``: one of ``DISPLAY_STATES``; SPAR's answer counts if ``current``,
      otherwise the engine's records do;
    * ``sentence``: the state and the next step, for people;
    * ``text``: the address at SPAR, masked; or that it is unknown, or there is none;
    * ``when``: the moment SPAR had it, for people; ``""`` if unknown;
    * ``seen_at``: the same moment for programs, None if unknown;
    * ``current``: whether ``text`` is SPAR's answer of this moment, not the last known;
    * ``problem``: why SPAR has not answered, ``""`` if it has or was not asked;
    * ``again``: whether all query slots were in use, so that the page tries again soon;
    * ``badge`` and ``color``: how ``text`` compares with the requested address, and the
      badge's Bootstrap colour; may be ``""``;
    * ``settled``: whether SPAR has just answered that it has the requested address;
    * ``reading``: ID of the stored answer, False if there is none;
    * ``mayResend``, ``mayTake``: whether the user may send our address again, or take
      over SPAR's.

    :param recordset partner: the registrant
    :param bool ask: whether SPAR is asked now, which takes a few seconds at most and
        commits what this transaction did before
    :param str asker: the person who asks, if many people share one user: each has a
        limit of queries of their own. Only a digest of it is stored
    :return: ``requested`` and ``rows``; empty for a contact that is no registrant
    :rtype: dict
    """
    partner.ensure_one()
    if not partner._spar_is_registrant():
        return {}
    codes = query.ask(partner, asker) if ask else {}
    answers, entries = query.last_answers(partner), query.entries_of(partner)
    connections = query.connections(partner.env)._serving(partner)
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


def registrant_state(alias, connections):
    """Return SQL of the state a registrant is shown with: one of ``DISPLAY_STATES``.

    The only place that decides it, for the first connection that serves them: page,
    list, filter, portal and API show it, corrected by SPAR's answer of this moment
    where there is one.

    :param str alias: of the registrant's row in ``res_partner``
    :param connections: those that were ever started, in their order
    """
    return SQL(
        """(SELECT CASE
              WHEN m.shown IN %(unsettled)s THEN m.shown
              WHEN a.draft AND NOT a.pending AND NOT a.in_use THEN 'incomplete'
              WHEN a.pending THEN 'to_approve'
              WHEN m.shown IS NOT NULL THEN m.shown
              WHEN a.in_use AND %(first)s IS NULL THEN 'paused'
              WHEN a.in_use AND %(spar_id)s IS NULL AND %(shared)s IS NULL
              THEN 'waiting_id'
              WHEN a.in_use THEN 'on_its_way'
              WHEN a.ended THEN 'ended'
              ELSE 'no_address' END
            FROM (SELECT COALESCE(bool_or(state = 'draft'), FALSE) AS draft,
                         COALESCE(bool_or(state = 'to_approve'), FALSE) AS pending,
                         COALESCE(bool_or(state = 'effective'), FALSE) AS in_use,
                         COALESCE(bool_or(state = 'ended'), FALSE) AS ended
                    FROM g2p_financial_address WHERE partner_id = %(partner)s) a
            LEFT JOIN (SELECT m.seen_at, %(shown)s AS shown FROM g2p_spar_mapping m
                         JOIN g2p_spar_connection k ON k.id = m.connection_id
                        WHERE m.partner_id = %(partner)s
                          AND m.connection_id = %(first)s) m
              -- A mapping without an address is made for comparisons.
              ON m.shown != 'ended' OR m.seen_at IS NOT NULL)""",
        unsettled=UNSETTLED,
        first=_first_serving(alias, connections),
        spar_id=SQL.identifier(alias, "spar_id"),
        shared=SQL.identifier(alias, "spar_id_shared"),
        partner=SQL.identifier(alias, "id"),
        shown=shown_state("m", "k"),
    )


def _first_serving(alias, connections):
    """Return SQL of the ID of the first connection that serves a registrant."""
    company = SQL.identifier(alias, "company_id")
    cases = [
        SQL(
            "WHEN %s THEN %s",
            SQL("%s IS NULL OR %s = ANY(%s)", company, company, served.ids)
            if (served := connection._served())
            else SQL("TRUE"),
            connection.id,
        )
        for connection in connections
    ]
    return SQL("(CASE %s END)", SQL(" ").join(cases)) if cases else SQL("NULL::int")


def known_states(partners, connections):
    """Return the states of registrants as the registry knows them, by their ID.

    :param partners: the registrants
    :param connections: those that were ever started, in their order
    :rtype: dict[int, str]
    """
    env = partners.env
    env.flush_all()
    state = registrant_state("p", connections)
    ids = list(partners._origin.ids)
    return dict(
        env.execute_query(
            SQL("SELECT p.id, %s FROM res_partner p WHERE p.id = ANY(%s)", state, ids)
        )
    )


def known_state(partner, mapping, connection):
    """Return the state of a registrant at one connection, and its sentence.

    :param partner: the registrant, in the environment of the user
    :param mapping: the registrant's at that connection; may be empty
    :param connection: the connection
    :return: one of ``DISPLAY_STATES``, and one sentence
    :rtype: tuple[str, str]
    """
    state = known_states(partner, connection)[partner.id]
    return state, known_sentence(partner, mapping, state)


def known_sentence(partner, mapping, state):
    """Return the sentence of a registrant's state: what it means, and what is next.

    :param partner: the registrant, in the environment of the user
    :param mapping: the registrant's at the connection; may be empty
    :param str state: of :func:`registrant_state`
    :rtype: str
    """
    env = partner.env
    pending = partner.pending_address_id
    if state == "to_approve":
        return _pending_sentence(partner, pending)
    advice = env._("Choose the provider to finish this address.")
    if mapping and mapping.display_state == state:
        if partner.financial_address_state == "draft":
            # The address before it is not yet removed from SPAR.
            return f"{mapping.sentence} {advice}"
        if pending:
            return env._(
                "%s A newer address waits for a second person.", mapping.sentence
            )
        if state != "ended" or mapping.seen_at:
            return mapping.sentence
    sentences = {
        "incomplete": advice,
        "paused": env._("Saved. No connection to SPAR has been started."),
        "waiting_id": env._("Will go to SPAR as soon as this registrant has an ID."),
        "on_its_way": env._("Saved. Being sent to SPAR."),
        # What SPAR holds by way of another connection is not known here.
        "ended": env._("No longer paid here."),
        "no_address": env._("No payment address yet. Add one."),
    }
    return sentences[state]


def told_state(partner):
    """Return what :func:`known_state` does, for people who are no viewers.

    At the first connection, and without names of users and their reasons. The caller
    has checked the access.

    :param partner: the registrant, with sudo
    :rtype: tuple[str, str]
    """
    first = query.connections(partner.env)._serving(partner)[:1]
    mapping = partner.spar_mapping_ids.filtered(lambda one: one.connection_id == first)
    code, sentence = known_state(partner, mapping, first)
    return code, _general_sentence(mapping, code) or sentence


def _general_sentence(mapping, code):
    """Return a sentence of a state without users and reasons, where it has one.

    :param mapping: the registrant's, as superuser; may be empty
    :param str code: the state
    """
    env = mapping.env
    given_up = mapping.state == "skipped"
    return {
        "to_approve": env._("Saved. Waiting for a second person."),
        "paused": mapping and env._("Saved. Sending to SPAR is paused for now."),
        "differs": env._("SPAR keeps what it has until the next change.")
        if given_up
        else env._("SPAR holds something else than what was requested."),
        "retrying": mapping.reason_code == ID_TAKEN
        and mapping._taken_sentence(for_operators=False),
    }.get(code)


def _pending_sentence(partner, pending):
    sentence = partner.env._(
        "Entered by %(name)s on %(day)s. Waiting for a second person.",
        name=pending.entered_by,
        day=format_date(partner.env, pending.create_date),
    )
    if partner.financial_address_id == pending:
        return sentence
    return partner.env._("%s Until then the address in use stays.", sentence)


def _requested(partner, asker=None):
    """Return the address in use, or else the one that waits or is incomplete."""
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
        name=address.entered_by,
        channel=channel,
        day=day,
    )


class SparStatus:
    """The row of one registrant at one SPAR.

    :param partner: the registrant, in the environment of the user
    :param connection: the connection, as superuser
    :param answer: SPAR's last answer, a ``g2p.spar.reading``, if there is one
    :param entry: the mapping as the engine reads it, if there is one
    :param str code: why SPAR has not answered now, ``""`` if it has, None if it was not
        asked
    :param str asker: the person who asks, if that is not the user of the environment
    """

    def __init__(self, partner, connection, answer, entry, code, asker=None):
        self.env = partner.env
        self.asker = asker
        self.partner = partner
        self.connection = connection
        spar_id = query.question_of(partner, entry).spar_id
        #: SPAR's last answer, if it is about the registrant's present ID.
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
        """Return the row as :func:`spar_status` describes it.

        :param bool named: whether the connection's name is shown
        """
        current = self.code == ""
        text, moment = self._answered() if current else self._last_known()
        state = self._state()
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
            "problem": self._problem(state["code"]),
            **state,
            **self._badge(state["code"], moment),
            **self._allowed_actions(),
        }

    # === WHAT SPAR HOLDS === #

    def _answered(self):
        nothing = self.env._("No address")
        return self.answer.masked or nothing, self.answer.read_at

    def _last_known(self):
        """Return the last known address at SPAR, and the moment of it.

        From the engine's records or from the last query, whichever is later.
        """
        seen = self._seen_by_engine()
        read_at = self.answer and self.answer.read_at
        if seen and not (read_at and read_at > seen[1]):
            return seen
        return self._answered() if read_at else (self.env._("Not known"), None)

    def _seen_by_engine(self):
        """Return the same from the engine's records, or None.

        The engine stores a digest only, so only the requested address is recognised.
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

    def _badge(self, state, moment):
        """Return how what is shown of SPAR compares with what was requested.

        :param str state: the state that is shown beside it
        :param datetime moment: when SPAR had what is shown, if that is known
        """
        if self.code != "":
            known = self.code and moment
            return {
                "badge": self.env._("Last known") if known else "",
                "color": "light",
            }
        if self.kind == DRIFT_MOVING:
            return {"badge": "", "color": ""}
        if self.kind == DRIFT_UNRESOLVED:
            return {"badge": self.env._("Answer unknown"), "color": "warning"}
        if self.kind != DRIFT_NONE:
            return {"badge": self.env._("Differs"), "color": "warning"}
        if not self.answer.masked or state != "in_sync":
            return {"badge": "", "color": ""}
        return {"badge": self.env._("In sync"), "color": "success"}

    def _allowed_actions(self):
        """Return which actions on a difference the user may use."""
        differs = bool(self.mapping) and self._may(OPERATOR)
        enters = differs and self._may(EDITOR)
        return {
            "mayResend": differs and self.kind in RESENDABLE,
            "mayTake": enters and self.kind in IMPORTABLE,
        }

    def _may(self, group):
        """Whether the person who asks is a user with this role; sudo is ignored."""
        return not self.asker and self.env.user.has_group(group)

    # === WHAT HAPPENS NEXT === #

    def _state(self):
        """Return the state's code and sentence."""
        known = self._known_state()
        code = known["code"]
        # What was found or given up earlier counts less than SPAR's answer of now.
        if self.kind == DRIFT_NONE and code in ("in_sync", "differs"):
            sentence = self.env._("SPAR holds what was requested.")
            return {"code": "in_sync", "sentence": sentence}
        found = code == "differs" and self.mapping.state in SETTLED
        no_news = self.kind in (None, DRIFT_NONE, DRIFT_MOVING)
        if no_news or not (found or code in SETTLED):
            return known
        return {"code": "differs", "sentence": self._difference_sentence()}

    def _known_state(self):
        """Return the state and sentence without SPAR's answer of this moment.

        Only viewers of payment data see sentences with names of users and their
        reasons.
        """
        mapping = self.mapping.with_env(self.env)
        code, sentence = known_state(self.partner, mapping, self.connection)
        if not self._may(VIEWER):
            sentence = _general_sentence(self.mapping, code) or sentence
        return {"code": code, "sentence": sentence}

    def _difference_sentence(self):
        sentences = {
            "ours_newer": self.env._("SPAR still holds an earlier address."),
            "spar_newer": self.env._(
                "SPAR holds something else: it was changed at SPAR."
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

    def _problem(self, state):
        """Return the sentence that explains why SPAR has not answered.

        :param str state: the state whose sentence is shown beside it
        """
        if not self.code or SAID_BY_STATE.get(self.code) == state:
            return ""
        if self.code in INTERNAL and not self._may(VIEWER):
            return self.env._("SPAR cannot be asked right now.")
        if self.code == "copy":
            return self.connection.with_env(self.env)._neutralised_text()
        if self.code == "resting":
            return self.env._(
                "SPAR cannot be reached. No request is sent until %s.",
                self._moment(self.connection.breaker_until),
            )
        who_acts = self.env._("The user responsible for the connection has to act.")
        return {
            "no_id": self.env._("Without an ID, SPAR cannot be asked."),
            "paused": self.env._("Sending is paused, and SPAR is not asked."),
            "key": self.env._("The signing key cannot be used. %s", who_acts),
            "refused": self.env._("SPAR does not accept our signature. %s", who_acts),
            "busy": self.env._("Others are asking SPAR right now."),
            "often": self.env._("You have asked very often. Try again in a minute."),
            "unclear": self.env._("SPAR gave no clear answer."),
        }.get(self.code) or self.env._("SPAR cannot be reached right now.")

    def _moment(self, moment):
        """Return a moment for people: only the time if it is today."""
        return near_moment_text(self.env, moment) if moment else ""
