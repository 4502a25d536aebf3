-- A copy never speaks to SPAR: it has neither its address nor the keys any more.
UPDATE g2p_spar_connection
   SET state = CASE state WHEN 'running' THEN 'paused' ELSE state END,
       pause_reason = 'This is a neutralised copy. It never speaks to SPAR.',
       base_url = 'https://neutralised.invalid',
       directory_url = NULL,
       tls_certificate_path = NULL,
       tls_key_path = NULL;
DELETE FROM g2p_spar_key_store;
UPDATE g2p_spar_key
   SET key_path = NULL, certificate_path = NULL, password_path = NULL,
       key_variable = NULL, certificate_variable = NULL, password_variable = NULL;
