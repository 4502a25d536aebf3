-- Nobody calls a copy of the registry as if it were the registry: tokens of the
-- original prove nothing here, and clients and issuers are let in again one by one.
DELETE FROM g2p_api_signing_store;
UPDATE g2p_api_client SET state = 'disabled';
UPDATE g2p_api_issuer SET state = 'disabled';
