"""Many HTTP requests at a time, and how many a second are answered."""

import http.client
import threading
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ask:
    """One request.

    :param str method: for example ``GET``.
    :param str path: with its query.
    :param dict headers: those it has.
    :param bytes body: what is sent.
    """

    method: str
    path: str
    headers: dict = field(default_factory=dict)
    body: bytes = None


def answers_per_second(port, asks, at_a_time, expected):
    """Send requests and return how many a second were answered.

    Every caller has a connection of its own and keeps it as long as the server does.

    :param int port: the server's, on 127.0.0.1.
    :param list asks: every :class:`Ask`.
    :param int at_a_time: how many callers there are.
    :param int expected: the status of every answer.
    :raises ValueError: when an answer has another one.
    """
    waiting = iter(list(asks))
    lock, problems = threading.Lock(), []

    def take():
        with lock:
            return None if problems else next(waiting, None)

    def call():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            while ask := take():
                connection.request(ask.method, ask.path, ask.body, ask.headers)
                answer = connection.getresponse()
                content = answer.read()
                if answer.status != expected:
                    raise ValueError(f"{ask.path}: {answer.status} {content[:200]!r}")
        except (OSError, http.client.HTTPException, ValueError) as problem:
            problems.append(problem)
        finally:
            connection.close()

    callers = [threading.Thread(target=call) for _caller in range(at_a_time)]
    began = time.perf_counter()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    seconds = time.perf_counter() - began
    if problems:
        raise ValueError(str(problems[0]))
    return len(asks) / seconds
