-- :docs documents behind four gates, protected by docacl, and who connects.

\set ON_ERROR_STOP on
SET maintenance_work_mem = '512MB';
CREATE EXTENSION IF NOT EXISTS pg_trgm;
-- What titles are made of: a thousand words, two in each.
CREATE TABLE world.word AS SELECT n, translate(substr(md5(n::text), 1, 7), '0123456789', 'ghijklmnop') AS word FROM generate_series(0, 999) AS n;
ALTER TABLE world.word ADD PRIMARY KEY (n);
ANALYZE world.word, world.leaf;
CREATE TABLE documents (
    id                bigint NOT NULL,
    title             text NOT NULL,
    location_id       bigint NOT NULL,
    document_type_id  bigint NOT NULL,
    project_id        bigint,
    company_id        bigint NOT NULL,
    created_by        bigint,
    words             tsvector NOT NULL,
    payload           text NOT NULL
) WITH (autovacuum_enabled = false);
INSERT INTO documents
SELECT i, format('Document %s: %s %s', i, a.word, b.word), l.id, t.id, p.id, c.id, u.id, to_tsvector('simple', a.word || ' ' || b.word),
       repeat(md5(i::text), 3)
FROM generate_series(1, :docs) AS i
JOIN world.leaf l ON l.kind = 'location' AND l.at = world.pick(i, 1, 400)
JOIN world.leaf t ON t.kind = 'document_type' AND t.at = world.pick(i, 2, 60)
LEFT JOIN world.leaf p ON p.kind = 'project' AND p.at = world.pick(i, 3, greatest(:projects / 5, 2) * 5) AND world.pick(i, 4, 10) > 0
JOIN world.leaf c ON c.kind = 'company' AND c.at = world.pick(i, 5, 110)
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS at, id FROM docacl.principal WHERE name ~ '^user ') AS u ON u.at = world.pick(i, 6, :users)
JOIN world.word a ON a.n = world.pick(i, 7, 1000)
JOIN world.word b ON b.n = world.pick(i, 8, 1000)
ORDER BY i;
ALTER TABLE documents ADD PRIMARY KEY (id);
CREATE INDEX ON documents (location_id);
CREATE INDEX ON documents (document_type_id);
CREATE INDEX ON documents (project_id);
CREATE INDEX ON documents (company_id);
CREATE INDEX ON documents USING gin (words);
CREATE INDEX ON documents USING gin (title gin_trgm_ops);

SELECT acl_protect('documents',
    '{"location": "location_id", "document_type": "document_type_id", "project": "project_id", "company": "company_id"}',
    '{"key": "id", "owner": "created_by", "default": true}') \g /dev/null
-- What docacl itself advises, in a version that does.
SELECT to_regproc('acl_index_advice') IS NOT NULL AS advises \gset
\if :advises
SELECT statement FROM acl_index_advice('documents') \gexec
\endif
VACUUM (FREEZE, ANALYZE) documents;

-- The three users, one of them with a session for everybody (a pool), and one whom nothing is kept from. Roles belong
-- to all databases of a server, and the world may be made in several.
DO $$
BEGIN
    IF to_regrole('app') IS NULL THEN
        CREATE ROLE app;
        CREATE ROLE anna LOGIN IN ROLE app;
        CREATE ROLE ben LOGIN IN ROLE app;
        CREATE ROLE cora LOGIN IN ROLE app;
        CREATE ROLE plain LOGIN IN ROLE app;
        CREATE ROLE pool LOGIN IN ROLE app;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA world TO app;
GRANT SELECT, INSERT, UPDATE ON documents TO app;
SELECT acl_map('anna', 'anna'), acl_map('ben', 'ben'), acl_map('cora', 'cora'), acl_trust('pool') \g /dev/null
