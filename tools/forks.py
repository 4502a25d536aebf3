"""Worker processes forked from one that has Odoo loaded.

Loading Odoo takes seconds, forking some milliseconds. A worker gets connections of its
own to the database, commits for real and can be killed like any process.
"""

import os
import signal
import sys
import time
import traceback
from contextlib import contextmanager

#: What a worker ends with when its work raised.
FAILED = 70
#: In a worker: the connections of the process it was forked from.
_PARENTS = []


class Fork:
    """One worker process.

    :param Callable work: done in the worker; its result is not brought back.
    :param arguments: for ``work``.
    """

    def __init__(self, work, *arguments):
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        self.status = None
        if not self.pid:
            _work_and_exit(work, arguments)

    def ended(self):
        """Whether it has ended."""
        try:
            self.wait(0)
        except TimeoutError:
            return False
        return True

    def wait(self, seconds=None):
        """Wait for the end.

        :param float seconds: how long; by default for ever.
        :return: its exit code, negative for the signal that killed it.
        :raises TimeoutError: when it takes longer.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while self.status is None:
            options = 0 if deadline is None else os.WNOHANG
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= deadline:
                raise TimeoutError(f"worker {self.pid} did not end in {seconds} s")
            else:
                time.sleep(0.002)
        return self.status

    def kill(self):
        """Kill it without warning (SIGKILL) and wait for its end.

        :return: whether it was still there to be killed.
        """
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL


def run_all(works):
    """Run functions side by side, one worker each, until all have ended.

    :param list works: tuples of a function and its arguments.
    :raises RuntimeError: when one of them failed; its traceback is on stderr.
    """
    forks = [Fork(*work) for work in works]
    codes = [fork.wait() for fork in forks]
    if any(codes):
        raise RuntimeError(f"workers ended with {codes}")


def _work_and_exit(work, arguments):
    """Do the work and end, without running what the parent left to be done at exit."""
    code = FAILED
    try:
        _forget_connections()
        work(*arguments)
        code = 0
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _forget_connections():
    """Open connections belong to the parent; two users would mix up their answers."""
    from odoo import sql_db

    for pool in filter(None, (sql_db._Pool, sql_db._Pool_readonly)):
        # Kept somewhere: throwing them away would close the parent's.
        _PARENTS.append(pool._connections)
        pool._connections = []


@contextmanager
def environment(database, uid=1, **context):
    """Give a new environment in a transaction of its own, committed at the end.

    :param str database: name of a database whose registry is loaded.
    :param int uid: user; by default the system itself.
    :param context: of the environment.
    """
    from odoo import api
    from odoo.modules.registry import Registry

    with Registry(database).cursor() as cr:
        yield api.Environment(cr, uid, context)
