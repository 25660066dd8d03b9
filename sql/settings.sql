-- Settings of accounts, environments and companies (src/admin/setting.rs), and options of accounts (src/admin/option.rs).
-- Read by whoever sees the resource or configures it; written through acl_set and acl_set_account_option only.

CREATE TABLE docacl.setting (
    account_id   bigint NOT NULL,
    resource_id  bigint NOT NULL,
    name         text NOT NULL,
    value        jsonb NOT NULL,
    set_by       bigint,
    set_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (resource_id, name)
);
COMMENT ON TABLE docacl.setting IS 'Settings that an application keeps of an account, an environment or a company. acl_setting says which holds: a company''s before its environment''s, that before the account''s.';
COMMENT ON COLUMN docacl.setting.set_by IS 'Who set it last: the id of a principal.';
COMMENT ON COLUMN docacl.setting.set_at IS 'When it was set last.';
REVOKE ALL ON docacl.setting FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('docacl.setting', 'ORDER BY resource_id, name');

CREATE FUNCTION docacl.sees_setting(resource_id bigint) RETURNS boolean
LANGUAGE c STABLE STRICT LEAKPROOF PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'docacl_sees_setting_wrapper';
COMMENT ON FUNCTION docacl.sees_setting(bigint) IS 'Whether who is asking sees the settings of a resource: where he sees the resource, or holds configure there.';

ALTER TABLE docacl.setting ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.setting FOR SELECT USING (docacl.sees_setting(resource_id));
GRANT SELECT ON docacl.setting TO PUBLIC;

CREATE TABLE docacl.account_option (
    account_id  bigint NOT NULL,
    name        text NOT NULL,
    value       text NOT NULL,
    set_by      bigint,
    set_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, name)
);
COMMENT ON TABLE docacl.account_option IS 'What was chosen with acl_set_account_option; an option that is not here has its first value. project_creator: own, all.';
COMMENT ON COLUMN docacl.account_option.set_by IS 'Who chose it: the id of a principal.';
COMMENT ON COLUMN docacl.account_option.set_at IS 'When it was chosen.';
REVOKE ALL ON docacl.account_option FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('docacl.account_option', 'ORDER BY account_id, name');

ALTER TABLE docacl.account_option ENABLE ROW LEVEL SECURITY;
CREATE POLICY docacl_sees ON docacl.account_option FOR SELECT USING (docacl.sees_setting(account_id));
GRANT SELECT ON docacl.account_option TO PUBLIC;

-- As in sql/references.sql, and for the same reasons.
CREATE FUNCTION docacl.check_setting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'setting' THEN
        PERFORM FROM docacl.resource AS r WHERE r.id = NEW.resource_id AND r.account_id = NEW.account_id FOR KEY SHARE;
    ELSE
        PERFORM FROM docacl.resource AS r WHERE r.id = NEW.account_id AND r.kind = 'account' FOR KEY SHARE;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'docacl.% refers to a resource that does not exist', TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', HINT = 'Another session may have dropped it meanwhile.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.check_setting() FROM PUBLIC;
COMMENT ON FUNCTION docacl.check_setting() IS 'What a foreign key does for a setting or an option: what it is of exists, and cannot go before this transaction ends.';

CREATE FUNCTION docacl.settings_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Own lists go in numbers and have no settings.
    gone bigint[] := ARRAY(SELECT o.id FROM old_rows AS o WHERE o.kind IN ('account', 'environment', 'company'));
BEGIN
    IF gone <> '{}' THEN
        DELETE FROM docacl.setting AS s WHERE s.resource_id = ANY (gone);
        DELETE FROM docacl.account_option AS o WHERE o.account_id = ANY (gone);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.settings_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.settings_gone() IS 'Settings and options go with what they are of.';

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, resource_id ON docacl.setting FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_setting();
CREATE TRIGGER settings_gone AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.settings_gone();
CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id ON docacl.account_option FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_setting();
ALTER TABLE docacl.setting ENABLE ALWAYS TRIGGER refers;
ALTER TABLE docacl.account_option ENABLE ALWAYS TRIGGER refers;
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER settings_gone;
