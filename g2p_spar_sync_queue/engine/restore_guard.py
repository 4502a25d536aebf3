"""Guard: nothing is sent from a database that is not the one that last used SPAR.

A restored database holds old addresses, and SPAR newer ones; a copy would write to SPAR
besides the original. Three things are compared before a worker begins:

- PostgreSQL's own identity of the database: a restored dump or a copy is another
  database there, a restored server is on another timeline;
- Odoo's database ID, which a copy made by Odoo does not share;
- the number of the run, counted up every minute in the database and then in a file of
  Odoo's data folder, the witness: a database that was put back in place lags behind it.
"""

import json
import logging
from pathlib import Path

from odoo import fields
from odoo.tools import config

from ..transactions import commit, commit_with_retry
from . import breaker, store

_logger = logging.getLogger(__name__)

#: Seconds after which the run gets a new number: what a restored database may be
#: younger than without being noticed, where PostgreSQL itself does not show it.
RUN_SECONDS = 60


def may_send(connection):
    """Return whether this database last used SPAR; otherwise pause the connection.

    Called before a worker begins, in no transaction worth keeping.

    :param connection: a ``g2p.spar.connection``
    :rtype: bool
    """
    connection.ensure_one()
    # The file first, then the database as of later: the file is written last.
    noted = read_witness(connection)
    commit(connection.env)
    if connection.state != "running":
        return False
    if is_neutralised(connection.env):
        text = connection._neutralised_text()
        commit_with_retry(connection.env, lambda: connection._pause(text))
        return False
    if _is_elsewhere(connection, noted):
        commit_with_retry(connection.env, lambda: _ask_before_sending(connection))
        return False
    identity = database_identity(connection.env)
    run = commit_with_retry(
        connection.env,
        lambda: store.count_run(connection.env, connection.id, identity, RUN_SECONDS),
    )
    if run:
        write_witness(connection, run)
    return True


def notice_other_database(connections):
    """Pause connections of another database before they are resumed here.

    No worker checks a connection that is paused or was never started, so one whose
    database was saved like that is noticed only now.

    :param connections: ``g2p.spar.connection``
    :return: those of another database
    """
    others = connections.sudo().filtered(
        lambda connection: _is_elsewhere(connection, read_witness(connection))
    )
    for connection in others:
        _ask_before_sending(connection)
    return others.with_env(connections.env)


def _is_elsewhere(connection, noted):
    """Return whether another database used SPAR last, as far as can be known.

    :param int noted: the number of the last run as the witness has it
    """
    known = connection.guard_identity
    return noted > connection.guard_run or (
        bool(known) and known != database_identity(connection.env)
    )


def _ask_before_sending(connection):
    noted = read_witness(connection)
    breaker.lock(connection)
    if not _is_elsewhere(connection, noted):
        # Another worker noticed it at the same moment.
        return
    connection._stop(
        connection.env._(
            "This database was restored or copied: it is not the one that last "
            "spoke to SPAR, which may hold newer addresses. Compare with SPAR "
            "first. Resume only if this is the registry that is to go on."
        ),
        alert=True,
    )
    # It was noticed here. A copy restored elsewhere later is noticed there.
    connection.write(
        {
            "is_other_database": True,
            "guard_identity": database_identity(connection.env),
            "guard_run": max(connection.guard_run, noted),
        }
    )


def adopt_database(connections):
    """Take this database for the one to go on with: a manager has decided it.

    :param connections: ``g2p.spar.connection``
    """
    for connection in connections.sudo():
        run = max(connection.guard_run, read_witness(connection)) + 1
        connection.write(
            {
                "guard_identity": database_identity(connection.env),
                "guard_run": run,
                "guard_at": fields.Datetime.now(),
                "is_other_database": False,
            }
        )


def database_identity(env):
    """Return what PostgreSQL and Odoo know this database by.

    :rtype: str
    """
    known = store.database_identity(env)
    return "/".join(map(str, [_database_uuid(env), *known]))


def is_neutralised(env):
    """Return whether this database is a neutralised copy.

    :rtype: bool
    """
    parameters = env["ir.config_parameter"].sudo()
    return bool(parameters.get_param("database.is_neutralized"))


def _database_uuid(env):
    return env["ir.config_parameter"].sudo().get_param("database.uuid")


# === THE WITNESS === #


def witness_folder():
    """Return the folder of the witness files.

    :rtype: ~pathlib.Path
    """
    return Path(config["data_dir"]) / "spar"


def witness(connection):
    """Return the path of a connection's witness file.

    :rtype: ~pathlib.Path
    """
    # With the database's ID: a new database may have the name of a dropped one.
    uuid = _database_uuid(connection.env)
    return witness_folder() / f"{connection.env.cr.dbname}-{uuid}-{connection.id}.json"


def read_witness(connection):
    """Return the number of the last run as the file has it, 0 if there is none.

    :rtype: int
    """
    try:
        return int(json.loads(witness(connection).read_text())["run"])
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError):
        _logger.warning("connection %s: its witness file is unreadable", connection.id)
        return 0


def write_witness(connection, run):
    """Store the number of the run in the file, in one piece or not at all."""
    path = witness(connection)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({"run": run}))
        draft.replace(path)
    except OSError as error:
        # Sending goes on: PostgreSQL's identity still guards.
        _logger.warning("no witness file can be written (%s)", error.strerror)
