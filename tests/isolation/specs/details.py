"""Names that are sent to SPAR, while they and addresses change."""

from ..spec import WORKER, Spec


def names_sent(*works):
    """Return what prepares that names are sent to SPAR.

    :param works: names of steps of a case, done before.
    """

    def prepare(case):
        for work in works:
            case.prepare(getattr(case, work)())
        _send_names(case, True)

    return prepare


def _send_names(case, is_on):
    # Not through the model: that sends the addresses of all specs again.
    case.stage.sql("UPDATE g2p_fa_settings SET send_name = %s", is_on)
    case.stage.registry.clear_cache()


def named_as_here(case, _play):
    """At rest SPAR knows a registrant by the name that is kept here."""
    case.drain()
    _send_names(case, False)
    rows = case.stage.spar.mapper.table.rows
    kept = case.stage.sql(
        """SELECT p.spar_id, p.name FROM res_partner p
             JOIN g2p_financial_address a ON a.partner_id = p.id
            WHERE a.state = 'effective' AND p.id = ANY(%s)""",
        case.people,
    )
    wrong = [id_ for id_, now in kept if id_ in rows and rows[id_].name != now]
    return ["SPAR keeps a former name"] if wrong else []


def name(case):
    """Return a step: a registrant gets another name."""
    return "name", lambda env: case.partner(env, 0).write({"name": "Renamed"})


def _named(while_, guards, do, *works, **options):
    return Spec(
        f"named_{while_}",
        guards,
        lambda c: {
            "T1": c.request(do(c)),
            "T2": c.request(name(c)),
            "W": c.work(),
        },
        stops={"W": WORKER},
        prepare=names_sent(*works),
        finish=named_as_here,
        weight=0.5,
        **options,
    )


SPECS = [
    _named(
        "first_address",
        "Who gets a first address and another name is known by the newer name.",
        lambda c: c.amend(),
        people=("new",),
    ),
    _named(
        "address_again",
        "So is who gets an address again after one was ended.",
        lambda c: c.amend(),
        "end",
    ),
    _named("amend", "So is who gets another address.", lambda c: c.amend()),
]
