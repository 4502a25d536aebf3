def migrate(cr, version):
    """Have SPAR asked about what was being sent when the work was stopped."""
    cr.execute(
        """UPDATE g2p_spar_mapping m
              SET state = 'checking', next_attempt_at =
                  now() AT TIME ZONE 'UTC' + c.cool_down * INTERVAL '1 second'
             FROM g2p_spar_connection c
            WHERE c.id = m.connection_id AND m.state = 'sending'"""
    )
    # See the field's class.
    cr.execute(
        """ALTER TABLE g2p_spar_mapping
            DROP CONSTRAINT IF EXISTS g2p_spar_mapping_wanted_change_id_fkey"""
    )
