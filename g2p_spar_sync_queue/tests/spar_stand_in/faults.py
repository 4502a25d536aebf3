"""What goes wrong with the stand-in, on demand.

A fault is a function of the handler of a request and of its :class:`.work.Work`. It
returns whether it has dealt with the request; if not, SPAR answers as usual. A test in
the same process may use any such function; one in another process arms a
:class:`Fault` by the name of its kind.
"""

import contextlib
import json
import threading
import time


def status(code, **headers):
    """Answer an HTTP status, with these headers, and do nothing."""

    def fault(handler, work):
        handler.answer(code, {"errors": []}, **headers)
        return True

    return fault


def answer(content):
    """Answer this and do nothing."""

    def fault(handler, work):
        handler.answer(200, content)
        return True

    return fault


def garbage(handler, work):
    """Do the work, but answer nonsense."""
    work()
    handler.answer(200, b"<html>Bad gateway</html>")
    return True


def reject(code):
    """Refuse the request as a whole with a reason code, and do nothing."""

    def fault(handler, work):
        handler.answer(200, work.rejection(code))
        return True

    return fault


def refuse(code, ids=None):
    """Refuse some items with a reason code.

    :param ids: SPAR IDs of these items; all of them by default.
    """

    def fault(handler, work):
        handler.answer(*work.refusing(code, ids))
        return True

    return fault


def signature_refused(handler, work):
    """Refuse the signature, as 1.1.0 also does while its key service is down."""
    handler.answer(200, work.unbelieved())
    return True


def keys_down(seconds=0):
    """Have SPAR's key service refuse connections, or hang for some seconds."""

    def fault(handler, work):
        handler.answer(*work(keys_down=seconds))
        return True

    return fault


def cut_before(handler, work):
    """Close the connection without having done anything."""
    handler.close_connection = True
    return True


def cut_after(handler, work):
    """Do the work, then close the connection without an answer."""
    work()
    handler.close_connection = True
    return True


def late(seconds):
    """Do the work so much later, when the caller has heard nothing and given up."""

    def fault(handler, work):
        work.goes_on = True
        timer = threading.Timer(seconds, work)
        timer.daemon = True
        timer.start()
        time.sleep(seconds)
        handler.close_connection = True
        return True

    return fault


def delay(seconds):
    """Wait before the work."""

    def fault(handler, work):
        time.sleep(seconds)
        return False

    return fault


def delay_after(seconds):
    """Wait between the work and the answer."""

    def fault(handler, work):
        done = work()
        time.sleep(seconds)
        handler.answer(*done)
        return True

    return fault


def forget(*places):
    """Do the work and leave the items at these places out of the answer."""

    def fault(handler, work):
        code, content = work()
        entries = work.entries(content)
        left_out = {place % len(entries) for place in places} if entries else ()
        entries[:] = [e for place, e in enumerate(entries) if place not in left_out]
        handler.answer(code, content)
        return True

    return fault


def reverse(handler, work):
    """Do the work and answer the items in the opposite order."""
    code, content = work()
    work.entries(content).reverse()
    handler.answer(code, content)
    return True


def drip(seconds):
    """Send the answer byte by byte for this long."""

    def fault(handler, work):
        code, content = work()
        body = json.dumps(content).encode()
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        # The client gives up before the end, which is the point.
        with contextlib.suppress(OSError):
            for byte in body:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(seconds / len(body))
        handler.close_connection = True
        return True

    return fault


#: What can be armed by name, and how to make the function from a :class:`Fault`.
KINDS = {
    "cut_after": lambda armed: cut_after,
    "cut_before": lambda armed: cut_before,
    "delay": lambda armed: delay(armed.seconds),
    "delay_after": lambda armed: delay_after(armed.seconds),
    "garbage": lambda armed: garbage,
    "keys_down": lambda armed: keys_down(armed.seconds),
    "late": lambda armed: late(armed.seconds),
    "partial": lambda armed: forget(-1),
    "refuse": lambda armed: refuse(armed.code, armed.ids),
    "reject": lambda armed: reject(armed.code),
    "reorder": lambda armed: reverse,
    "status": lambda armed: status(armed.code, **armed.headers),
}


class Fault:
    """A fault that chooses its requests, and counts them.

    :param str kind: one of :data:`KINDS`.
    :param str name: by which it is counted.
    :param int count: how many requests it happens to; by default all that match.
    :param float rate: with what probability it happens to one that matches.
    :param str operation: only to this one.
    :param list ids: only to requests that hold one of these SPAR IDs; of kind
        ``refuse``, these are the items refused.
    :param float seconds: of what waits.
    :param code: HTTP status, or reason code of what is refused.
    :param retry_after: the header, of kind ``status``.
    """

    def __init__(
        self,
        kind,
        name=None,
        count=None,
        rate=1.0,
        operation=None,
        ids=None,
        seconds=0.0,
        code=500,
        retry_after=None,
    ):
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind}")
        self.kind, self.name = kind, name or kind
        self.left, self.rate = count, rate
        self.operation, self.ids = operation, set(ids or ())
        self.seconds, self.code = seconds, code
        self.headers = {"Retry_After": retry_after} if retry_after else {}
        self.fired = 0
        self._function = KINDS[kind](self)

    def __call__(self, handler, work):
        """Happen to a request; see the top of this file."""
        return self._function(handler, work)

    def chooses(self, operation, items, chance):
        """Whether it happens to this request; then it has fired."""
        if self.left == 0 or self.operation not in (None, operation):
            return False
        if self.ids and not self.ids & {item.get("id") for item in items}:
            return False
        if chance.random() >= self.rate:
            return False
        if self.left is not None:
            self.left -= 1
        self.fired += 1
        return True
