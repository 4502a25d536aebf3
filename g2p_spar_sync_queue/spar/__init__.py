"""A SPAR client in plain Python: no Odoo inside.

It builds the requests SPAR's mapper understands, signs them as a registered partner,
sends them with an HTTP client that the caller provides (:mod:`.transport`), and
classifies each answer, or the lack of one (:mod:`.answers`).

Read in this order: ``client`` sends one request; ``dialect`` with ``g2p_connect`` and
``partner_api`` builds and reads it; ``canonical``, ``keys`` and ``jws`` sign it;
``transport`` and ``tls`` carry it. ``detect`` finds out which dialect a server
understands, ``directory`` reads SPAR's list of banks, ``place`` compares addresses.
"""
