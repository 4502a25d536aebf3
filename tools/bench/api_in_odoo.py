"""The part of the self-service API's benchmark that runs inside Odoo, in its shell."""

from ..forks import environment
from ..postgres import Postgres
from . import crowd


def prepare(env, base_url, key, registrants, providers):
    """Make people without a payment address, providers, and a client of the API.

    :param Environment env: of Odoo's shell.
    :param str base_url: where SPAR answers.
    :param dict key: fields of the connection that name key and certificate.
    :param int registrants: how many people.
    :param int providers: how many wallet operators, in all.
    :return: the client's ``client_id`` and ``client_secret``.
    """
    database = env.cr.dbname
    crowd.connect(database, base_url, key)
    with environment(database) as own:
        _make_people(own, registrants)
        _make_providers(own, providers)
        client = _make_client(own)
    crowd.tidy(Postgres(), database)
    return client


def _make_people(env, count):
    env.flush_all()
    env.cr.execute(f"SELECT id FROM res_partner WHERE spar_id = '{crowd.PREFIX}0'")
    (first,) = env.cr.fetchone()
    crowd.copy_rows(
        env.cr,
        "res_partner",
        f"p.id = {int(first)}",
        f"generate_series(1, {int(count)}) AS n(i)",
        spar_id=f"'{crowd.PREFIX}' || n.i",
        spar_id_likeness=f"'{crowd.LIKENESS}' || n.i",
        name="'Registrant ' || n.i",
        complete_name="'Registrant ' || n.i",
    )


def _make_providers(env, count):
    country = env.ref("base.tz").id
    env["g2p.dfsp"].create(
        [
            {
                "name": f"Operator {number}",
                "code": f"OP{number}",
                "fa_type": "mobile_wallet",
                "country_id": country,
            }
            for number in range(env["g2p.dfsp"].search_count([]), count)
        ]
    )


def _make_client(env):
    """Make a client that may call as often as it wants; return what it needs."""
    client = env["g2p.api.client"].create(
        {
            "name": "Portal",
            "may_propose": True,
            "rate": 1_000_000,
            "person_rate": 1_000_000,
            "id_template": "{id}",
        }
    )
    shown = client.action_new_secret()["context"]
    return {
        "client_id": client.client_id,
        "client_secret": shown["default_client_secret"],
    }
