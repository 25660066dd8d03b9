-- Limits: the most that anybody but admins and system may do to rows under a resource (src/limits.rs). Written through
-- acl_set_limit only; seen by whoever sees the resource (sql/visibility.sql).

CREATE TABLE docacl.resource_limit (
    resource_id  bigint PRIMARY KEY,
    account_id   bigint NOT NULL,
    actions      bigint NOT NULL CHECK (actions >= 0),
    set_by       bigint,
    set_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE docacl.resource_limit IS 'The most that anybody but admins and system may do to rows under a resource, whatever is granted. A resource that is not here has no limit of its own.';
COMMENT ON COLUMN docacl.resource_limit.actions IS 'What is left, as the bits of grants.actions; 0: nothing.';
COMMENT ON COLUMN docacl.resource_limit.set_by IS 'Who set it: the id of a principal.';
COMMENT ON COLUMN docacl.resource_limit.set_at IS 'When it was set.';
CREATE INDEX resource_limit_account ON docacl.resource_limit (account_id);
REVOKE ALL ON docacl.resource_limit FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('docacl.resource_limit', 'ORDER BY resource_id');

-- As in sql/stamps.sql: keys are made with the limits of the account, so its structure is another now.
CREATE TRIGGER stamp_insert AFTER INSERT ON docacl.resource_limit REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('2', 'account_id');
CREATE TRIGGER stamp_update AFTER UPDATE ON docacl.resource_limit REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('2', 'account_id');
CREATE TRIGGER stamp_delete AFTER DELETE ON docacl.resource_limit REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('2', 'account_id');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON docacl.resource_limit FOR EACH STATEMENT EXECUTE FUNCTION docacl.refuse_truncate();

-- As in sql/references.sql, and for the same reasons.
CREATE FUNCTION docacl.check_limit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM docacl.resource AS r WHERE r.id = NEW.resource_id AND r.account_id = NEW.account_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'docacl.% refers to a resource that does not exist', TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', HINT = 'Another session may have dropped it meanwhile.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.check_limit() FROM PUBLIC;
COMMENT ON FUNCTION docacl.check_limit() IS 'What a foreign key does for a limit: its resource exists, and cannot go before this transaction ends.';

CREATE FUNCTION docacl.limits_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Own lists go in numbers and have no limits.
    gone bigint[] := ARRAY(SELECT o.id FROM old_rows AS o WHERE o.kind <> 'document');
BEGIN
    IF gone <> '{}' THEN
        DELETE FROM docacl.resource_limit AS l WHERE l.resource_id = ANY (gone);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.limits_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.limits_gone() IS 'A limit goes with its resource.';

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, resource_id ON docacl.resource_limit FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_limit();
CREATE TRIGGER limits_gone AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.limits_gone();
ALTER TABLE docacl.resource_limit ENABLE ALWAYS TRIGGER stamp_insert, ENABLE ALWAYS TRIGGER stamp_update,
    ENABLE ALWAYS TRIGGER stamp_delete, ENABLE ALWAYS TRIGGER no_truncate, ENABLE ALWAYS TRIGGER refers;
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER limits_gone;
