"""Short questions to several SPARs at a time, for somebody who looks at a screen."""

import threading
import time

#: Seconds to reach SPAR and to wait for its answer. The engine waits much longer, as
#: what it sends must not be lost; here somebody waits.
LIMITS = 2.0, 3.0
#: Seconds after which nobody waits any more, whatever SPAR and the network do.
PATIENCE = 5.0


def ask_all(questions, patience=PATIENCE):
    """Ask every SPAR what it holds, all at the same time.

    A thread that outlasts the patience ends by itself, as its client has limits, too.
    Threads do the calls and nothing else.

    :param dict questions: ``(open client, letter with one item)`` by any key
    :param float patience: seconds
    :return: by key the :class:`~..spar.answers.Result`, or None if none came in time
    """
    replies = {}

    def ask(key, client, letter):
        with client:
            replies[key] = client.deliver(letter)

    threads = [
        # Not waited for when the server stops.
        threading.Thread(target=ask, args=(key, *question), daemon=True)
        for key, question in questions.items()
    ]
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    # As of now: another answer may still come.
    came = dict(replies)
    return {
        key: result_of(*question, came[key]) if key in came else None
        for key, question in questions.items()
    }


def result_of(client, letter, reply):
    """Return what SPAR says of the one item of a letter.

    :rtype: ~..spar.answers.Result
    """
    (result,) = client.read_answer(letter, reply).results.values()
    return result
