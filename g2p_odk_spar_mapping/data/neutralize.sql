-- A copy never asks Central: it has neither its address nor the password any more.
UPDATE g2p_odk_server
   SET base_url = 'https://neutralised.invalid',
       password_source = 'file',
       password_path = '/neutralised.invalid.odk-password';
