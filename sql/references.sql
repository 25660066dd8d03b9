-- What refers to what in docacl's tables. Foreign keys would do, but for pg_restore: it brings the tables of an extension
-- in any order, several at a time, while the extension's foreign keys are there already. So these triggers take their
-- place, lock what foreign keys lock, and stand aside for a restore: pg_dump empties search_path (as logical
-- replication does), docacl's own functions never do. ENABLE ALWAYS: session_replication_role does not switch them off.

-- Once a row: planned once, by index though the table be small by then, whatever docacl.plan_anew says of the statement.
CREATE FUNCTION docacl.check_references() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    missing text;
    absent  text;
BEGIN
    IF TG_TABLE_NAME <> 'db_role' THEN
        PERFORM FROM docacl.resource AS r WHERE r.id = NEW.account_id FOR KEY SHARE;
        IF NOT FOUND AND NEW.account_id IS NOT NULL THEN missing := 'account'; absent := NEW.account_id; END IF;
    END IF;
    CASE TG_TABLE_NAME
    WHEN 'resource' THEN
        PERFORM FROM docacl.kind AS k WHERE k.name = NEW.kind FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'kind'; absent := NEW.kind; END IF;
        IF NEW.parent_id IS NOT NULL THEN
            PERFORM FROM docacl.resource AS r WHERE r.id = NEW.parent_id FOR KEY SHARE;
            IF NOT FOUND THEN missing := 'parent'; absent := NEW.parent_id; END IF;
        END IF;
    WHEN 'principal' THEN
        IF NEW.environment_id IS NOT NULL THEN
            PERFORM FROM docacl.resource AS r WHERE r.id = NEW.environment_id FOR KEY SHARE;
            IF NOT FOUND THEN missing := 'environment'; absent := NEW.environment_id; END IF;
        END IF;
    WHEN 'membership' THEN
        PERFORM FROM docacl.principal AS p WHERE p.id = NEW.role_id FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'role'; absent := NEW.role_id; END IF;
        PERFORM FROM docacl.principal AS p WHERE p.id = NEW.member_id FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'member'; absent := NEW.member_id; END IF;
    WHEN 'grants' THEN
        PERFORM FROM docacl.principal AS p WHERE p.id = NEW.principal_id FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'principal'; absent := NEW.principal_id; END IF;
        PERFORM FROM docacl.resource AS r WHERE r.id = NEW.resource_id FOR KEY SHARE;
        IF NOT FOUND THEN missing := 'resource'; absent := NEW.resource_id; END IF;
    WHEN 'db_role' THEN
        IF NEW.principal_id IS NOT NULL THEN
            PERFORM FROM docacl.principal AS p WHERE p.id = NEW.principal_id FOR KEY SHARE;
            IF NOT FOUND THEN missing := 'principal'; absent := NEW.principal_id; END IF;
        END IF;
    END CASE;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'docacl.% refers to % "%", which does not exist', TG_TABLE_NAME, missing, absent
            USING ERRCODE = 'foreign_key_violation', HINT = 'Another session may have dropped it meanwhile.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.check_references() FROM PUBLIC;
COMMENT ON FUNCTION docacl.check_references() IS 'What foreign keys do for a row that refers to others: they exist, and cannot go before this transaction ends.';

CREATE FUNCTION docacl.principals_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint[];
BEGIN
    SELECT array_agg(o.id) INTO gone FROM old_rows AS o;
    DELETE FROM docacl.membership AS m WHERE m.role_id = ANY (gone) OR m.member_id = ANY (gone);
    DELETE FROM docacl.grants AS g WHERE g.principal_id = ANY (gone);
    DELETE FROM docacl.db_role AS d WHERE d.principal_id = ANY (gone);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.principals_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.principals_gone() IS 'Memberships, grants and mappings go with their principal.';

CREATE FUNCTION docacl.resources_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone     bigint[];
    accounts bigint[];
    places   bigint[];
BEGIN
    -- Own lists have nothing but grants; they go in numbers, with their rows.
    SELECT array_agg(o.id), array_agg(o.id) FILTER (WHERE o.kind = 'account'), array_agg(o.id) FILTER (WHERE o.kind NOT IN ('account', 'document'))
    INTO gone, accounts, places FROM old_rows AS o;
    DELETE FROM docacl.grants AS g WHERE g.resource_id = ANY (gone);
    IF EXISTS (SELECT FROM docacl.resource AS r WHERE r.parent_id = ANY (places))
       OR places IS NOT NULL AND EXISTS (SELECT FROM docacl.principal AS p WHERE p.environment_id = ANY (places))
       OR accounts IS NOT NULL AND (EXISTS (SELECT FROM docacl.resource AS r WHERE r.account_id = ANY (accounts) OR r.parent_id = ANY (accounts))
                                    OR EXISTS (SELECT FROM docacl.principal AS p WHERE p.account_id = ANY (accounts))
                                    OR EXISTS (SELECT FROM docacl.membership AS m WHERE m.account_id = ANY (accounts))
                                    OR EXISTS (SELECT FROM docacl.grants AS g WHERE g.account_id = ANY (accounts)))
    THEN
        RAISE EXCEPTION 'a resource that others refer to cannot go'
            USING ERRCODE = 'foreign_key_violation', HINT = 'Another session may have put something into it meanwhile.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.resources_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.resources_gone() IS 'Grants go with their resource; a resource that has others, principals or API keys in it does not go.';

CREATE FUNCTION docacl.kinds_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM docacl.resource AS r WHERE r.kind IN (SELECT o.name FROM old_rows AS o)) THEN
        RAISE EXCEPTION 'a kind of which there are resources cannot go' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.kinds_gone() FROM PUBLIC;
COMMENT ON FUNCTION docacl.kinds_gone() IS 'A kind of which there are resources does not go.';

CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, kind, parent_id ON docacl.resource FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();
CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, environment_id ON docacl.principal FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();
CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, role_id, member_id ON docacl.membership FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();
CREATE TRIGGER refers AFTER INSERT OR UPDATE OF account_id, principal_id, resource_id ON docacl.grants FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();
CREATE TRIGGER refers AFTER INSERT OR UPDATE OF principal_id ON docacl.db_role FOR EACH ROW
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.check_references();
CREATE TRIGGER gone AFTER DELETE ON docacl.principal REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.principals_gone();
CREATE TRIGGER gone AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.resources_gone();
CREATE TRIGGER gone AFTER DELETE ON docacl.kind REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    WHEN (current_setting('search_path') <> '') EXECUTE FUNCTION docacl.kinds_gone();

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT tgrelid::regclass AS rel, tgname FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgname IN ('refers', 'gone') AND tgrelid IN
        ('docacl.kind'::regclass, 'docacl.resource'::regclass, 'docacl.principal'::regclass, 'docacl.membership'::regclass, 'docacl.grants'::regclass, 'docacl.db_role'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.rel, t.tgname);
    END LOOP;
END
$$;
