-- What happens to protected tables outside acl_protect.

CREATE FUNCTION docacl.forget_dropped() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dropped oid[];
BEGIN
    SELECT array_agg(o.objid) INTO dropped FROM pg_catalog.pg_event_trigger_dropped_objects() AS o
    WHERE o.classid = 'pg_catalog.pg_class'::regclass AND o.objsubid = 0;
    -- DROP EXTENSION drops the tables that are asked here as well.
    IF dropped IS NULL OR to_regclass('docacl.protected_table') IS NULL OR to_regclass('docacl.resource') IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM docacl.protected_table AS p WHERE p.relation = ANY (dropped);
    IF FOUND THEN
        DELETE FROM docacl.resource AS r WHERE r.kind = 'document' AND r.relation = ANY (dropped);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.forget_dropped() FROM PUBLIC;
COMMENT ON FUNCTION docacl.forget_dropped() IS 'Forgets protected tables that were dropped, and the own lists of their rows.';

CREATE EVENT TRIGGER docacl_forget_dropped ON sql_drop WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP EXTENSION')
    EXECUTE FUNCTION docacl.forget_dropped();
ALTER EVENT TRIGGER docacl_forget_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_forget_dropped IS 'Keeps docacl.protected_table true when a protected table is dropped.';
