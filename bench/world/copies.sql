-- The same documents protected by nothing and by hand, with the same indexes.

\set ON_ERROR_STOP on
SET maintenance_work_mem = '512MB';
CREATE TABLE world.plain (LIKE documents) WITH (autovacuum_enabled = false);
INSERT INTO world.plain SELECT * FROM documents ORDER BY id;
CREATE TABLE world.by_hand (LIKE documents) WITH (autovacuum_enabled = false);
INSERT INTO world.by_hand SELECT * FROM documents ORDER BY id;
SELECT regexp_replace(indexdef, ' INDEX \S+ ON public\.documents ', format(' INDEX ON %s ', t))
FROM pg_indexes, unnest(ARRAY['world.plain', 'world.by_hand']) AS t
WHERE schemaname = 'public' AND tablename = 'documents' \gexec
GRANT SELECT, INSERT, UPDATE ON world.plain, world.by_hand TO app;
VACUUM (FREEZE, ANALYZE) world.plain;
VACUUM (FREEZE, ANALYZE) world.by_hand;
