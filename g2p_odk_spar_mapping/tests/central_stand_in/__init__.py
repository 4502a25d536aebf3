"""A stand-in for ODK Central v2026.2, quirks included. Plain Python.

It reproduces what was observed on a running Central: newest first unless told
otherwise; tokens of paging that cannot be combined with an order, though the answer
offers one; an empty page without a word when the submission a token names is purged;
dates with three decimals; no key for a repeat without instances; a repeat and review
that move other dates than one would think; a read of one submission that finds only IDs
such as ``uuid:1a-2b``, though any is accepted and listed; names of questions made fit
for OData, so that two become one and their answers run together.
"""
