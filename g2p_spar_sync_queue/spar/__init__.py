"""A SPAR client in plain Python: no Odoo inside.

It builds the requests SPAR's mapper understands, signs them as a registered partner,
sends them by an HTTP client that is made elsewhere (:mod:`.transport`), and says in one
vocabulary (:mod:`.answers`) what an answer, or the lack of one, means.
"""
