-- The documents, one statement, under protection; then the indexes that docacl advises.

\set ON_ERROR_STOP on
SET maintenance_work_mem = '512MB';
INSERT INTO app.document
SELECT d, format('Document %s', d), 1 + app.pick(d, 1, :places), t.id, 1 + app.pick(d, 3, :companies), format('u%s', 1 + app.pick(d, 4, :users)), NULL
FROM generate_series(1, :docs) AS d JOIN app.type AS t ON t.n = 1 + app.pick(d, 2, 200);
VACUUM ANALYZE app.document;
SELECT statement FROM acl_index_advice('app.document') \gexec
