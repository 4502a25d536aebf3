"""What SPAR answers, version by version: one table, run against servers and client.

``speaker`` speaks to a server as a partner, without the suite's own client; ``cases``
is the table; ``signatures`` is about who is believed.
"""
