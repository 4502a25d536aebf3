"""Queries of screens and the API to SPAR, for which a person waits.

Read in this order: ``status.py`` returns what is shown, ``query.py`` asks SPAR,
``query_slots.py`` limits the queries at the same time, ``drift.py`` compares SPAR's
answer with the requested address.
"""
