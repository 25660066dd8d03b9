-- The table that acl_create_documents makes, with something in every column that decides: gates left empty, owners,
-- requesters, own lists, immutable and deleted rows.

\set ON_ERROR_STOP on
SELECT acl_create_documents('world.complete') \g /dev/null
ALTER TABLE world.complete SET (autovacuum_enabled = false);
SELECT id AS anna FROM docacl.principal WHERE name = 'anna' \gset
SELECT id AS main FROM docacl.resource WHERE kind = 'environment' AND name = 'Main' \gset
-- The trigger would judge and look up each of a million rows that are known to be right.
ALTER TABLE world.complete DISABLE TRIGGER "~docacl_row";
-- Indexes are made sooner afterwards.
SET maintenance_work_mem = '512MB';
CREATE TEMP TABLE made AS SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'world' AND tablename = 'complete' AND indexdef NOT LIKE '% UNIQUE %';
SELECT format('DROP INDEX world.%I', indexname) FROM made \gexec
INSERT INTO world.complete (id, location_id, document_type_id, project_id, company_id, environment_id, created_by, requested_by,
    immutable, deleted_at, deleted_by, title)
OVERRIDING SYSTEM VALUE
SELECT id, location_id,
    CASE WHEN world.pick(id, 21, 10) > 0 THEN document_type_id END, project_id,
    CASE WHEN world.pick(id, 22, 10) > 1 THEN company_id END,
    CASE WHEN world.pick(id, 23, 10) > 6 THEN :main END,
    CASE world.pick(id, 24, 1000) WHEN 0 THEN :anna ELSE created_by END,
    CASE WHEN world.pick(id, 25, 100) = 0 THEN CASE WHEN id % 10 = 0 THEN :anna ELSE created_by END END,
    world.pick(id, 26, 10) = 0,
    CASE WHEN world.pick(id, 27, 20) = 0 THEN now() END,
    CASE WHEN world.pick(id, 27, 20) = 0 THEN created_by END,
    title
FROM documents ORDER BY id;
SELECT indexdef FROM made \gexec
ALTER TABLE world.complete ENABLE ALWAYS TRIGGER "~docacl_row";
-- Own lists of a hundred documents: some add anna, some stand instead of the location. More would be grants of hers that
-- all other measurements had to carry.
SELECT acl_grant_row(CASE WHEN id % 2 = 0 THEN 'anna' ELSE 'Team 1' END, 'read', 'world.complete', id::text),
    id % 5 <> 0 OR acl_set_row_inherits('world.complete', id::text, false) IS NULL
FROM (SELECT id FROM world.complete WHERE world.pick(id, 28, 100) = 0 AND location_id IS NOT NULL AND deleted_at IS NULL ORDER BY id LIMIT 100) AS listed \g /dev/null
GRANT SELECT ON world.complete TO app;
VACUUM (FREEZE, ANALYZE) world.complete;
