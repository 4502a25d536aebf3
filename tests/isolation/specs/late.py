"""SPAR is late with a request that was given up: nothing is sent before it is over."""

from ..spec import Spec
from .comparison import compare
from .interventions import then
from .order import queued
from .politeness import is_time


def _late(name, guards, do, **options):
    """Return a spec: a request is late, and users do something meanwhile.

    :param do: gets the case; returns the actors besides the two workers.
    """
    options = {"prepare": queued, **options}
    return Spec(
        f"late_{name}",
        guards,
        lambda c: {"W": c.work(), **do(c), "W2": c.work()},
        stops={"W": {"send", "commit"}, "R": {"compare", "decide", "commit"}},
        faults=lambda c: [{"kind": "late", "count": 1}],
        **options,
    )


SPECS = [
    _late(
        "amend",
        "A late request is over before a newer address is sent.",
        lambda c: {"T": c.request(c.amend())},
    ),
    _late(
        "first",
        "The same for a registrant's first address.",
        lambda c: {"T": c.request(c.amend())},
        people=("new",),
    ),
    _late(
        "end",
        "A late request is over before an ended address leaves SPAR.",
        lambda c: {"T": c.request(c.end())},
    ),
    _late(
        "archive",
        "A late request pays no registrant who was archived meanwhile.",
        lambda c: {"T": c.request(c.write("archive", active=False))},
        people=("new",),
    ),
    _late(
        "change_id",
        "A late request leaves no row under a former ID.",
        lambda c: {"T": c.request(c.change_id())},
        people=("new",),
    ),
    _late(
        "handed_on",
        "An ID with a late request has no other owner yet.",
        lambda c: {
            "T": c.one_after_another(
                c.request(c.change_id(0)), c.request(c.change_id(1, c.ids[0]))
            ),
        },
        people=("new", "settled"),
        weight=2,
    ),
    _late(
        "every_value",
        "The same where every value is sent.",
        lambda c: {
            "T": c.one_after_another(c.request(c.amend()), c.request(c.amend()))
        },
        connection={"send_every_value": True},
    ),
    *(
        _late(
            action,
            f"{action.capitalize()} cuts no wait short.",
            lambda c, a=action: {
                "O": c.request(c.intervene(a)),
                "T": c.request(c.amend()),
            },
        )
        for action in ("retry", "resend", "skip", "cancel")
    ),
    _late(
        "pause_and_resume_one",
        "Nor do Pause and Resume.",
        lambda c: {"O": then(c, "pause", "resume"), "T": c.request(c.amend())},
    ),
    _late(
        "pause_and_resume",
        "Nor does a connection that is paused and resumed.",
        lambda c: {
            "M": c.one_after_another(
                c.request(c.connect("pause")), c.request(c.connect("resume"))
            ),
            "T": c.request(c.amend()),
        },
    ),
    _late(
        "breaker",
        "Nor does SPAR when it is back.",
        lambda c: {"T": c.request(c.amend()), "S": is_time(c)},
        connection={"breaker_threshold": 1},
    ),
    _late(
        "compare_and_resend",
        "Nor does a comparison.",
        lambda c: {
            "R": compare(c, lambda lines: lines.action_resend()),
            "T": c.request(c.end()),
        },
        people=("new",),
    ),
    Spec(
        "late_and_dies",
        "A request whose sender died may be late: the cool-down comes first.",
        lambda c: {
            "T": c.request(c.amend()),
            "W": c.work(),
            "W2": c.work(),
        },
        stops={"W": {"send", "apply", "record"}},
        ends={("W", "dies"): 1},
        prepare=queued,
        weight=2,
    ),
    Spec(
        "late_and_dies_handed_on",
        "The same while the ID gets another owner.",
        lambda c: {
            "T": c.one_after_another(
                c.request(c.change_id(0)), c.request(c.change_id(1, c.ids[0]))
            ),
            "W": c.work(),
            "W2": c.work(),
        },
        people=("new", "settled"),
        stops={"W": {"send", "apply", "record"}},
        ends={("W", "dies"): 1},
        prepare=queued,
        weight=2,
    ),
]
