"""Short questions to several SPARs at a time, for somebody who looks at a screen."""

import threading
import time

from .spar.words import RESOLVE

#: Seconds to reach SPAR and to wait for its answer. The engine waits much longer, as
#: what it sends must not be lost; here somebody waits.
LIMITS = 2.0, 3.0
#: Seconds after which nobody waits any more, whatever SPAR and the network do.
PATIENCE = 5.0


def ask_all(questions, patience=PATIENCE):
    """Ask every SPAR what it holds, all at the same time.

    A thread that outlasts the patience ends by itself, as its client has limits, too.

    :param dict questions: ``(open client, item)`` by any key
    :param float patience: seconds
    :return: by key the :class:`~..spar.answers.Result`, or None if none came in time
    """
    results = {}

    def ask(key, client, item):
        with client:
            answer = client.send(RESOLVE, [item])
        results[key] = answer.results[item.reference_id]

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
    return {key: results.get(key) for key in questions}
