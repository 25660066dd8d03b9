-- The same documents once more, for rowstile: a table per kind of resource with its tree, and who was granted what. Who
-- is whom is world.member: a user is himself and his roles.

\set ON_ERROR_STOP on
SET maintenance_work_mem = '512MB';
CREATE TABLE world.person AS SELECT id FROM docacl.principal WHERE kind = 'user';
CREATE TABLE world.circle AS SELECT id FROM docacl.principal WHERE kind IN ('user', 'role');
CREATE TABLE world.part AS SELECT user_id, principal_id AS circle_id FROM world.member;
ALTER TABLE world.person ADD PRIMARY KEY (id);
ALTER TABLE world.circle ADD PRIMARY KEY (id);
ALTER TABLE world.part ADD PRIMARY KEY (circle_id, user_id);
CREATE INDEX ON world.part (user_id, circle_id);
SELECT format('CREATE TABLE world.tiled_%1$s AS SELECT id, CASE WHEN inherits THEN parent_id END AS parent_id FROM docacl.resource WHERE kind = %1$L', kind),
    format('ALTER TABLE world.tiled_%s ADD PRIMARY KEY (id)', kind),
    format('UPDATE world.tiled_%1$s AS t SET parent_id = NULL WHERE NOT EXISTS (SELECT FROM world.tiled_%1$s AS p WHERE p.id = t.parent_id)', kind),
    format('CREATE INDEX ON world.tiled_%s (parent_id)', kind),
    format('CREATE TABLE world.granted_%1$s AS SELECT DISTINCT g.resource_id, g.principal_id AS circle_id FROM docacl.grants g'
           ' JOIN docacl.resource r ON r.id = g.resource_id WHERE r.kind = %1$L AND g.revoked_at IS NULL', kind),
    format('ALTER TABLE world.granted_%s ADD PRIMARY KEY (resource_id, circle_id)', kind),
    format('CREATE INDEX ON world.granted_%s (circle_id, resource_id)', kind)
FROM unnest(ARRAY['location', 'document_type', 'project', 'company']) AS kind \gexec
CREATE TABLE world.tiled (LIKE documents) WITH (autovacuum_enabled = false);
INSERT INTO world.tiled SELECT * FROM documents ORDER BY id;
ALTER TABLE world.tiled ADD PRIMARY KEY (id);
SELECT regexp_replace(indexdef, ' INDEX \S+ ON public\.documents ', ' INDEX ON world.tiled ')
FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'documents' AND indexdef NOT LIKE '% UNIQUE %' \gexec
CREATE ROLE tiled LOGIN;
GRANT USAGE ON SCHEMA world TO tiled;
GRANT SELECT ON world.tiled TO tiled;
VACUUM (FREEZE, ANALYZE) world.tiled;
ANALYZE;
