"""Steps of the set-up that can be interrupted and run again."""

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .problems import Problem


@dataclass
class Step:
    """One part of the set-up.

    :param str name: short name, also the name of the stamp file.
    :param str title: what the user reads while the step runs.
    :param Callable action: makes ``target`` from nothing.
    :param pathlib.Path target: file or folder the step makes.
    :param list inputs: texts that decide the result; when one changes, the step
        is done again.
    """

    name: str
    title: str
    action: Callable[[], None]
    target: Path
    inputs: list[str] = field(default_factory=list)

    def fingerprint(self):
        """Return a hash over the inputs, as 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.inputs).encode()).hexdigest()


def is_done(step, stamps):
    """Tell whether a step was finished with its present inputs.

    :param Step step: the step.
    :param pathlib.Path stamps: folder of the stamp files.
    """
    stamp = stamps / step.name
    return (
        step.target.exists()
        and stamp.exists()
        and stamp.read_text() == step.fingerprint()
    )


def run_step(step, stamps, say=print):
    """Do a step unless it is done.

    The stamp is written last. Without one, whatever an interrupted run left of
    the target is removed first, so a step always begins from nothing.

    :param Step step: the step.
    :param pathlib.Path stamps: folder of the stamp files.
    :param Callable say: receives one line of progress.
    :return: True when it was done now, False when there was nothing to do.
    """
    if is_done(step, stamps):
        return False
    stamps.mkdir(parents=True, exist_ok=True)
    (stamps / step.name).unlink(missing_ok=True)
    remove(step.target)
    say(f"{step.title} ...")
    started = time.monotonic()
    step.action()
    (stamps / step.name).write_text(step.fingerprint())
    say(f"  done in {time.monotonic() - started:.0f} s")
    return True


def remove(path):
    """Remove a file or a folder with all it holds; a missing one is fine.

    :param pathlib.Path path: what to remove.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def only_one(lock):
    """Hold a lock, so that two set-ups never work in one folder.

    The system releases the lock when the process ends, however it ends.

    :param pathlib.Path lock: lock file; its folder must exist.
    :raises Problem: when another process holds it.
    """
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                "Another set-up is running in this folder. Wait until it ends."
            ) from None
        yield
