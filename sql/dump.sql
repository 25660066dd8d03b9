-- Dump and restore. pg_dump leaves the rows of an extension's tables out unless it is told of them. Stamps stay
-- out: they are made anew by the restore itself.

DO $$
DECLARE
    t text;
BEGIN
    -- One statement each: every call changes the extension's row in pg_extension.
    FOREACH t IN ARRAY ARRAY['kind', 'action', 'resource', 'resource_id_seq', 'principal', 'principal_id_seq', 'membership',
                             'membership_id_seq', 'grants', 'grants_id_seq', 'db_role', 'protected_table', 'event', 'event_id_seq']
    LOOP
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t)::regclass, '');
    END LOOP;
END
$$;

-- What CREATE EXTENSION inserts is there already when a restore brings its rows: then they say how it was changed.
CREATE FUNCTION docacl.restore_built_in() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'kind' THEN
        UPDATE docacl.kind AS k SET inherits = NEW.inherits WHERE k.name = NEW.name;
    WHEN 'action' THEN
        UPDATE docacl.action AS a SET name = NEW.name WHERE a.bit = NEW.bit;
    WHEN 'resource' THEN
        UPDATE docacl.resource AS r SET (account_id, kind, parent_id, inherits, is_star, name, key, created_by, created_at)
            = (NEW.account_id, NEW.kind, NEW.parent_id, NEW.inherits, NEW.is_star, NEW.name, NEW.key, NEW.created_by, NEW.created_at)
        WHERE r.id = NEW.id;
    WHEN 'principal' THEN
        UPDATE docacl.principal AS p SET (account_id, kind, name, email, key, enabled, read_only, valid_until, purpose, is_default,
                                          built_in, environment_id, created_by, created_at)
            = (NEW.account_id, NEW.kind, NEW.name, NEW.email, NEW.key, NEW.enabled, NEW.read_only, NEW.valid_until, NEW.purpose,
               NEW.is_default, NEW.built_in, NEW.environment_id, NEW.created_by, NEW.created_at)
        WHERE p.id = NEW.id;
    END CASE;
    RETURN CASE WHEN FOUND THEN NULL ELSE NEW END;
END
$$;
REVOKE ALL ON FUNCTION docacl.restore_built_in() FROM PUBLIC;
COMMENT ON FUNCTION docacl.restore_built_in() IS 'Turns the restore of a row that CREATE EXTENSION has made into its update.';

-- The ids that CREATE EXTENSION gives are below these.
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.kind FOR EACH ROW WHEN (NEW.built_in) EXECUTE FUNCTION docacl.restore_built_in();
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.action FOR EACH ROW WHEN (NEW.built_in) EXECUTE FUNCTION docacl.restore_built_in();
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.resource FOR EACH ROW WHEN (NEW.id <= 64) EXECUTE FUNCTION docacl.restore_built_in();
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.principal FOR EACH ROW WHEN (NEW.id <= 64) EXECUTE FUNCTION docacl.restore_built_in();

-- A database role is found again by its name: its oid is another in another cluster.
CREATE FUNCTION docacl.restore_db_role() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT r.oid INTO NEW.role_oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = NEW.role_name;
    IF NOT FOUND THEN
        RAISE WARNING 'database role "%" does not exist: what it was to docacl is not restored', NEW.role_name
            USING HINT = 'Create the role and call acl_map or acl_trust.';
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION docacl.restore_db_role() FROM PUBLIC;
COMMENT ON FUNCTION docacl.restore_db_role() IS 'Gives a restored mapping or trust the oid that its database role has here.';
CREATE TRIGGER restore_db_role BEFORE INSERT ON docacl.db_role FOR EACH ROW EXECUTE FUNCTION docacl.restore_db_role();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['kind', 'action', 'resource', 'principal'] LOOP
        EXECUTE format('ALTER TABLE docacl.%I ENABLE ALWAYS TRIGGER restore_built_in', t);
    END LOOP;
    ALTER TABLE docacl.db_role ENABLE ALWAYS TRIGGER restore_db_role;
END
$$;
