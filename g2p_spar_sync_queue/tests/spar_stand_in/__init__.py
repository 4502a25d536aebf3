"""A stand-in for SPAR, 1.1.0 to the newest, quirks included. Plain Python.

That it answers as SPAR does is shown by the table in ``tests/contract``, which is also
run against the real mapper 1.1.0. Verifying signatures is not part of it: a server can
be given what does that.
"""
