"""One registrant's newest address comes last at SPAR, in any order of commits."""

from ..spec import AT_SPAR, WORKER, Spec

EVERY_VALUE = {"send_every_value": True}


def queued(case):
    """A newer address waits to be sent."""
    case.prepare(case.amend())


SPECS = [
    Spec(
        "amend_amend",
        "Of two clerks, the one who commits last decides.",
        lambda c: {"T1": c.request(c.amend()), "T2": c.request(c.amend())},
    ),
    Spec(
        "amend_while_sending",
        "An address entered while another one is sent follows it.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.amend()),
            "W": c.work(),
        },
        stops={"W": WORKER},
        prepare=queued,
        weight=2,
    ),
    Spec(
        "end_while_sending",
        "An address that is ended leaves SPAR, whatever is on its way.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.end()),
            "W": c.work(),
        },
        stops={"W": WORKER},
        prepare=queued,
    ),
    Spec(
        "roll_back_while_sending",
        "What is rolled back never reaches SPAR.",
        lambda c: {
            "T1": c.request(c.amend(), end="roll back"),
            "T2": c.request(c.amend()),
            "W": c.work(),
        },
        stops={"W": WORKER},
        prepare=queued,
    ),
    Spec(
        "two_workers",
        "Two workers never have a request each about the same registrant.",
        lambda c: {
            "T": c.request(c.amend()),
            "W1": c.work(),
            "W2": c.work(),
        },
        stops={"W1": AT_SPAR, "W2": AT_SPAR},
        prepare=queued,
        weight=2,
    ),
    Spec(
        "two_workers_first",
        "The same for a registrant's first address.",
        lambda c: {
            "T": c.request(c.amend()),
            "W1": c.work(),
            "W2": c.work(),
        },
        people=("new",),
        stops={"W1": AT_SPAR, "W2": AT_SPAR},
        prepare=queued,
    ),
    Spec(
        "two_operations",
        "Of two registrants who need different requests, each gets its own.",
        lambda c: {"T": c.request(c.amend(1)), "W1": c.work(), "W2": c.work()},
        people=("settled", "new"),
        stops={"W1": {"guard", "claim", "claim again", "send", "commit"}},
        # Also with few orders some worker comes to each gate.
        known=("W1.guard, W1.claim, W1.claim again",),
        prepare=lambda c: c.prepare(c.amend(0), c.amend(1)),
    ),
    Spec(
        "every_value_amend",
        "Where every value is sent, they are sent in order.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.amend()),
            "W": c.work(),
        },
        connection=EVERY_VALUE,
    ),
    Spec(
        "every_value_change_id",
        "Where every value is sent, a changed ID brings back no older address.",
        lambda c: {"T1": c.request(c.amend()), "T2": c.request(c.change_id())},
        connection=EVERY_VALUE,
        known=("T2.begin, T1.begin, T1.capture, T2.capture, T1.commit, T2.commit",),
    ),
    Spec(
        "every_value_change_id_sending",
        "The same while the engine is at work.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.change_id()),
            "W": c.work(),
        },
        connection=EVERY_VALUE,
    ),
    Spec(
        "every_value_resend",
        "Where every value is sent, sending again brings back no older address.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.request(c.intervene("resend")),
            "W": c.work(),
        },
        known=(
            "W.guard, W.claim, T1.begin, T2.begin, T1.capture, T1.commit, T2.capture, "
            "T2.commit",
        ),
        connection=EVERY_VALUE,
    ),
    Spec(
        "every_value_unarchive",
        "Where every value is sent, a registrant who returns brings back no older one.",
        lambda c: {
            "T1": c.request(c.amend()),
            "T2": c.one_after_another(
                c.request(c.write("archive", active=False)),
                c.request(c.write("unarchive", active=True)),
            ),
        },
        known=(
            "T2.begin, T2.capture, T1.begin, T1.capture, T2.commit, T2.begin, "
            "T2.capture, T1.commit, T2.commit",
        ),
        connection=EVERY_VALUE,
    ),
    Spec(
        "every_value_end",
        "Where every value is sent, what was ended and entered again ends as entered.",
        lambda c: {
            "T1": c.one_after_another(c.request(c.end()), c.request(c.amend())),
            "T2": c.request(c.amend()),
            "W": c.work(),
        },
        connection=EVERY_VALUE,
    ),
]
