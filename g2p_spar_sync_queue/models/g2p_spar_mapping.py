from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

from ..spar.words import RESOLVE

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


class Unchecked(fields.Many2one):
    """A many2one without the database's foreign key, whose check costs each write.

    For records that cannot be deleted but together with those that refer to them.
    """

    def update_db_foreign_key(self, model, column):
        """Create none."""


class G2pSparMapping(models.Model):
    """Our record of one registrant's row at SPAR.

    It says what is wanted there, what was last seen there, and how far apart they
    are. Only the engine writes it: it holds the row's lock while it talks to SPAR, and
    a user who wrote it would wait for that. Users append changes instead.
    """

    _name = "g2p.spar.mapping"
    _description = "Registrant at SPAR"
    _order = "id desc"

    connection_id = fields.Many2one(
        "g2p.spar.connection", required=True, readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Registrant",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    change_ids = fields.One2many("g2p.spar.change", "mapping_id", string="Changes")
    state = fields.Selection(
        [
            ("due", "To send"),
            ("retrying", "Retrying"),
            ("checking", "Checking"),
            ("waiting_id", "Waiting for ID"),
            ("held", "Needs attention"),
            ("skipped", "Skipped"),
            ("in_sync", "In sync"),
            ("ended", "Ended"),
        ],
        required=True,
        default="due",
        readonly=True,
    )

    # What is wanted, and how far the engine has come with it.
    wanted_change_id = Unchecked(
        "g2p.spar.change", readonly=True, help="The newest change taken up."
    )
    attempts = fields.Integer(
        readonly=True, help="Failed attempts since the last success or change."
    )
    next_attempt_at = fields.Datetime("Next attempt", readonly=True)
    send_group = fields.Char(
        readonly=True,
        help="A request failed as a whole; those with the same word here are sent "
        "together and with nobody else, to find out who is to blame.",
    )
    outcome = fields.Char("Failure class", readonly=True)
    reason_code = fields.Char("SPAR's code", readonly=True)
    request_id = fields.Char(
        "Last request", readonly=True, help="The message ID to tell SPAR's support."
    )

    recorded_sending = fields.Integer(
        readonly=True, help="The last request here of which is known what came of it."
    )
    # The request whose outcome was lost: while there is an ID here, SPAR is asked about
    # it before anything else is sent.
    sending_operation = fields.Char(readonly=True)
    sending_spar_id = fields.Char(readonly=True)

    # What SPAR holds, as far as is known.
    linked_spar_id = fields.Char(
        "SPAR ID linked", readonly=True, help="The ID under which SPAR has a row."
    )
    # No role may read it: with the masked number the rest could be guessed. After a
    # colon follows the digest of the name and phone that were sent, if any.
    held_digest = fields.Char(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="SHA-256 of what SPAR holds; empty while unknown.",
    )
    seen_at = fields.Datetime("Seen at SPAR", readonly=True)

    display_state = fields.Selection(
        DISPLAY_STATES, string="Status", compute="_compute_display_state"
    )
    sentence = fields.Char("What happens next", compute="_compute_display_state")

    _one_per_registrant = models.Constraint(
        "UNIQUE(partner_id, connection_id)",
        "This registrant already has a mapping for this connection.",
    )
    # At most one mapping with a row or a request at SPAR per ID, whatever the workers
    # do. Where both are set they are the same ID.
    _one_holder_per_id = models.UniqueIndex(
        "(connection_id, COALESCE(linked_spar_id, sending_spar_id))"
        " WHERE COALESCE(linked_spar_id, sending_spar_id) IS NOT NULL"
    )
    # What the engine has taken up and not finished, by the moment it is due.
    _moving = models.Index(
        "(connection_id, (COALESCE(next_attempt_at, '-infinity')))"
        " WHERE state IN ('due', 'retrying', 'checking')"
        " AND paused IS NOT TRUE"
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_id")
    def _compute_display_name(self):
        for mapping in self:
            mapping.display_name = mapping.partner_id.display_name

    @api.depends(
        "state",
        "paused",
        "next_attempt_at",
        "attempts",
        "reason_code",
        "connection_id.state",
        "connection_id.breaker_state",
    )
    def _compute_display_state(self):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT m.id, %s FROM g2p_spar_mapping m
                     JOIN g2p_spar_connection k ON k.id = m.connection_id
                    WHERE m.id = ANY(%s)""",
                shown_state("m", "k"),
                list(self.ids),
            )
        )
        shown = dict(rows)
        unresolved = self._unresolved() if "paused" in shown.values() else {}
        for mapping in self:
            mapping.display_state = shown.get(mapping.id, False)
            away = mapping.sudo().connection_id.breaker_state != "closed"
            sentence = mapping._sentence(mapping.display_state, away)
            if mapping.id in unresolved:
                sentence = self.env._(
                    "%s The answer to the last request is unknown: SPAR is asked once "
                    "sending goes on.",
                    sentence,
                )
            mapping.sentence = sentence

    def _unresolved(self):
        """Return those with a lost answer of which the engine does not ask SPAR.

        It does not while sending is paused, for one registrant or the connection.

        :return: by id the SPAR ID of the request
        :rtype: dict
        """
        if not self.ids:
            return {}
        self.env.flush_all()
        paused = dict(
            self.env.execute_query(
                SQL(
                    """SELECT m.id, CASE WHEN m.state IN %s THEN m.sending_spar_id END
                         FROM g2p_spar_mapping m
                         JOIN g2p_spar_connection k ON k.id = m.connection_id
                        WHERE m.id = ANY(%s) AND (m.paused OR k.state != 'running')""",
                    MOVING,
                    list(self.ids),
                )
            )
        )
        if not paused:
            return {}
        # Also of a request whose sender died: nobody has taken that up yet.
        doubts = self.env["g2p.spar.sending"].sudo()._doubts([*paused])
        sent = {i: d.spar_id for i, d in doubts.items() if d.operation != RESOLVE}
        return sent | {id_: spar_id for id_, spar_id in paused.items() if spar_id}

    def _with_newer_change(self):
        """Return those with a change the engine has not taken up yet."""
        if not self.ids:
            return self.browse()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT m.id FROM g2p_spar_mapping m WHERE m.id = ANY(%s) AND %s",
                list(self.ids),
                NEWER_CHANGE,
            )
        )
        return self.browse(id_ for (id_,) in rows)

    def _sentence(self, state, away):
        """Return what happens next, in plain words.

        :param str state: what is shown
        :param bool away: whether SPAR is left alone for now
        """
        self.ensure_one()
        if state == "retrying" and away:
            return self.env._(
                "SPAR cannot be reached. It is asked again at %s, and then this is "
                "sent.",
                self._local(self.sudo().connection_id.breaker_until),
            )
        if state == "paused" and self.paused:
            return self._intervened_sentence(
                ("pause",), self.env._("Resume to send what waits.")
            )
        if state == "differs":
            return self._intervened_sentence(
                ("skip", "cancel"),
                self.env._("SPAR keeps what it has until the next change."),
            )
        if state == "paused":
            return self.sudo().connection_id.pause_reason or self.env._(
                "Sending has not been started."
            )
        if state == "in_sync":
            return self.env._("SPAR confirmed this on %s.", self._local(self.seen_at))
        if state == "ended":
            return self.env._("No longer paid here. Nothing is left at SPAR.")
        if state == "waiting_id":
            return self.env._("Will go to SPAR as soon as this registrant has an ID.")
        if state == "retrying" and self.reason_code == "id.taken":
            return self.env._(
                "Another registrant's address is still at SPAR under this ID. "
                "This one follows as soon as it is gone."
            )
        if state == "retrying":
            return self.env._(
                "SPAR could not take it yet. Next attempt at %(time)s "
                "(attempt %(number)s).",
                time=self._local(self.next_attempt_at),
                number=self.attempts + 1,
            )
        if state == "checking":
            return self.env._(
                "The last answer was lost. Checking what SPAR holds before anything "
                "is sent again."
            )
        if state == "held":
            return self._held_sentence()
        return self.env._("Saved. Being sent to SPAR.")

    def _held_sentence(self):
        if self.reason_code == "address.unwritable":
            return self.env._(
                "This address cannot be written for SPAR. Check the names and codes of "
                "its provider and branch, or amend it."
            )
        if self.reason_code == "rjct.id.invalid":
            cause = self.env._("SPAR does not accept this registrant's ID.")
        elif self.reason_code == "rjct.fa.invalid":
            cause = self.env._("SPAR does not accept this address.")
        else:
            cause = self.env._("SPAR refused it.")
        return self.env._("%s Correct the registrant, and it is sent again.", cause)

    def _local(self, moment):
        return format_datetime(self.env, moment) if moment else ""


#: States in which the engine has something to do. As literals, for the partial index.
MOVING = SQL("('due', 'retrying', 'checking')")


def newer_change(alias):
    """Return SQL: a mapping has a change the engine has not taken up yet.

    :param str alias: of the mapping
    """
    return SQL(
        """EXISTS (SELECT FROM g2p_spar_change c
                    WHERE c.mapping_id = %s AND c.state = 'queued')""",
        SQL.identifier(alias, "id"),
    )


#: SQL on a mapping ``m``.
NEWER_CHANGE = newer_change("m")


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
