"""A crowd of registrants whose changes wait to be sent, made by copying rows in SQL.

Creating a million registrants as people do would take hours; what is measured begins
with rows that are there.
"""

from ..forks import environment

#: Beginning of the SPAR IDs of a crowd.
PREFIX = "CROWD-"
#: What the addon keeps of such an ID to find others that look alike.
LIKENESS = "cr0wd-"
CONNECTION = "Benchmark"


def connect(database, base_url, key, **values):
    """Make a running connection, and one registrant to copy.

    :param str database: name of the database.
    :param str base_url: where SPAR answers.
    :param dict key: fields of the connection that name key and certificate.
    :param values: further fields of the connection.
    :return: id of the connection.
    """
    with environment(database) as env:
        connection = env["g2p.spar.connection"].create(
            {"name": CONNECTION, "base_url": base_url, **key, **values}
        )
        connection.state = "running"
        enter_first(env)
        return connection.id


def enter_first(env, provider=None):
    """Enter the registrant and the payment address that are copied.

    :param Environment env: of the system.
    :param int provider: id of M-Cash; by default it is made.
    :return: the address.
    """
    provider = env["g2p.dfsp"].browse(provider) if provider else make_provider(env)
    person = env["res.partner"].create(
        {"name": "Registrant", "is_registrant": True, "spar_id": f"{PREFIX}0"}
    )
    return enter_address(env, person, provider, "+255700000000")


def make_provider(env):
    """Make the provider of all wallets; return it."""
    return env["g2p.dfsp"].create(
        {
            "name": "M-Cash",
            "code": "MC",
            "fa_type": "mobile_wallet",
            "country_id": env.ref("base.tz").id,
        }
    )


def enter_address(env, person, provider, number):
    """Enter a payment address as a clerk does; return it."""
    return env["g2p.financial.address"].create(
        {
            "partner_id": person.id,
            "fa_type": "mobile_wallet",
            "dfsp_id": provider.id,
            "mobile_number": number,
            "reason": "Asked for by the registrant",
        }
    )


def multiply(env, count):
    """Copy the first registrant until there are this many, each with an address.

    Nothing is queued for them.

    :param Environment env: of the system.
    :param int count: of all registrants.
    """
    env.flush_all()
    with_ids = f"SELECT * FROM res_partner WHERE spar_id LIKE '{PREFIX}%'"
    env.cr.execute(f"SELECT count(*), min(id) FROM ({with_ids}) AS known")
    known, first = env.cr.fetchone()
    env.cr.execute("SELECT max(id) FROM res_partner")
    (last,) = env.cr.fetchone()
    copy_rows(
        env.cr,
        "res_partner",
        f"p.id = {int(first)}",
        f"generate_series({int(known)}, {int(count) - 1}) AS n(i)",
        spar_id=f"'{PREFIX}' || n.i",
        spar_id_likeness=f"'{LIKENESS}' || n.i",
        name="'Registrant ' || n.i",
        complete_name="'Registrant ' || n.i",
    )
    newcomers = f"({with_ids} AND id > {int(last)}) AS n"
    copy_rows(
        env.cr,
        "g2p_financial_address",
        f"p.partner_id = {int(first)} AND p.state = 'effective'",
        newcomers,
        partner_id="n.id",
        mobile_number="'+2557' || lpad(substr(n.spar_id, 7), 8, '0')",
        fingerprint="md5(n.spar_id)",
    )


def copy_rows(cr, table, where, source, **expressions):
    """Copy one row of a table for each row of a source.

    :param cr: cursor.
    :param str table: the table; its row is ``p`` in expressions.
    :param str where: SQL that selects the one row to copy.
    :param str source: SQL of the source, whose rows are ``n`` in expressions.
    :param expressions: SQL by column, where the copy differs.
    """
    cr.execute(
        """SELECT column_name FROM information_schema.columns
            WHERE table_name = %s AND column_name != 'id'
              AND is_generated = 'NEVER'""",
        [table],
    )
    columns = [name for (name,) in cr.fetchall()]
    values = ", ".join(expressions.get(name, f'p."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    cr.execute(
        f'INSERT INTO "{table}" ({names}) SELECT {values} '
        f'FROM "{table}" p, {source} WHERE {where}'
    )


def queue_all(env, connection):
    """Forget what was sent, and queue one change for each registrant, as new.

    :param Environment env: of the system.
    :param int connection: id of the connection.
    :return: how many changes wait.
    """
    env.flush_all()
    env.cr.execute("TRUNCATE g2p_spar_mapping CASCADE")
    env.cr.execute("DELETE FROM queue_job")
    # Who and when; the rest is as capturing leaves it.
    stamps = "create_uid, create_date, write_uid, write_date"
    now = "1, now() AT TIME ZONE 'UTC', 1, now() AT TIME ZONE 'UTC'"
    env.cr.execute(
        f"""INSERT INTO g2p_spar_mapping (connection_id, partner_id, state, {stamps})
            SELECT %s, partner_id, 'ended', {now} FROM g2p_financial_address
             WHERE state = 'effective' ORDER BY partner_id""",
        [connection],
    )
    env.cr.execute(
        f"""INSERT INTO g2p_spar_change (mapping_id, connection_id, address_id, channel,
                    state, {stamps})
            SELECT m.id, m.connection_id, a.id, 'import', 'queued', {now}
              FROM g2p_spar_mapping m
              JOIN g2p_financial_address a
                ON a.partner_id = m.partner_id AND a.state = 'effective'
             ORDER BY m.id"""
    )
    waiting = env.cr.rowcount
    env.invalidate_all()
    return waiting


def tidy(postgres, database):
    """Do what autovacuum does sooner or later, now rather than during a measurement.

    :param Postgres postgres: the server.
    :param str database: name of the database.
    """
    postgres.query(database, "VACUUM ANALYZE")
