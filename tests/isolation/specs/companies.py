"""A connection that serves one company, while registrants and companies move."""

from ..spec import WORKER, Spec
from .order import queued

SERVED = "g2p_spar_connection_res_company_rel"


def one_company(case):
    """A newer address waits at a connection that serves one of two companies."""
    with case.stage.env() as env:
        Company = env["res.company"]
        other = Company.search([("name", "=", "Other")], limit=1)
        case.other = (other or Company.create({"name": "Other"})).id
        case.main = env.ref("base.main_company").id
    case.stage.sql(
        f"INSERT INTO {SERVED} VALUES (%s, %s)", case.stage.connection, case.main
    )
    queued(case)


def at_home(case, _play):
    """Who is of the other company is not at SPAR; then the connection serves all."""
    case.drain()
    case.tidy()
    case.drain()
    ((company, spar_id),) = case.stage.sql(
        "SELECT company_id, spar_id FROM res_partner WHERE id = ANY(%s)", case.people
    )
    is_right = (spar_id in case.rows()) == (company != case.other)
    case.stage.sql(f"DELETE FROM {SERVED}")
    with case.stage.env() as env:
        case.partner(env, 0).company_id = False
    return [] if is_right else ["SPAR holds who is of another company, or lacks one"]


def move(case, company):
    """Return a step: a registrant moves to another company."""
    return case.write("move", company_id=getattr(case, company))


def serve(case):
    """Return an actor: managers have the connection serve the other company, too."""
    id_ = case.stage.connection

    def change(env):
        companies = env["res.company"].browse([case.main, case.other])
        env["g2p.spar.connection"].browse(id_).company_ids = companies

    def back(env):
        record = env["g2p.spar.connection"].browse(id_)
        record.company_ids = env["res.company"].browse(case.main)
        record._confirm_settings()
        record.action_resume()

    return case.one_after_another(
        case.request(("serve", change)), case.request(("back", back))
    )


def _companies(name, guards, actors):
    return Spec(
        name,
        guards,
        lambda c: {"T1": c.request(c.amend()), "W": c.work(), **actors(c)},
        stops={"W": WORKER},
        prepare=one_company,
        finish=at_home,
        weight=0.5,
    )


SPECS = [
    _companies(
        "move_away",
        "Who moves to another company has left SPAR.",
        lambda c: {"T2": c.request(move(c, "other"))},
    ),
    _companies(
        "move_away_and_back",
        "Who comes back to a company is paid at the newest address.",
        lambda c: {
            "T2": c.one_after_another(
                c.request(move(c, "other")), c.request(move(c, "main"))
            )
        },
    ),
    _companies(
        "serve_and_move",
        "Nor do changed companies of the connection leave anybody behind.",
        lambda c: {"M": serve(c), "T2": c.request(move(c, "other"))},
    ),
]
