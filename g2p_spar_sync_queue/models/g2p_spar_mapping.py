import json

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

#: First key of the advisory locks on registrants; the second is the partner's id.
REGISTRANT_LOCK = 0x53504152  # "SPAR"

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


#: How the engine's states are shown, where that is not by the same word.
SHOWN_AS = {"due": "on_its_way", "sending": "on_its_way", "skipped": "differs"}


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
            ("sending", "Being sent"),
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
    wanted_change_id = fields.Many2one(
        "g2p.spar.change", readonly=True, help="The newest change taken up."
    )
    confirmed_change_id = fields.Many2one(
        "g2p.spar.change", readonly=True, help="The newest change SPAR confirmed."
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

    # The request whose outcome is not known yet: while there is an ID here, SPAR is
    # asked about it before anything else is sent.
    sending_operation = fields.Char(readonly=True)
    sending_spar_id = fields.Char(readonly=True)

    # What SPAR holds, as far as is known.
    linked_spar_id = fields.Char(
        "SPAR ID linked", readonly=True, help="The ID under which SPAR has a row."
    )
    # Nobody may read it: whoever knows the masked number could guess the rest.
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
        " WHERE state IN ('due', 'sending', 'retrying', 'checking')"
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
        newer = self._with_newer_change()
        for mapping in self:
            state = SHOWN_AS.get(mapping.state, mapping.state)
            # A request already sent is told of first: it decides about the newer one.
            if mapping in newer and mapping.state not in ("sending", "checking"):
                state = "on_its_way"
            connection = mapping.sudo().connection_id
            away = connection.breaker_state != "closed"
            if state in ("on_its_way", "retrying", "checking"):
                if connection.state != "running" or mapping.paused:
                    state = "paused"
                elif away and state == "on_its_way":
                    state = "retrying"
            mapping.display_state = state
            mapping.sentence = mapping._sentence(state, away)

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

    # === CAPTURE: IN THE USER'S TRANSACTION === #

    @api.model
    def _capture(self, partners, channel, connections=None):
        """Append a change for each registrant, and wake the engine.

        In the transaction of whoever made the change: rolled back with it, published
        with it. Nothing is sent here, and no existing mapping is written.

        Every registrant gets a mapping here, even without an address. The row is what
        two transactions about one registrant meet at: neither sees the other's, but
        the second to create it is run again by Odoo, and then sees both.

        :param str channel: one of the channels of a financial address; None for the
            one each address came in by
        :param connections: by default all that have been started
        """
        Connection = self.env["g2p.spar.connection"].sudo()
        # Only what is needed of them here: they hold much else.
        connections = connections or Connection.search_fetch(
            [("state", "!=", "draft")], ["batch_size"]
        )
        if not connections or not partners:
            return
        # Serial ids are not commit order: whoever takes the lock first also commits
        # first. In one order, so that two batches cannot wait for each other.
        self.env.cr.execute(
            "SELECT pg_advisory_xact_lock(%s, id) FROM unnest(%s) AS id",
            [REGISTRANT_LOCK, sorted(partners.ids)],
        )
        for connection in connections:
            self.sudo()._append_changes(partners, channel, connection)

    def _append_changes(self, partners, channel, connection):
        """Append a change for each registrant; by SQL, since people wait for it.

        Who has no address and never had a mapping has nothing to be sent.
        """
        address_of = self.env["g2p.financial.address"]._in_use(partners)
        new = self._ensure(connection, partners)
        changes = []
        for mapping_id, partner_id in self._ids_of(connection, partners):
            address = address_of.get(partners.browse(partner_id))
            if address or mapping_id not in new:
                changes.append(
                    {
                        "mapping_id": mapping_id,
                        "address_id": address and address.id,
                        "channel": channel or address.channel,
                    }
                )
        self.env.cr.execute(
            """INSERT INTO g2p_spar_change
                      (mapping_id, connection_id, address_id, channel, state,
                       create_uid, create_date, write_uid, write_date)
               SELECT mapping_id, %(connection)s, address_id, channel, 'queued',
                      %(uid)s, now() AT TIME ZONE 'UTC',
                      %(uid)s, now() AT TIME ZONE 'UTC'
                 FROM json_to_recordset(%(changes)s)
                      AS v(mapping_id int, address_id int, channel text)""",
            {
                "connection": connection.id,
                "uid": self.env.uid,
                "changes": json.dumps(changes),
            },
        )
        mappings = self.browse(change["mapping_id"] for change in changes)
        mappings.invalidate_recordset(["change_ids", "display_state", "sentence"])
        partners.invalidate_recordset(["spar_mapping_ids"])
        mappings._wake_up_through(connection)

    def _ids_of(self, connection, partners):
        """Return ``[(mapping id, partner id)]`` of these registrants."""
        self.env.cr.execute(
            """SELECT id, partner_id FROM g2p_spar_mapping
                WHERE connection_id = %s AND partner_id = ANY(%s) ORDER BY id""",
            [connection.id, partners.ids],
        )
        return self.env.cr.fetchall()

    def _ensure(self, connection, partners):
        """Create the mappings that are missing, in state ``ended``: nothing wanted yet.

        Only those this transaction does not see: to meet one the engine has written
        meanwhile would have the whole of the user's work done again.

        :return: the ids of those that were created
        """
        self.env.cr.execute(
            """
            INSERT INTO g2p_spar_mapping
                   (connection_id, partner_id, state, create_uid, create_date,
                    write_uid, write_date)
            SELECT %(connection)s, v.id, 'ended', %(uid)s, now() AT TIME ZONE 'UTC',
                   %(uid)s, now() AT TIME ZONE 'UTC'
              FROM unnest(%(partners)s) AS v(id)
             WHERE NOT EXISTS (
                   SELECT FROM g2p_spar_mapping m
                    WHERE m.partner_id = v.id AND m.connection_id = %(connection)s)
            ON CONFLICT (partner_id, connection_id) DO NOTHING
            RETURNING id
            """,
            {
                "connection": connection.id,
                "partners": sorted(partners.ids),
                "uid": self.env.uid,
            },
            log_exceptions=False,
        )
        return {id_ for (id_,) in self.env.cr.fetchall()}


#: States in which the engine has something to do. As literals, for the partial index.
MOVING = SQL("('due', 'sending', 'retrying', 'checking')")

#: SQL on a mapping ``m``: it has a change the engine has not taken up yet.
NEWER_CHANGE = SQL(
    """EXISTS (SELECT FROM g2p_spar_change c
               WHERE c.mapping_id = m.id AND c.state = 'queued')"""
)
