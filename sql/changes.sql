-- That something changed at all: see src/change.rs. A sequence, because its value is there before the transaction that
-- changes it commits, and for whoever replays it; random, because two changes must never leave the same.

CREATE SEQUENCE docacl.change;
REVOKE ALL ON SEQUENCE docacl.change FROM PUBLIC;

CREATE FUNCTION docacl.note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The last 15 digits of a random uuid are random: 60 bits.
    PERFORM setval('docacl.change'::regclass, 1 + ('x0' || right(replace(gen_random_uuid()::text, '-', ''), 15))::bit(64)::bigint);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.note_change() FROM PUBLIC;

-- By statement wherever statements are; by row where logical replication applies rows.
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON docacl.stamp FOR EACH STATEMENT EXECUTE FUNCTION docacl.note_change();
CREATE TRIGGER note_replicated AFTER INSERT OR UPDATE OR DELETE ON docacl.stamp FOR EACH ROW
    WHEN (pg_catalog.current_setting('session_replication_role') = 'replica') EXECUTE FUNCTION docacl.note_change();
-- Which principal a database role is has no stamp: it is read with every new snapshot that is not settled.
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON docacl.db_role FOR EACH STATEMENT EXECUTE FUNCTION docacl.note_change();
CREATE TRIGGER note_replicated AFTER INSERT OR UPDATE OR DELETE ON docacl.db_role FOR EACH ROW
    WHEN (pg_catalog.current_setting('session_replication_role') = 'replica') EXECUTE FUNCTION docacl.note_change();
ALTER TABLE docacl.stamp ENABLE ALWAYS TRIGGER note_change, ENABLE ALWAYS TRIGGER note_replicated;
ALTER TABLE docacl.db_role ENABLE ALWAYS TRIGGER note_change, ENABLE ALWAYS TRIGGER note_replicated;
