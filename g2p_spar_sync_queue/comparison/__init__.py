"""The comparison of all registrants with what SPAR holds; it only resolves.

==================  ================================================================
file                what it does
==================  ================================================================
``run.py``          the loop of a job: asks about some registrants after others, and
                    compares one answer while SPAR processes the next question
``questions.py``    which registrants are next, and under which IDs SPAR is asked
``differences.py``  compares an answer with what should be there, and lists what differs
``lines.py``        the listed differences: stored, closed, read
``take_over.py``    enters the address SPAR holds, as a person has decided
==================  ================================================================

The models have the fields, constraints, actions and jobs, and call these functions.
"""
