"""Nothing is sent from a database that is not the one that last spoke to SPAR."""

import json
import logging
from pathlib import Path

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import config

from ..transactions import apart, commit

_logger = logging.getLogger(__name__)

#: Seconds after which the run is given a new number: what a restored database may be
#: younger than without being noticed, where PostgreSQL itself does not tell.
RUN_SECONDS = 60


class G2pSparConnection(models.Model):
    """The restore guard.

    A restored database holds old addresses, and SPAR newer ones; a copy would speak to
    SPAR beside the original. Three things are compared before a worker begins:

    - PostgreSQL's own identity of the database: a restored dump or a copy is another
      database there, a restored server is on another timeline;
    - Odoo's database ID, which a copy made by Odoo does not share;
    - the number of the run, counted up every minute in the database and then in a file
      of Odoo's data folder: a database that was put back in place lags behind the file.
    """

    _inherit = "g2p.spar.connection"

    guard_identity = fields.Char(readonly=True, copy=False)
    guard_run = fields.Integer(default=0, readonly=True, copy=False)
    guard_at = fields.Datetime(readonly=True, copy=False)
    is_other_database = fields.Boolean(
        "Restored or copied",
        readonly=True,
        copy=False,
        help="This database is not the one that last spoke to SPAR.",
    )

    def _is_guarded(self):
        """Whether this is the database that last spoke to SPAR; otherwise pause.

        Called before a worker begins, in no transaction worth keeping.
        """
        self.ensure_one()
        # The file first, then the database as of later: the file is written last.
        noted = self._read_witness()
        commit(self.env)
        if self.state != "running":
            return False
        if self._is_neutralised():
            apart(self.env, lambda: self._pause(self._neutralised_text()))
            return False
        if self._is_elsewhere(noted):
            apart(self.env, self._ask_before_sending)
            return False
        identity = self._database_identity()
        run = apart(self.env, lambda: self._count_run(identity))
        if run:
            self._write_witness(run)
        return True

    def _notice_other_database(self):
        """Pause those that may not be resumed here before a person knows where it is.

        No worker looks at a connection that is paused or was never started, so one that
        was saved like that is noticed only now.

        :return: those connections
        """
        others = self.sudo().filtered(
            lambda connection: connection._is_elsewhere(connection._read_witness())
        )
        for connection in others:
            connection._ask_before_sending()
        return others.with_env(self.env)

    def _is_elsewhere(self, noted):
        """Whether another database spoke to SPAR last, as far as can be told.

        :param int noted: the number of the last run as the witness has it
        """
        known = self.guard_identity
        return noted > self.guard_run or (
            bool(known) and known != self._database_identity()
        )

    def _ask_before_sending(self):
        noted = self._read_witness()
        self._hold()
        if not self._is_elsewhere(noted):
            # Another worker noticed it at the same moment.
            return
        self._stop(
            self.env._(
                "This database was restored or copied: it is not the one that last "
                "spoke to SPAR, which may hold newer addresses. Compare with SPAR "
                "first. Resume only if this is the registry that is to go on."
            ),
            alert=True,
        )
        # It was noticed here. Restored elsewhere from now on, it is noticed there.
        self.write(
            {
                "is_other_database": True,
                "guard_identity": self._database_identity(),
                "guard_run": max(self.guard_run, noted),
            }
        )

    def _count_run(self, identity):
        """Number the run anew, if that is due; return the number if so."""
        self.env.cr.execute(
            """UPDATE g2p_spar_connection
                  SET guard_run = COALESCE(guard_run, 0) + 1, guard_identity = %s,
                      guard_at = clock_timestamp() AT TIME ZONE 'UTC'
                WHERE id = %s AND (guard_identity IS NULL OR guard_at IS NULL
                   OR guard_at < clock_timestamp() AT TIME ZONE 'UTC'
                                 - %s * INTERVAL '1 second')
            RETURNING guard_run""",
            [identity, self.id, RUN_SECONDS],
            log_exceptions=False,
        )
        row = self.env.cr.fetchone()
        return row and row[0]

    def _adopt_database(self):
        """Somebody has decided that this is the database to go on with.

        :raise UserError: when it is a neutralised copy
        """
        self._refuse_copies()
        for connection in self.sudo():
            run = max(connection.guard_run, connection._read_witness()) + 1
            connection.write(
                {
                    "guard_identity": connection._database_identity(),
                    "guard_run": run,
                    "guard_at": fields.Datetime.now(),
                    "is_other_database": False,
                }
            )

    def _database_identity(self):
        """Return what PostgreSQL and Odoo know this database by."""
        self.env.cr.execute(
            """SELECT oid, has_function_privilege('pg_control_system()', 'EXECUTE')
                 FROM pg_database WHERE datname = current_database()"""
        )
        oid, may_look = self.env.cr.fetchone()
        parts = [self._database_uuid(), oid]
        if may_look:
            # The timeline that is written to. pg_control_checkpoint() keeps the former
            # one until the first checkpoint after a promotion ends, minutes later.
            self.env.cr.execute(
                """SELECT (pg_control_system()).system_identifier,
                          ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
                          )::bit(32)::bigint"""
            )
            parts += self.env.cr.fetchone()
        return "/".join(map(str, parts))

    def _database_uuid(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    def _refuse_copies(self):
        """Raise in a neutralised copy.

        :raise UserError: which says so
        """
        if self._is_neutralised():
            raise UserError(self._neutralised_text())

    def _is_neutralised(self):
        parameters = self.env["ir.config_parameter"].sudo()
        return bool(parameters.get_param("database.is_neutralized"))

    def _neutralised_text(self):
        return self.env._("This is a neutralised copy. It never speaks to SPAR.")

    # === THE WITNESS === #

    def _witness_folder(self):
        return Path(config["data_dir"]) / "spar"

    def _witness(self):
        # With the database's ID: a new database may have the name of a dropped one.
        name = f"{self.env.cr.dbname}-{self._database_uuid()}-{self.id}.json"
        return self._witness_folder() / name

    def _read_witness(self):
        """Return the number of the last run as the file has it, 0 if there is none."""
        try:
            return int(json.loads(self._witness().read_text())["run"])
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError):
            _logger.warning("connection %s: its witness file is unreadable", self.id)
            return 0

    def _write_witness(self, run):
        """Note the number of the run, in one piece or not at all."""
        path = self._witness()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".new")
            draft.write_text(json.dumps({"run": run}))
            draft.replace(path)
        except OSError as error:
            # Sending goes on: PostgreSQL's identity still guards.
            _logger.warning("no witness file can be written (%s)", error.strerror)
