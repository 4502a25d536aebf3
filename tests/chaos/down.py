"""SPAR is down for half an hour while thousands of changes wait."""

from tests.lab import Lab
from tools.bench.figures import Figure

from .common import nothing_wrong, share

PEOPLE = 10_000
DOWN_SECONDS = 1800
#: The cron looks once a minute.
SWEEP_EVERY = 60
CALLS = 40
PER_SECOND = 1000
#: Seconds over which the speed is averaged.
WINDOW = 3
CONNECTION = {"batch_size": 250, "answer_timeout": 20, "max_per_second": PER_SECOND}


def measure(postgres, percent, seed, say, dialect):
    """Count the calls while SPAR is down, and the speed when it is back.

    The half hour is simulated: the stored moments are moved back, second by second of
    what the engine waits for, with its wake-ups and its sweeper run when they are due.

    :return: generator of :class:`Figure`.
    """
    count = share(PEOPLE, percent, 1000)
    with Lab(postgres, "down", seed, say, dialect=dialect, **CONNECTION) as lab:
        lab.make_crowd(count)
        lab.queue_crowd()
        lab.wake_up_all()
        lab.start_log(seed)
        lab.since = 0
        lab.spar.arm({"kind": "status", "code": 503, "name": "down"})
        live_for(lab, DOWN_SECONDS)
        calls = lab.spar.must_have_fired("down")["down"]
        say(f"{calls} calls in {lab.simulated:.0f} simulated seconds")
        rows = len(lab.spar.state()["rows"])
        assert not rows, "SPAR was not down"
        lab.start_log(seed)
        lab.since = 0
        while lab.seconds_to_next() is not None:
            live_for(lab, SWEEP_EVERY)
        state = lab.spar.state()
        peak = peak_speed(lab, state["requests"])
        found = lab.violations()
    say(f"{len(state['requests'])} calls to drain, at most {peak:.0f} a second")
    yield Figure("down_calls", calls, "calls", f"<= {CALLS}")
    yield Figure("down_drained", len(state["rows"]), "registrants", f"== {count}")
    yield Figure("down_peak_vs_rate", peak / PER_SECOND, "ratio", "<= 1.0")
    yield from nothing_wrong("down", found)


def live_for(lab, seconds):
    """Let so much simulated time pass, as a running system would spend it.

    :param float seconds: on top of what has passed already.
    """
    end = lab.simulated + seconds
    while lab.simulated < end:
        lab.run_due_jobs()
        if lab.seconds_to_next() is None:
            return
        step = lab.seconds_to_next_job()
        step = SWEEP_EVERY if step is None else min(step, SWEEP_EVERY)
        lab.time_passes(max(step, 0.1))
        if lab.simulated // SWEEP_EVERY > (lab.simulated - step) // SWEEP_EVERY:
            lab.run_workers(how="sweep")


def peak_speed(lab, requests):
    """Return the most registrants a second, over any few seconds, by simulated time.

    The last request of a window is not counted: its time comes after.
    """
    sent = sorted(
        (lab.by_simulated_clock(request["arrived"]), len(request["ids"]))
        for request in requests
        if request["operation"] != "resolve"
    )
    peak = 0.0
    for place, (begin, _count) in enumerate(sent):
        window = [count for at, count in sent[place:] if at < begin + WINDOW]
        peak = max(peak, (sum(window) - window[-1]) / WINDOW)
    return peak
