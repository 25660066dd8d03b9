-- DDL on protected tables: renamed columns and parents are followed; what would open a way around is refused.

CREATE FUNCTION docacl.column_renamed() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'docacl_column_renamed';
REVOKE ALL ON FUNCTION docacl.column_renamed() FROM PUBLIC;
COMMENT ON FUNCTION docacl.column_renamed() IS 'Writes the new name of a renamed column, or parent, into how tables are protected.';

CREATE EVENT TRIGGER docacl_column_renamed ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION docacl.column_renamed();
ALTER EVENT TRIGGER docacl_column_renamed ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_column_renamed IS 'Follows the columns of protected tables, and tables that decide others, when they are renamed.';

CREATE FUNCTION docacl.refuse_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tables oid[];
    culprit text;
BEGIN
    -- CREATE EXTENSION and its upgrades come here between their own commands.
    IF to_regclass('docacl.protected_table') IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(coalesce(t.tgrelid, o.objid)) INTO tables
    FROM pg_catalog.pg_event_trigger_ddl_commands() AS o
    LEFT JOIN pg_catalog.pg_trigger AS t ON o.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = o.objid
    WHERE o.classid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_trigger'::regclass);
    IF tables IS NULL THEN
        RETURN;
    END IF;

    SELECT min(t.tgname::text) INTO culprit
    FROM docacl.protected_table AS p JOIN pg_catalog.pg_trigger AS t
    ON p.relation = coalesce(pg_catalog.pg_partition_root(t.tgrelid), t.tgrelid)
    WHERE t.tgrelid = ANY (tables) AND NOT t.tgisinternal AND t.tgtype & 3 = 3 AND t.tgenabled <> 'D'
      AND t.tgname::text COLLATE "C" > '~docacl_row' AND coalesce((to_jsonb(p) ->> 'enforced')::boolean, true);
    IF culprit IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '55000',
            MESSAGE = format('trigger "%s" fires after docacl has judged the row', culprit),
            HINT = 'Give it a name that sorts before "~docacl_row", or make it an AFTER trigger.';
    END IF;

    SELECT min(i.inhrelid::regclass::text) INTO culprit
    FROM docacl.protected_table AS p JOIN pg_catalog.pg_inherits AS i ON p.relation IN (i.inhparent, i.inhrelid)
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhrelid = ANY (tables) AND NOT c.relispartition;
    IF culprit IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '0A000',
            MESSAGE = format('table %s cannot inherit: one of the two tables is protected', culprit),
            HINT = 'Protected tables neither inherit nor are inherited from.';
    END IF;

    SELECT min(k.conname::text) INTO culprit
    FROM docacl.protected_table AS p JOIN pg_catalog.pg_constraint AS k
    ON p.relation = coalesce(pg_catalog.pg_partition_root(k.conrelid), k.conrelid)
    WHERE k.conrelid = ANY (tables) AND k.contype = 'f'
      AND (k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('n', 'd'))
      AND EXISTS (
        SELECT FROM jsonb_path_query(p.spec, '$.gates[*].refs[*].column') AS gate(col)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attname = gate.col #>> '{}'
        WHERE a.attnum = ANY (k.conkey)
          AND (k.confupdtype IN ('n', 'd') OR k.confdelsetcols IS NULL OR a.attnum = ANY (k.confdelsetcols)));
    IF culprit IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '55000',
            MESSAGE = format('foreign key "%s" would empty a gate column', culprit),
            HINT = 'Use ON DELETE RESTRICT, NO ACTION or CASCADE: an empty gate lets through whoever it kept out.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION docacl.refuse_ddl() FROM PUBLIC;
COMMENT ON FUNCTION docacl.refuse_ddl() IS 'Refuses triggers that fire after the judgement, inheritance and foreign keys that empty a gate, on protected tables.';

CREATE EVENT TRIGGER docacl_refuse_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER')
    EXECUTE FUNCTION docacl.refuse_ddl();
ALTER EVENT TRIGGER docacl_refuse_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER docacl_refuse_ddl IS 'Refuses ways around protected tables when they are made.';
