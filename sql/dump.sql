-- Dump and restore. pg_dump leaves the rows of an extension's tables out unless it is told of them. Stamps stay
-- out: they are made anew by the restore itself. In the order of their keys: two dumps of the same say the same.

DO $$
DECLARE
    t text;
    o text;
BEGIN
    -- One statement each: every call changes the extension's row in pg_extension.
    FOR t, o IN VALUES ('kind', 'name'), ('action', 'bit'), ('resource', 'id'), ('principal', 'id'), ('membership', 'id'), ('grants', 'id'),
                       ('db_role', 'role_name'), ('protected_table', 'relation::pg_catalog.text'), ('event', 'id')
    LOOP
        PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t)::regclass, 'ORDER BY ' || o);
        IF o = 'id' THEN
            PERFORM pg_catalog.pg_extension_config_dump(('docacl.' || t || '_id_seq')::regclass, '');
        END IF;
    END LOOP;
END
$$;

-- What CREATE EXTENSION inserts is there already when a restore brings its rows, changed or not; what was removed it
-- does not bring. Whatever else refers to them may have been restored already, or not.
CREATE TABLE docacl.as_made (
    relation  name NOT NULL,
    id        bigint NOT NULL,
    PRIMARY KEY (relation, id)
);
COMMENT ON TABLE docacl.as_made IS 'Which resources and principals CREATE EXTENSION made: a restore puts those of the dump in their place. Not dumped.';
REVOKE ALL ON docacl.as_made FROM PUBLIC;
INSERT INTO docacl.as_made SELECT 'resource', r.id FROM docacl.resource AS r UNION ALL SELECT 'principal', p.id FROM docacl.principal AS p;

-- No SET search_path: sql/references.sql must see that this is a restore. All names are written with their schema.
CREATE FUNCTION docacl.restore_built_in() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'kind' THEN
        DELETE FROM docacl.kind AS k WHERE k.name OPERATOR(pg_catalog.=) NEW.name AND k.built_in;
    WHEN 'action' THEN
        DELETE FROM docacl.action AS a WHERE a.bit OPERATOR(pg_catalog.=) NEW.bit AND a.built_in;
    WHEN 'resource' THEN
        IF EXISTS (SELECT FROM docacl.as_made AS m WHERE m.relation OPERATOR(pg_catalog.=) 'resource' AND m.id OPERATOR(pg_catalog.=) NEW.id) THEN
            DELETE FROM docacl.resource AS r USING docacl.as_made AS m
            WHERE m.relation OPERATOR(pg_catalog.=) 'resource' AND m.id OPERATOR(pg_catalog.=) r.id;
            DELETE FROM docacl.as_made AS m WHERE m.relation OPERATOR(pg_catalog.=) 'resource';
        END IF;
    WHEN 'principal' THEN
        IF EXISTS (SELECT FROM docacl.as_made AS m WHERE m.relation OPERATOR(pg_catalog.=) 'principal' AND m.id OPERATOR(pg_catalog.=) NEW.id) THEN
            DELETE FROM docacl.principal AS p USING docacl.as_made AS m
            WHERE m.relation OPERATOR(pg_catalog.=) 'principal' AND m.id OPERATOR(pg_catalog.=) p.id;
            DELETE FROM docacl.as_made AS m WHERE m.relation OPERATOR(pg_catalog.=) 'principal';
        END IF;
    END CASE;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION docacl.restore_built_in() FROM PUBLIC;
COMMENT ON FUNCTION docacl.restore_built_in() IS 'Takes what CREATE EXTENSION made out of the way of the same rows from a dump.';

-- The ids that CREATE EXTENSION gives are below these.
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.kind FOR EACH ROW
    WHEN (NEW.built_in AND current_setting('search_path') = '') EXECUTE FUNCTION docacl.restore_built_in();
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.action FOR EACH ROW
    WHEN (NEW.built_in AND current_setting('search_path') = '') EXECUTE FUNCTION docacl.restore_built_in();
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.resource FOR EACH ROW
    WHEN (NEW.id <= 64 AND current_setting('search_path') = '') EXECUTE FUNCTION docacl.restore_built_in();
CREATE TRIGGER restore_built_in BEFORE INSERT ON docacl.principal FOR EACH ROW
    WHEN (NEW.id <= 64 AND current_setting('search_path') = '') EXECUTE FUNCTION docacl.restore_built_in();

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
