"""An address that waits for a second person, while another one is entered."""

from ..spec import WORKER, Spec
from .leaving import remove

LOGIN = "approver"
GROUPS = "base.group_user", "g2p_spar_financial_address.group_approver"


def waiting(case):
    """A newer address waits for a second person; the API asks for none."""
    ask_for_approval(case, True)
    case.prepare(case.amend())
    with case.stage.env() as env:
        case.approver = _approver(env).id
        mine = [("partner_id", "=", case.people[0]), ("state", "=", "to_approve")]
        case.pending = env["g2p.financial.address"].search(mine).ensure_one().id


def ask_for_approval(case, asked):
    from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
        APPROVED,
        marked,
    )

    with case.stage.env() as env:
        policies = env["g2p.fa.policy"].search([("fa_type", "=", "mobile_wallet")])
        marked(policies, APPROVED).approve_admin = asked


def _approver(env):
    user = env["res.users"].search([("login", "=", LOGIN)])
    groups = [env.ref(name).id for name in GROUPS]
    values = {"name": "Approver", "login": LOGIN, "group_ids": [(6, 0, groups)]}
    return user or user.create(values)


def no_approval(case, _play):
    """All others are entered without a second person."""
    ask_for_approval(case, False)


def decide(case, action, *reason):
    """Return a step: the second person decides about what waits."""

    def do(env):
        addresses = env(user=case.approver)["g2p.financial.address"]
        getattr(addresses.browse(case.pending), f"action_{action}")(*reason)

    return action, do


def amend_at_once(case):
    """Return a step: another wallet comes in by a channel without approval."""
    from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import trusted

    name, do = case.amend()
    return name, lambda env: do(trusted(env["res.partner"], "api").env)


def _deciding(name, guards, do, decision=("approve",), **options):
    return Spec(
        name,
        guards,
        lambda c: {
            "A": c.request(decide(c, *decision)),
            "T": c.request(do(c)),
            "W": c.work(),
        },
        stops={
            "A": {"begin", "approve", "refuse", "capture", "commit"},
            "W": WORKER,
        },
        prepare=waiting,
        finish=no_approval,
        # Changed policies make each of them slow.
        weight=0.3,
        **options,
    )


SPECS = [
    _deciding(
        "approve_amend",
        "An address approved while another one is entered: SPAR holds what is in use.",
        amend_at_once,
    ),
    _deciding(
        "approve_amend_to_approve",
        "The same when that one waits for a second person, too.",
        lambda c: c.amend(),
    ),
    _deciding(
        "approve_end",
        "An address approved while the one in use is ended is not paid unnoticed.",
        lambda c: c.end(),
    ),
    _deciding(
        "approve_every_value",
        "Where every value is sent, an approval brings back no older address.",
        amend_at_once,
        connection={"send_every_value": True},
    ),
    _deciding(
        "refuse_amend",
        "What is refused while another one is entered never reaches SPAR.",
        amend_at_once,
        decision=("refuse", "Not known here"),
    ),
    _deciding(
        "approve_archive",
        "Who is archived while an address is approved is not paid.",
        lambda c: c.write("archive", active=False),
    ),
    _deciding(
        "approve_change_id",
        "Who gets another ID while an address is approved is paid under that one.",
        lambda c: c.change_id(),
    ),
    _deciding(
        "approve_remove",
        "Whose payment data is removed while an address is approved is not paid.",
        remove,
    ),
]
