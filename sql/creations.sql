-- That a resource was made: it touches no stamp (sql/stamps.sql), but lists of what opens lack it. Rows' own lists aside.
CREATE FUNCTION docacl.note_creation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows AS n WHERE n.kind <> 'document') THEN
        PERFORM setval('docacl.change'::regclass, 1 + ('x0' || right(replace(gen_random_uuid()::text, '-', ''), 15))::bit(64)::bigint);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION docacl.note_creation() FROM PUBLIC;
COMMENT ON FUNCTION docacl.note_creation() IS 'Gives docacl.change another value where a resource was made that is no row''s own list.';

CREATE TRIGGER note_creation AFTER INSERT ON docacl.resource REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION docacl.note_creation();
CREATE TRIGGER note_replicated AFTER INSERT ON docacl.resource FOR EACH ROW
    WHEN (pg_catalog.current_setting('session_replication_role') = 'replica') EXECUTE FUNCTION docacl.note_change();
ALTER TABLE docacl.resource ENABLE ALWAYS TRIGGER note_creation, ENABLE ALWAYS TRIGGER note_replicated;
