"""What stops or disturbs sending: each with its cause, since when, and its cure."""

from datetime import timedelta

from psycopg2 import errors

from odoo import api, fields, models

from odoo.addons.g2p_spar_financial_address.const import COUNT_LIMIT as LIMIT
from odoo.addons.g2p_spar_financial_address.toolkit.moments import near_moment_text
from odoo.addons.g2p_spar_sync_queue.engine.wake_up import wake_up

from .g2p_spar_overview import DOMAINS

#: Minutes after which a scheduled action that runs every minute is overdue.
OVERDUE_MINUTES = 4
#: When this process was started; what was due before that had no chance to run.
STARTED = fields.Datetime.now()
#: What PostgreSQL raises when it reads but does not write.
NOT_STORED = (
    errors.DiskFull,
    errors.IoError,
    errors.OutOfMemory,
    errors.ReadOnlySqlTransaction,
)
SWEEPER = "g2p_spar_sync_queue.cron_sweep"


class Undone(Exception):
    """Takes back what was written to see whether it can be."""


class G2pSparOverview(models.AbstractModel):
    _inherit = "g2p.spar.overview"

    @api.model
    def _incidents(self, connections, facts, runner):
        """Return what stops or disturbs sending, the worst first.

        Each has a ``level``, ``stop`` or ``warn``; a ``text`` of one sentence or two,
        the cause and what cures it; ``since``, a moment or False; ``count``, how many
        registrants wait because of it, or None where that is not known, with their
        list as ``waiting``; and a ``button`` with what it does: an ``action`` to open,
        or a ``call`` of a method. Without both, it looks again.

        :param connections: all connections
        :param dict facts: of :meth:`_facts`
        :param dict runner: why jobs are not run, by the name of the cause
        :rtype: list[dict]
        """
        found = [
            *self._not_stored(),
            *(self._of_connection(one, facts[one.id]) for one in connections),
            *map(self._unverified, connections),
            *self._background(runner),
        ]
        order = ("stop", "warn")
        return sorted(filter(None, found), key=lambda one: order.index(one["level"]))

    def _incident(self, name, level, text, connection=None, since=None, **cure):
        """Return an incident; parameters as the keys in :meth:`_incidents`."""
        count, waiting = None, False
        if connection:
            domain = [("connection_id", "=", connection.id), *DOMAINS["to_send"]]
            count = self.env["g2p.spar.mapping"].search_count(domain, limit=LIMIT + 1)
            waiting = self._list(self.env._("To send"), "g2p.spar.mapping", domain)
        return {
            "name": name,
            "level": level,
            "text": text,
            "since": since and fields.Datetime.to_string(since),
            "count": count and min(count, LIMIT),
            "more": bool(count) and count > LIMIT,
            "waiting": waiting,
            "button": self.env._("Look again"),
            "action": False,
            "call": False,
            **cure,
        }

    # === THE DATABASE === #

    def _not_stored(self):
        """Return the incident that the database stores nothing, if that is so.

        A row is written and taken back: a database without space goes on answering
        what is only read.
        """
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    """INSERT INTO g2p_spar_job (model_name, method_name, due_at)
                       VALUES ('', '', 'infinity')""",
                    log_exceptions=False,
                )
                raise Undone
        except Undone:
            return []
        except errors.ReadOnlySqlTransaction:
            text = self.env._(
                "The database only reads and stores nothing: nothing entered is kept, "
                "and nothing is sent. Have its administrator make it writable."
            )
        except NOT_STORED:
            text = self.env._(
                "The database has no space left: nothing entered is kept, and nothing "
                "is sent. Have its administrator make room on its disk."
            )
        return [self._incident("not_stored", "stop", text)]

    # === CONNECTIONS === #

    def _of_connection(self, connection, facts):
        """Return the incident of one connection, or None.

        :param tuple facts: when it was heard last, and since when it has failed
        """
        state = self._state_of(connection, facts)
        if state == "paused":
            return self._paused(connection)
        name = f"{state}-{connection.id}"
        if state == "refusing":
            text = self.env._(
                "%(name)s: %(reason)s",
                name=connection.name,
                reason=connection.changes_fail_text(connection.changes_problem),
            )
            return self._incident(
                name, "stop", text, connection, facts[1], **self._test(connection)
            )
        if state == "away":
            text = self.env._(
                "%(name)s: SPAR cannot be reached. Changes wait. It is asked again at "
                "%(time)s.",
                name=connection.name,
                time=near_moment_text(self.env, connection.breaker_until),
            )
            return self._incident(
                name, "stop", text, connection, facts[1], **self._test(connection)
            )
        if state == "new_key":
            text = self.env._(
                "%s: SPAR does not accept the new key yet. It is tried again by itself "
                "for a minute; if SPAR still refuses it then, sending pauses.",
                connection.name,
            )
            return self._incident(
                name, "warn", text, connection, **self._key_button(connection)
            )
        if state == "failing" and connection.breaker_failures:
            text = self.env._(
                "%s: SPAR did not answer the last request. What it was about is tried "
                "again by itself.",
                connection.name,
            )
            return self._incident(
                name, "warn", text, connection, facts[1], **self._test(connection)
            )
        if state == "failing":
            text = self.env._(
                "%(name)s: the test failed. %(problem)s",
                name=connection.name,
                problem=connection.test_problem,
            )
            return self._incident(
                name,
                "warn",
                text,
                connection,
                connection.tested_at,
                **self._test(connection),
            )
        return None

    def _unverified(self, connection):
        """Return the incident that a SPAR checks no signatures, or None."""
        if not connection.is_unverified or connection.state == "draft":
            return None
        text = self.env._(
            "%s: this SPAR does not check signatures. It accepted a wrong one: anyone "
            "who reaches it can change where people are paid. Have its operator switch "
            "the check on, then press Detect on the connection.",
            connection.name,
        )
        return self._incident(
            f"unverified-{connection.id}",
            "warn",
            text,
            since=connection.detected_at,
            button=self.env._("Look at the connection"),
            action=self._form(connection),
        )

    def _paused(self, connection):
        text = self.env._(
            "%(name)s: %(reason)s",
            name=connection.name,
            reason=connection.pause_reason or self.env._("Paused."),
        )
        return self._incident(
            f"paused-{connection.id}",
            "stop",
            text,
            connection,
            connection.paused_at,
            **self._resumption(connection),
        )

    def _resumption(self, connection):
        """Return the button that leads to sending again."""
        form = self._form(connection)
        if connection.is_other_database:
            return {"button": self.env._("Decide"), "action": form}
        if connection.sudo().unconfirmed:
            return {"button": self.env._("Compare the settings"), "action": form}
        if connection.pause_cause:
            return self._key_button(connection)
        if connection.has_access("write"):
            call = (connection._name, "action_resume", connection.ids)
            return {"button": self.env._("Resume"), "call": call}
        return {"button": self.env._("Look at the connection"), "action": form}

    def _key_button(self, connection):
        return {
            "button": self.env._("Look at the key"),
            "action": self._form(connection.key_id or connection),
        }

    def _test(self, connection):
        if connection.has_access("write"):
            call = (connection._name, "action_test", connection.ids)
            return {"button": self.env._("Test"), "call": call}
        return {
            "button": self.env._("Look at the connection"),
            "action": self._form(connection),
        }

    def _form(self, record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    # === WORK IN THE BACKGROUND === #

    def _background(self, runner):
        """Return what stops work in the background."""
        jobs = self.env["g2p.spar.job"]
        # Those that are kept are run by a scheduled action, unless it is switched off.
        runs = jobs.is_kept() and "no_cron" not in runner
        level = "warn" if runs else "stop"
        found = [self._incident(name, level, text) for name, text in runner.items()]
        ours, others = jobs.count_unreadable()
        if ours:
            text = self.env._(
                "%s background jobs cannot be started, for example because the user "
                "they belong to was deleted. They hold up all others. Nothing is lost "
                "when they are set aside: what is due is found again.",
                ours,
            )
            cure = {}
            if self.env["g2p.spar.connection"].has_access("write"):
                cure = {
                    "button": self.env._("Set aside"),
                    "call": (self._name, "action_set_aside_jobs", None),
                }
            found.append(self._incident("unreadable_jobs", "stop", text, **cure))
        if others:
            text = self.env._(
                "%s background jobs of other apps cannot be started and may hold up "
                "those of SPAR. An administrator can cancel them under Job Queue.",
                others,
            )
            found.append(self._incident("foreign_jobs", "warn", text))
        return [*found, *self._sweeper()]

    def _sweeper(self):
        """Return the incident that scheduled actions do not run, if that is so."""
        sweeper = self._cron(SWEEPER)
        cure = {}
        if sweeper and self.env["ir.cron"].has_access("read"):
            cure = {
                "button": self.env._("Open the action"),
                "action": self._form(sweeper),
            }
        if not (sweeper and sweeper.active):
            text = self.env._(
                "The scheduled action “SPAR: send what was left behind” is switched "
                "off. A change whose job is lost is not sent. An administrator can "
                "switch it on again under Scheduled Actions."
            )
            return [self._incident("no_sweeper", "warn", text, **cure)]
        overdue = fields.Datetime.now() - timedelta(minutes=OVERDUE_MINUTES)
        if max(sweeper.nextcall, STARTED) >= overdue:
            return []
        text = self.env._(
            "Scheduled actions do not run. A change whose job is lost is not sent, and "
            "the figures are not counted. Have the server started with "
            "max_cron_threads of 1 or more."
        )
        return [
            self._incident("late_sweeper", "stop", text, since=sweeper.nextcall, **cure)
        ]

    @api.model
    def action_set_aside_jobs(self):
        """Cancel our jobs that cannot be started, and schedule their work again.

        :raise AccessError: when the user is no SPAR manager
        """
        Connection = self.env["g2p.spar.connection"]
        Connection.check_access("write")
        self.env["g2p.spar.job"].set_aside()
        wake_up(Connection.search([("state", "=", "running")]))
        running = [("state", "=", "running")]
        for name in ("g2p.spar.reconciliation", "g2p.fa.bulk"):
            self.env[name].sudo().search(running)._wake_up()
