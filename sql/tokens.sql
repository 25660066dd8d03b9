-- Who may log in by what: keys for tokens, API keys, and the installation's own secret (src/login/). Nobody but the
-- extension's owner reads them, docacl's own code past privileges.

CREATE TABLE docacl.token_key (
    kid        text PRIMARY KEY,
    algorithm  text NOT NULL CHECK (algorithm IN ('HS256', 'RS256', 'ES256', 'EdDSA')),
    key        text NOT NULL,
    number     bigint GENERATED ALWAYS AS IDENTITY,
    added_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE docacl.token_key IS 'Keys that tokens are verified with, by their kid. A dump carries the public keys; shared secrets (HS256) it leaves out, for who reads it could make tokens.';
COMMENT ON COLUMN docacl.token_key.kid IS 'What the header of a token calls the key.';
COMMENT ON COLUMN docacl.token_key.number IS 'In the order in which they were added: tokens are issued with the last one for HS256.';
COMMENT ON COLUMN docacl.token_key.added_at IS 'When it was added.';
COMMENT ON COLUMN docacl.token_key.algorithm IS 'The only one that the key is used with, whatever a token says.';
COMMENT ON COLUMN docacl.token_key.key IS 'HS256: the secret itself. Else a public key, in PEM or as a JWK.';

CREATE TABLE docacl.api_key (
    principal_id  bigint PRIMARY KEY,
    prefix        text NOT NULL,
    hash          bytea NOT NULL,
    created_by    bigint,
    created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE docacl.api_key IS 'What an API key (a principal of an environment) logs in with. Without a row here it cannot: it was revoked.';
COMMENT ON COLUMN docacl.api_key.prefix IS 'The characters of the key by which it is found. Not secret.';
COMMENT ON COLUMN docacl.api_key.hash IS 'HMAC-SHA-256 of the key under docacl.secret.';
CREATE UNIQUE INDEX api_key_prefix ON docacl.api_key (prefix);

CREATE TABLE docacl.api_key_use (
    principal_id  bigint PRIMARY KEY,
    at            timestamptz
);
COMMENT ON TABLE docacl.api_key_use IS 'When an API key was used last: written at most every five minutes, not on a standby, in a read-only transaction or above READ COMMITTED, and gone with a transaction that rolls back. Apart from docacl.api_key, so that nobody who revokes a key waits for a transaction of the key''s.';

CREATE TABLE docacl.secret (
    name   text PRIMARY KEY,
    value  bytea NOT NULL
);
COMMENT ON TABLE docacl.secret IS 'Secrets of the installation, made at random when they are first needed: api_key, under which API keys are hashed.';

REVOKE ALL ON docacl.token_key, docacl.api_key, docacl.api_key_use, docacl.secret FROM PUBLIC;

-- The hashes are dumped with their secret, or every API key would end with a restore: neither gives a key away, which is
-- 256 random bits.
DO $$
BEGIN
    PERFORM pg_catalog.pg_extension_config_dump('docacl.token_key', 'WHERE algorithm <> ''HS256'' ORDER BY kid');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.token_key_number_seq', '');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.api_key', 'ORDER BY principal_id');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.api_key_use', 'ORDER BY principal_id');
    PERFORM pg_catalog.pg_extension_config_dump('docacl.secret', 'ORDER BY name');
END
$$;

-- One stamp for all keys: what was verified under another is verified again. See sql/stamps.sql.
CREATE FUNCTION docacl.touch_token_keys() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM docacl.touch(3::smallint, ARRAY[0]::bigint[]);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.touch_token_keys() FROM PUBLIC;
COMMENT ON FUNCTION docacl.touch_token_keys() IS 'Gives the keys for tokens a new stamp.';
CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON docacl.token_key FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_token_keys();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON docacl.token_key FOR EACH STATEMENT EXECUTE FUNCTION docacl.refuse_truncate();
COMMENT ON TABLE docacl.stamp IS 'One value per principal (kind 1: its grants, memberships and state), per account (kind 2: parents, inherits and keys of existing resources) and for the keys for tokens (kind 3), changed whenever what it stands for changes.';

CREATE FUNCTION docacl.api_keys_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint[] := ARRAY(SELECT o.id FROM old_rows AS o WHERE o.kind = 'api_key');
BEGIN
    IF gone <> '{}' THEN
        DELETE FROM docacl.api_key AS k WHERE k.principal_id = ANY (gone);
        DELETE FROM docacl.api_key_use AS u WHERE u.principal_id = ANY (gone);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.api_keys_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.api_keys_gone() IS 'What an API key logs in with goes with its principal.';
CREATE TRIGGER api_keys_gone AFTER DELETE ON docacl.principal REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.api_keys_gone();

ALTER TABLE docacl.token_key ENABLE ALWAYS TRIGGER stamp;
ALTER TABLE docacl.token_key ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE docacl.principal ENABLE ALWAYS TRIGGER api_keys_gone;

-- When keys were used last may be seen by whoever sees the key's principal; prefix and hash by nobody.
ALTER TABLE docacl.api_key_use ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.api_key_use FOR SELECT USING (docacl.sees_principal(principal_id));
GRANT SELECT ON docacl.api_key_use TO PUBLIC;

CREATE VIEW docacl.api_key_list WITH (security_invoker = true, security_barrier = true) AS
    SELECT docacl.path(p.environment_id) AS environment, p.name, p.id, p.enabled, p.valid_until, u.at AS last_used,
           docacl.principal_name(p.created_by) AS created_by, p.created_at
    FROM docacl.principal AS p LEFT JOIN docacl.api_key_use AS u ON u.principal_id = p.id
    WHERE p.kind = 'api_key';
COMMENT ON VIEW docacl.api_key_list IS 'The API keys that the reader may see, and when they were used last. A key that was revoked is not enabled.';
COMMENT ON COLUMN docacl.api_key_list.environment IS 'The environment that the key never leaves.';
COMMENT ON COLUMN docacl.api_key_list.last_used IS 'To about five minutes; null: not yet, or not written down.';
COMMENT ON COLUMN docacl.api_key_list.created_by IS 'Null where the reader may not see who it was.';
GRANT SELECT ON docacl.api_key_list TO PUBLIC;
