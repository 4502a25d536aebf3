"""What SPAR answers, version by version: one table, run against servers and client.

``speaker`` speaks to a server as a partner, without the suite's own client; ``cases``
is the table, ``case`` what a row of it is; ``signatures`` is about who is believed;
``client`` is what the suite's own client makes of it all.
"""
