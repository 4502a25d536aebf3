"""What SPAR and Central answer, as tables: run by the tests, and by integrators.

``speaker`` speaks to a SPAR as a partner, without the suite's own client; ``cases``
is the table, ``case`` what a row of it is; ``signatures`` is about who is believed;
``client`` is what the suite's own client makes of it all. ``run`` asks a row and
returns what differs. ``central`` is the table of ODK Central.

``make contract`` runs the same rows: ``foreign`` against a SPAR that is only reached
through its API; ``meaning`` says what a difference means, and ``report`` shows it.
"""
