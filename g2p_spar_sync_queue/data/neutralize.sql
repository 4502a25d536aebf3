-- A copy never speaks to SPAR: it has neither its address nor the key any more.
UPDATE g2p_spar_connection
   SET state = CASE state WHEN 'running' THEN 'paused' ELSE state END,
       pause_reason = 'This is a neutralised copy. It never speaks to SPAR.',
       base_url = 'https://neutralised.invalid',
       directory_url = NULL,
       private_key_path = 'neutralised',
       certificate_path = 'neutralised',
       tls_certificate_path = NULL,
       tls_key_path = NULL;
