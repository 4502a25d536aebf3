"""What screens and the API ask SPAR while a person waits.

``status.py`` is what they show, ``query.py`` asks SPAR, ``query_slots.py`` limits how
many ask at a time, ``drift.py`` compares the answer with what is requested.
"""
