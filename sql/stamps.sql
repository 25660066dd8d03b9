-- Whatever changes what somebody holds touches the stamps of those whom it concerns, in the same transaction.
-- AFTER STATEMENT: a reader that comes in between must never keep old grants under a new stamp. ENABLE ALWAYS:
-- session_replication_role does not switch them off. No fan-out to members: a ring carries the stamps of all its
-- principals. Two changes do not wait for each other, of the same principal neither: see docacl.touch.

CREATE FUNCTION docacl.touch(kind smallint, ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    touched bigint[];
BEGIN
    -- What others hold is left to them. A snapshot that sees the one change and not the other sees another set of values
    -- than one that sees both, none, or the other one: each change leaves a value that is nobody else's. By the index
    -- whatever the plan is made for: it is kept, and reading the table for many ids would take hours.
    -- One part of each is changed and the others that are free go: else there would be one more whenever two meet, for good.
    WITH held AS MATERIALIZED (
        SELECT f.ctid AS tid, f.id, f.part FROM docacl.stamp AS f WHERE f.kind = $1 AND f.id = ANY ($2) FOR UPDATE SKIP LOCKED
    ), kept AS MATERIALIZED (
        SELECT DISTINCT ON (h.id) h.tid FROM held AS h ORDER BY h.id, h.part
    ), gone AS (
        DELETE FROM docacl.stamp AS s WHERE s.ctid = ANY (ARRAY(SELECT h.tid FROM held AS h EXCEPT SELECT k.tid FROM kept AS k))
    ), changed AS (
        UPDATE docacl.stamp AS s SET value = gen_random_uuid() WHERE s.ctid = ANY (ARRAY(SELECT k.tid FROM kept AS k)) RETURNING s.id
    )
    SELECT array_agg(c.id) INTO touched FROM changed AS c;
    touched := ARRAY(SELECT u.id FROM unnest($2) AS u (id) WHERE u.id IS NOT NULL EXCEPT SELECT t.id FROM unnest(touched) AS t (id));
    IF touched <> '{}' THEN
        INSERT INTO docacl.stamp (kind, id, part, value)
        SELECT $1, t.id, ('x' || right(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint, gen_random_uuid()
        FROM unnest(touched) AS t (id);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.touch(smallint, bigint[]) FROM PUBLIC;

CREATE FUNCTION docacl.touch_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids bigint[];
BEGIN
    -- TG_ARGV[0]: the kind of stamp, TG_ARGV[1]: the column whose values it stands for.
    IF TG_OP = 'INSERT' THEN
        EXECUTE format('SELECT array_agg(DISTINCT %I) FROM new_rows', TG_ARGV[1]) INTO ids;
    ELSIF TG_OP = 'DELETE' THEN
        EXECUTE format('SELECT array_agg(DISTINCT %I) FROM old_rows', TG_ARGV[1]) INTO ids;
    ELSE
        EXECUTE format('SELECT array_agg(DISTINCT i) FROM (SELECT %1$I FROM new_rows UNION SELECT %1$I FROM old_rows) AS t(i)', TG_ARGV[1]) INTO ids;
    END IF;
    PERFORM docacl.touch(TG_ARGV[0]::smallint, ids);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.touch_changed() FROM PUBLIC;

CREATE FUNCTION docacl.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'table "docacl.%" cannot be truncated', TG_TABLE_NAME
        USING ERRCODE = '0A000', HINT = 'Delete what is no longer wanted, or drop the extension.';
END
$$;
REVOKE ALL ON FUNCTION docacl.refuse_truncate() FROM PUBLIC;

-- Structure: only what an existing resource that is no row's own list looks like to a check. A new resource
-- touches nothing: a ring that has not met it looks it up.
CREATE FUNCTION docacl.touch_structure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT o.account_id) INTO ids FROM old_rows AS o WHERE o.kind <> 'document';
    ELSE
        -- No join: its plan is made for a handful of rows and kept, and takes hours for a bulk change.
        SELECT array_agg(DISTINCT c.account_id) INTO ids FROM (
            (SELECT o.id, o.account_id, o.kind, o.parent_id, o.inherits, o.key, o.name, o.is_star FROM old_rows AS o
             EXCEPT SELECT n.id, n.account_id, n.kind, n.parent_id, n.inherits, n.key, n.name, n.is_star FROM new_rows AS n)
            UNION ALL
            (SELECT n.id, n.account_id, n.kind, n.parent_id, n.inherits, n.key, n.name, n.is_star FROM new_rows AS n
             EXCEPT SELECT o.id, o.account_id, o.kind, o.parent_id, o.inherits, o.key, o.name, o.is_star FROM old_rows AS o)) AS c
        WHERE c.kind <> 'document';
    END IF;
    PERFORM docacl.touch(2::smallint, ids);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.touch_structure() FROM PUBLIC;

CREATE TRIGGER stamp_insert AFTER INSERT ON docacl.grants REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'principal_id');
CREATE TRIGGER stamp_update AFTER UPDATE ON docacl.grants REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'principal_id');
CREATE TRIGGER stamp_delete AFTER DELETE ON docacl.grants REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'principal_id');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON docacl.grants FOR EACH STATEMENT EXECUTE FUNCTION docacl.refuse_truncate();
CREATE TRIGGER stamp_insert AFTER INSERT ON docacl.membership REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'member_id');
CREATE TRIGGER stamp_update AFTER UPDATE ON docacl.membership REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'member_id');
CREATE TRIGGER stamp_delete AFTER DELETE ON docacl.membership REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'member_id');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON docacl.membership FOR EACH STATEMENT EXECUTE FUNCTION docacl.refuse_truncate();
CREATE TRIGGER stamp_insert AFTER INSERT ON docacl.principal REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'id');
CREATE TRIGGER stamp_update AFTER UPDATE ON docacl.principal REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'id');
CREATE TRIGGER stamp_delete AFTER DELETE ON docacl.principal REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_changed('1', 'id');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON docacl.principal FOR EACH STATEMENT EXECUTE FUNCTION docacl.refuse_truncate();
CREATE TRIGGER stamp_update AFTER UPDATE ON docacl.resource REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_structure();
CREATE TRIGGER stamp_delete AFTER DELETE ON docacl.resource REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.touch_structure();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON docacl.resource FOR EACH STATEMENT EXECUTE FUNCTION docacl.refuse_truncate();

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT tgrelid::regclass AS rel, tgname FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgrelid IN
        ('docacl.grants'::regclass, 'docacl.membership'::regclass, 'docacl.principal'::regclass, 'docacl.resource'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.rel, t.tgname);
    END LOOP;
END
$$;
