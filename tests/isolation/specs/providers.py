"""A provider gets another name while its addresses are sent and amended."""

from ..spec import WORKER, Spec

FORMER, LATER = "M-Cash", "M-Money"


def with_provider(*works):
    """Return what prepares a provider of the case's own, and something to be sent.

    :param works: names of steps of a case.
    """

    def prepare(case):
        stage = case.stage
        code = f"P{stage.new_id()[3:]}"
        with stage.env() as env:
            provider = env["g2p.dfsp"].browse(stage.provider)
            case.provider = provider.copy({"name": FORMER, "code": code}).id
        case.shared_provider, stage.provider = stage.provider, case.provider
        case.spellings = [(FORMER, code), (LATER, code)]
        for work in works:
            case.prepare(getattr(case, work)())

    return prepare


def rename(case):
    """Return a step: the provider gets another name, which a second person approved."""
    from odoo.addons.g2p_spar_financial_address.toolkit.context_flags import (
        APPROVED,
        marked,
    )

    def do(env):
        provider = env["g2p.dfsp"].browse(case.provider)
        marked(provider, APPROVED).name = LATER

    return "rename", do


def renamed(case):
    """Return an actor: a rename, and the job after it."""

    def again(env):
        chosen = [("dfsp_id", "=", case.provider)]
        env["g2p.financial.address"].job_rewritten(chosen, "2000-01-01")

    return case.one_after_another(case.request(rename(case)), case.job("again", again))


def give_back(case, _play):
    """All others are paid at the provider they share; nothing was refused here."""
    case.stage.provider = case.shared_provider
    return case.refused


def _renamed(name, guards, do, prepare, **options):
    return Spec(
        f"rename_{name}",
        guards,
        lambda c: {"M": renamed(c), "T": c.request(do(c)), "W": c.work()},
        people=("new",),
        stops={
            "M": {"begin", "rename", "capture", "commit", "again"},
            "W": WORKER,
        },
        prepare=with_provider(*prepare),
        finish=give_back,
        **options,
    )


EVERY_VALUE = {"send_every_value": True}

SPECS = [
    _renamed(
        "amend",
        "An address amended while its provider is renamed is at SPAR as it is written.",
        lambda c: c.amend(),
        ("amend",),
        weight=0.5,
    ),
    _renamed(
        "first_address",
        "So is a first address.",
        lambda c: c.amend(),
        (),
        known=(
            "T.begin, M.begin, M.rename, T.capture, T.commit, W.guard, W.claim, "
            "W.journal, M.commit, W/call.send, W/call.answer, W.record, W.commit",
        ),
    ),
    _renamed(
        "every_value",
        "Where every value is sent, a renamed provider brings back no older address.",
        lambda c: c.amend(),
        ("amend",),
        connection=EVERY_VALUE,
        weight=2,
    ),
    _renamed(
        "every_value_first_address",
        "Where every value is sent, so is a first address.",
        lambda c: c.amend(),
        (),
        connection=EVERY_VALUE,
    ),
    _renamed(
        "every_value_end",
        "Where every value is sent, a renamed provider pays no address that ended.",
        lambda c: c.end(),
        ("amend",),
        connection=EVERY_VALUE,
    ),
]
