"""An isolation tester: a few actors, in every order of their steps.

The idea is that of PostgreSQL's own ``src/test/isolation``. Real transactions of users,
real workers and real commits on a real PostgreSQL are cut into steps at the engine's
boundaries, and played in every order, or in so many chosen by a printed seed. After
each, the engine works until nothing is due, and what must hold is checked.

============  ========================================================================
`schedule`    one permutation: actors stop at gates, one goes on at a time
`explore`     which permutations are played
`boundaries`  gates at the engine's boundaries, laid from outside
`stage`       the registry and SPAR they are played in
`case`        the registrants of one permutation, what actors do, what must hold
`spec`        what a spec is; `specs` has them, one file for each subject
============  ========================================================================

``python -m tests.isolation SPEC`` plays one; with ``--steps`` one order.
"""
