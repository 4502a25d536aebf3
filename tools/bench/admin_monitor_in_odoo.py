"""The part of the monitor's benchmark that runs inside Odoo, in its Python shell."""

import time

from ..forks import environment
from ..postgres import Postgres
from . import crowd

OPERATOR = "g2p_spar_sync_queue.group_operator"
LOGIN = "bench-operator"
ACTION = "g2p_spar_sync_queue.g2p_spar_mapping_action"

#: How many are in trouble, in every registry, by state and by what SPAR said.
TROUBLE = [
    ("held", "rjct.fa.invalid", 60),
    ("held", "rjct.id.invalid", 40),
    ("waiting_id", None, 30),
    ("skipped", None, 10),
    ("retrying", "http.503", 20),
]


def prepare(env, registrants, changes):
    """Make a registry most of which is in sync, with the history of some years.

    :param Environment env: of Odoo's shell.
    :param int registrants: how many, each with a mapping.
    :param int changes: how many of them together.
    :return: how many changes there are.
    """
    database = env.cr.dbname
    connection = crowd.connect(database, "http://127.0.0.1:1", {})
    with environment(database) as own:
        crowd.multiply(own, registrants)
        crowd.queue_all(own, connection)
        own["res.users"].create(
            {
                "name": LOGIN,
                "login": LOGIN,
                "group_ids": [(6, 0, own.ref(OPERATOR).ids)],
            }
        )
        settle(own.cr, changes)
        make_trouble(own.cr)
    crowd.tidy(Postgres(), database)
    with environment(database) as own:
        own["g2p.spar.tally"]._cron_count()
        own.cr.execute("SELECT count(*) FROM g2p_spar_change")
        (count,) = own.cr.fetchone()
    if count < changes:
        raise ValueError(f"There are only {count} changes.")
    crowd.tidy(Postgres(), database)
    return count


def settle(cr, changes):
    """Let everything be in sync, and give it a history of earlier changes.

    :param cr: cursor.
    :param int changes: how many there should be.
    """
    cr.execute(
        """UPDATE g2p_spar_change SET state = 'sent',
                  confirmed_at = create_date - random() * INTERVAL '700 days'"""
    )
    cr.execute(
        """INSERT INTO g2p_spar_change (mapping_id, connection_id, address_id, channel,
                  state, confirmed_at, create_uid, create_date, write_uid, write_date)
           SELECT mapping_id, connection_id, address_id, channel, 'sent',
                  confirmed_at - n.i * INTERVAL '1 day', create_uid,
                  create_date - n.i * INTERVAL '1 day', write_uid, write_date
             FROM g2p_spar_change, generate_series(1, 4) AS n(i)
            ORDER BY n.i LIMIT %s - (SELECT count(*) FROM g2p_spar_change)""",
        [changes],
    )
    cr.execute(
        """UPDATE g2p_spar_mapping m SET state = 'in_sync', seen_at = c.confirmed_at,
                  wanted_change_id = c.id
             FROM (SELECT DISTINCT ON (mapping_id) mapping_id, id, confirmed_at
                     FROM g2p_spar_change ORDER BY mapping_id, id DESC) AS c
            WHERE c.mapping_id = m.id"""
    )


def make_trouble(cr):
    """Put some registrants in trouble, spread over the whole registry.

    :param cr: cursor.
    """
    for state, code, number in TROUBLE:
        cr.execute(
            """UPDATE g2p_spar_mapping SET state = %(state)s, reason_code = %(code)s,
                      outcome = CASE WHEN %(code)s IS NOT NULL THEN 'refused' END,
                      next_attempt_at = CASE WHEN %(state)s = 'retrying'
                                        THEN now() + INTERVAL '1 hour' END
                WHERE id IN (SELECT id FROM g2p_spar_mapping WHERE state = 'in_sync'
                              ORDER BY md5(id::text) LIMIT %(number)s)""",
            {"state": state, "code": code, "number": number},
        )


def compare(env, other, rounds):
    """Open both screens in this database and in another one, in turns.

    :param Environment env: of Odoo's shell.
    :param str other: the database with many rows.
    :param int rounds: how often, besides once to warm up.
    :return: milliseconds of each round, for ``few`` and ``many``.
    """
    from odoo.modules.registry import Registry

    Registry(other)
    found = {"few": [], "many": []}
    sides = [("few", env.cr.dbname), ("many", other)]
    for number in range(rounds + 1):
        # None of them always comes after the other.
        sides.reverse()
        for name, database in sides:
            milliseconds = open_screens(database)
            if number:
                found[name].append(milliseconds)
    return found


def open_screens(database):
    """Ask what a web client asks for to open the overview and then the monitor.

    Each question is a request of its own, with nothing in memory but what workers keep.

    :param str database: where.
    :return: milliseconds for all of them.
    """
    with environment(database) as env:
        operator = env["res.users"].search([("login", "=", LOGIN)]).id
        arch = env["g2p.spar.mapping"].get_view(view_type="list")["arch"]
        fields = env["g2p.spar.mapping"]._fields
        names = [name for name in shown(arch) if name in fields]
    questions = [
        lambda env: env["g2p.spar.overview"].get(),
        lambda env: env["ir.actions.actions"]._for_xml_id(ACTION),
        lambda env: env["g2p.spar.mapping"].get_views(
            [(False, "list"), (False, "search")]
        ),
        lambda env: env["g2p.spar.mapping"].web_search_read(
            [("display_state", "=", "held")],
            {name: {} for name in names},
            limit=80,
            count_limit=10_001,
        ),
    ]
    started = time.perf_counter()
    for question in questions:
        with environment(database, operator) as env:
            question(env)
    return 1000 * (time.perf_counter() - started)


def shown(arch):
    """Return the names of the fields a list shows.

    :param str arch: the list.
    """
    from lxml import etree

    return {node.get("name") for node in etree.fromstring(arch).iter("field")}
