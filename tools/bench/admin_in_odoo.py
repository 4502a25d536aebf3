"""The part of the admin screens' benchmark that runs inside Odoo, in its shell."""

from ..forks import environment
from ..postgres import Postgres
from . import crowd

VIEWER = "g2p_spar_financial_address.group_viewer"


def prepare(env, base_url, key, registrants, logins):
    """Make a crowd whose addresses are at SPAR, and people who look at it.

    :param Environment env: of Odoo's shell.
    :param str base_url: where SPAR answers.
    :param dict key: fields of the connection that name key and certificate.
    :param int registrants: how many.
    :param list logins: of those who look; the passwords are the same.
    :return: ids of the registrants.
    """
    database = env.cr.dbname
    connection = crowd.connect(database, base_url, key)
    with environment(database) as own:
        crowd.multiply(own, registrants)
        crowd.queue_all(own, connection)
        make_people(own, logins)
    with environment(database) as own:
        own["g2p.spar.connection"].browse(connection).job_work_off()
    with environment(database) as own:
        mappings = own["g2p.spar.mapping"].search([("state", "=", "in_sync")])
        people = mappings.partner_id.ids
    if len(people) != registrants:
        raise ValueError(f"Only {len(people)} of {registrants} are at SPAR.")
    crowd.tidy(Postgres(), database)
    return people


def make_people(env, logins):
    """Make users who may look at payment addresses.

    :param Environment env: of the system.
    :param list logins: their logins, and passwords.
    """
    groups = env.ref("base.group_user") | env.ref(VIEWER)
    env["res.users"].create(
        [
            {
                "name": login,
                "login": login,
                "password": login,
                "group_ids": [(6, 0, groups.ids)],
            }
            for login in logins
        ]
    )
