-- What happens to protected tables outside acl_protect.

CREATE FUNCTION docacl.forget_dropped() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dropped oid[];
BEGIN
    SELECT array_agg(o.objid) INTO dropped FROM pg_catalog.pg_event_trigger_dropped_objects() AS o
    WHERE o.classid = 'pg_catalog.pg_class'::regclass AND o.objsubid = 0;
    -- DROP EXTENSION drops the tables that are asked here as well.
    IF dropped IS NULL OR EXISTS (
        SELECT FROM unnest('{protected_table,resource,queue_item,task,mirror,auto_grant,auto_pair}'::text[]) AS t (name) WHERE to_regclass('docacl.' || t.name) IS NULL) THEN
        RETURN;
    END IF;
    DELETE FROM docacl.protected_table AS p WHERE p.relation = ANY (dropped);
    IF FOUND THEN
        DELETE FROM docacl.resource AS r WHERE r.kind = 'document' AND r.relation = ANY (dropped);
    END IF;
    DELETE FROM docacl.queue_item AS i WHERE i.relation = ANY (dropped);
    DELETE FROM docacl.task AS t WHERE t.relation = ANY (dropped);
    DELETE FROM docacl.mirror AS m WHERE m.relation = ANY (dropped);
    DELETE FROM docacl.auto_grant AS a WHERE a.relation = ANY (dropped);
END
$$;
REVOKE ALL ON FUNCTION docacl.forget_dropped() FROM PUBLIC;
COMMENT ON FUNCTION docacl.forget_dropped() IS 'Forgets tables that were dropped: their protection, the own lists of their rows, items and tasks about these, rules with their grants, and mirrors; what a mirror made stays.';

CREATE EVENT TRIGGER docacl_forget_dropped ON sql_drop WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP EXTENSION')
    EXECUTE FUNCTION docacl.forget_dropped();
ALTER EVENT TRIGGER docacl_forget_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_forget_dropped IS 'Keeps docacl''s own tables true when a table that they speak of is dropped.';
