"""A FIFO that is named where a file should be."""

import os
import threading
from contextlib import contextmanager

#: Seconds after which a reader counts as waiting for ever.
PATIENCE = 5


@contextmanager
def nobody_waits(*fifos):
    """The block must not wait for a writer of these FIFOs, who never comes."""
    waited, over = [], threading.Event()

    def release():
        while not over.wait(PATIENCE):
            waited.append(True)
            for fifo in fifos:
                try:
                    os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
                except OSError:
                    # It has no reader.
                    continue

    thread = threading.Thread(target=release, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert not waited, "a reader waited for a writer"
