"""A comparison with SPAR while addresses change."""

import copy

from ..schedule import gate
from ..spec import AT_SPAR, Spec
from .order import queued


def compare(case, then=None, resumes=False):
    """Return an actor: the job of a comparison.

    :param Callable then: gets the lines that were found, in a request of its own.
    :param bool resumes: whether sending goes on when nothing differs.
    """
    run = "g2p.spar.reconciliation"

    def begin():
        with case.stage.env() as env:
            connection = env["g2p.spar.connection"].browse(case.stage.connection)
            if resumes:
                return connection.action_compare_then_resume()["res_id"]
            return env[run]._start(connection).id

    def act():
        gate("start")
        id_ = begin()
        case.job("compare", lambda env: env[run].browse(id_).job_run())()
        if then:
            lines = [("reconciliation_id", "=", id_)]
            found = f"{run}.line"
            case.request(("decide", lambda env: then(env[found].search(lines))))()

    return act


def stays_paused(case, _play):
    """The manager's pause came last, whatever was compared meanwhile."""
    running = case.stage.connection in case.stage.running()
    return ["a comparison ended a pause that it was not asked to end"] * running


def removed_at_spar(case):
    """Another client of SPAR has removed the row."""
    case.stage.spar.mapper.table.rows.pop(case.ids[0])
    case.rows_before.pop(case.ids[0])


def changed_at_spar(case):
    """Another client of SPAR has entered another wallet."""
    (number,) = case.stage.new_numbers(1)
    row = case.stage.spar.mapper.table.rows[case.ids[0]]
    row.fa = case.rows_before[case.ids[0]] = case.text(number)


def take(case):
    """Return an actor: a comparison, and what SPAR holds is taken over."""
    line = "g2p.spar.reconciliation.line"
    mine = [("mapping_id.partner_id", "in", case.people)]
    return case.one_after_another(
        compare(case, lambda lines: lines.action_take()),
        case.job(
            "take", lambda env: [one.job_take() for one in env[line].search(mine)]
        ),
    )


def left_over(case):
    """Prepare a row of an ended registrant that is listed, and whose ID is handed on.

    The first registrant has left, the second lends the row, the third gets the ID.
    """
    case.prepare(case.end())
    case.stage.work_off()
    rows, (number,) = case.stage.spar.mapper.table.rows, case.stage.new_numbers(1)
    row = rows[case.ids[0]] = copy.copy(rows[case.ids[1]])
    row.fa = case.rows_before[case.ids[0]] = case.text(number)
    compare(case)()
    case.prepare(case.write("no ID", spar_id=False))
    case.prepare(case.write("the ID", 2, spar_id=case.ids[0]), case.amend(2))
    mine = [("mapping_id.partner_id", "=", case.people[0])]
    with case.stage.env() as env:
        case.line = env["g2p.spar.reconciliation.line"].search(mine).ensure_one().id


def have_removed(case):
    """Return an actor: an operator has that row removed."""
    line = "g2p.spar.reconciliation.line"
    return case.request(
        ("resend", lambda env: env[line].browse(case.line).action_resend())
    )


def _left_over(name, guards, known, **options):
    return Spec(
        name,
        guards,
        lambda c: {"O": have_removed(c), "W": c.work(), "W2": c.work()},
        people=("settled", "settled", "new"),
        stops={"W": AT_SPAR, "O": {"begin", "resend", "commit"}},
        prepare=left_over,
        known=(known,),
        weight=0.5,
        **options,
    )


SPECS = [
    _left_over(
        "left_over_removed",
        "A row is removed while the ID's new owner is linked: both come to rest.",
        "O.begin, W2.guard, O.resend, W2.claim, W.guard, W2/call.send, O.commit, "
        "W.claim, W.claim, W2.claim, W.journal, W/call.send, W/call.apply, "
        "W/call.answer, W2.claim, W.record",
    ),
    _left_over(
        "left_over_removed_dies",
        "The same while the worker that links the new owner dies.",
        "W.guard, W.claim, W2.guard, W2.claim, W.journal, W.dies, O.begin, O.resend, "
        "O.commit",
        ends={("W", "dies"): 1},
    ),
    Spec(
        "compare_while_sending",
        "A comparison changes nothing.",
        lambda c: {"R": compare(c), "T": c.request(c.amend()), "W": c.work()},
        stops={"R": {"compare", "send", "answer"}},
    ),
    Spec(
        "compare_and_resend",
        "What a comparison finds and an operator sends again is the newest address.",
        lambda c: {
            "R": compare(c, lambda lines: lines.action_resend()),
            "T": c.request(c.amend()),
            "W": c.work(),
        },
        stops={
            "R": {"compare", "answer", "begin", "decide", "commit"},
        },
        prepare=removed_at_spar,
    ),
    Spec(
        "compare_and_take",
        "What is taken over from SPAR replaces nothing that was entered meanwhile.",
        lambda c: {"R": take(c), "T": c.request(c.amend()), "W": c.work()},
        stops={"R": {"compare", "decide", "take", "send", "answer", "capture"}},
        prepare=changed_at_spar,
    ),
    Spec(
        "compare_and_resend_every_value",
        "The same where every value is sent.",
        lambda c: {
            "R": compare(c, lambda lines: lines.action_resend()),
            "T": c.request(c.amend()),
            "W": c.work(),
        },
        connection={"send_every_value": True},
        stops={
            "R": {"compare", "begin", "decide", "commit"},
        },
        prepare=removed_at_spar,
    ),
    Spec(
        "compare_then_resume_and_pause",
        "A comparison that resumes ends no pause but the one it was started in.",
        lambda c: {
            "R": compare(c, resumes=True),
            "M": c.one_after_another(
                c.request(c.connect("resume")), c.request(c.connect("pause"))
            ),
            "W": c.work(),
        },
        connection={"state": "paused"},
        stops={"R": {"compare", "send", "answer"}},
        finish=stays_paused,
        known=(
            "M.begin, M.commit, M.begin, M.commit, R.compare, R/call.send, "
            "R/call.answer",
        ),
    ),
    Spec(
        "compare_while_queued",
        "A comparison disturbs nothing that waits.",
        lambda c: {"R": compare(c), "T": c.request(c.end()), "W": c.work()},
        stops={"R": {"compare", "send", "answer"}},
        prepare=queued,
    ),
]
