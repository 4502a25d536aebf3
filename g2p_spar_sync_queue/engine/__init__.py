"""The engine: brings each change of a registrant's address to SPAR.

To follow one address, read the files in this order.

==  =======  ====================  ===================================================
    step     file                  what it does
==  =======  ====================  ===================================================
1   capture  ``outbox.py``         in the caller's transaction: append one change per
                                   registrant, schedule a wake-up (``wake_up.py``)
2   claim    ``claim.py``          lock due mappings, take up their newest change,
                                   choose one request
3   decide   ``decide.py``         pure rules: facts -> next step, answer -> new state,
                                   retry policy
4   journal  ``journal.py``        commit "this request is about to be sent" before it
                                   is; find requests whose sender was killed
5   send     ``sync_run.py``       the loop that ties the steps; the HTTP thread gets
                                   bytes and returns bytes, nothing else
6   record   ``record.py``         apply the answer, write the batch back
    guards   ``breaker.py``,       whether anything may be sent at all
             ``new_key.py``,
             ``rate_limit.py``,
             ``restore_guard.py``
    SQL      ``store.py``          every statement the engine needs, named
    hashes   ``digest.py``         what SPAR holds, to be compared and not read
==  =======  ====================  ===================================================

The models have the fields, constraints, actions and jobs, and call these functions.
The engine never imports a model: records come in as arguments.
"""
