"""Nothing is sent from a standby that was promoted, until a manager resumes.

Only what PostgreSQL says of its timeline is simulated: at once where the log goes on,
and with the next checkpoint in the control file.
"""

from ..schedule import gate
from ..spec import Spec
from .order import queued

NEW_TIMELINE = 4711


def promote(case):
    """Return an actor: the server was a standby, and is the one to go on by now."""
    sql = case.stage.sql

    def act():
        gate("promote")
        sql(
            """INSERT INTO promotion.server
               SELECT %s, timeline_id FROM pg_catalog.pg_control_checkpoint()""",
            NEW_TIMELINE,
        )
        gate("checkpoint")
        sql("UPDATE promotion.server SET checkpointed = logged")

    return act


def nothing_sent(case, play):
    """A worker that began after the promotion has sent nothing."""
    case.stage.sql("DELETE FROM promotion.server")
    promoted, began_after = False, False
    for step in play.steps:
        promoted = promoted or step == "P.promote"
        if step == "W.guard":
            began_after = promoted
        if step.endswith(".send") and began_after:
            return ["sent from a database that was promoted"]
    return []


SPECS = [
    Spec(
        "promotion",
        "A promoted standby sends nothing, from its first second on.",
        lambda c: {
            "P": promote(c),
            "W": c.one_after_another(c.work(), c.work()),
            "T": c.request(c.amend()),
        },
        stops={"W": {"guard", "claim", "send"}},
        prepare=queued,
        finish=nothing_sent,
        known=("P.promote, W.guard, W.claim, W/call.send",),
        weight=0.5,
    ),
]
