-- For writing: documents behind five gates, protected by docacl, by hand and by nothing. The fifth is of a kind of the
-- application's own.

\set ON_ERROR_STOP on
SELECT acl_create_kind('cabinet', false) \g /dev/null
CREATE TABLE world.cabinet AS SELECT n AS at, acl_create('cabinet', format('Cabinet %s', n)) AS id FROM generate_series(0, 19) AS n;
SELECT acl_grant('Desk 1', 'change', 'cabinet', id) FROM world.cabinet \g /dev/null
INSERT INTO world.granted SELECT DISTINCT p.id, 'cabinet', c.id FROM world.cabinet c, docacl.principal p WHERE p.name = 'Desk 1' AND p.kind = 'role';
ANALYZE world.granted;
CREATE TABLE world.five AS
SELECT d.id, d.title, d.location_id, d.document_type_id, d.project_id, d.company_id, c.id AS cabinet_id, d.created_by, d.payload
FROM documents d JOIN world.cabinet c ON c.at = world.pick(d.id, 9, 20) WHERE d.id <= 100000 ORDER BY d.id;
ALTER TABLE world.five SET (autovacuum_enabled = false);
CREATE TABLE world.five_plain WITH (autovacuum_enabled = false) AS SELECT * FROM world.five ORDER BY id;
CREATE TABLE world.five_by_hand WITH (autovacuum_enabled = false) AS SELECT * FROM world.five ORDER BY id;
SELECT format('ALTER TABLE %s ADD PRIMARY KEY (id)', t), format('CREATE INDEX ON %s (location_id)', t),
    format('CREATE INDEX ON %s (document_type_id)', t), format('CREATE INDEX ON %s (project_id)', t),
    format('CREATE INDEX ON %s (company_id)', t), format('CREATE INDEX ON %s (cabinet_id)', t)
FROM unnest(ARRAY['world.five', 'world.five_plain', 'world.five_by_hand']) AS t \gexec
-- Rows that anna may write, 10,000 at most, and for each another project that she may write, to go to and back.
CREATE TABLE world.mine AS
SELECT DISTINCT g.gate, g.resource_id AS id FROM world.granted g JOIN world.member m USING (principal_id) JOIN docacl.principal u ON u.id = m.user_id
WHERE u.name = 'anna' AND u.kind = 'user';
ANALYZE world.mine;
CREATE TABLE world.sample AS
SELECT f.*, (SELECT min(o.id) FROM docacl.resource o WHERE o.kind = 'project' AND o.parent_id = r.parent_id AND o.id <> r.id) AS other_project
FROM world.five f
JOIN world.mine l ON l.gate = 'location' AND l.id = f.location_id
JOIN world.mine t ON t.gate = 'document_type' AND t.id = f.document_type_id
JOIN world.mine p ON p.gate = 'project' AND p.id = f.project_id
JOIN world.mine c ON c.gate = 'company' AND c.id = f.company_id
JOIN docacl.resource r ON r.id = f.project_id
ORDER BY world.pick(f.id, 10, 1000000), f.id LIMIT 10000;
ALTER TABLE world.sample ADD PRIMARY KEY (id);
-- Fewer of them, for functions per row.
CREATE TABLE world.few AS SELECT * FROM world.sample ORDER BY id LIMIT 500;
ALTER TABLE world.few ADD PRIMARY KEY (id);
GRANT SELECT, INSERT, UPDATE ON world.few, world.five, world.five_plain, world.five_by_hand, world.sample TO app;
SELECT acl_protect('world.five',
    '{"location": "location_id", "document_type": "document_type_id", "project": "project_id", "company": "company_id", "cabinet": "cabinet_id"}',
    '{"key": "id", "owner": "created_by"}') \g /dev/null
VACUUM (FREEZE, ANALYZE) world.five;
VACUUM (FREEZE, ANALYZE) world.five_plain;
VACUUM (FREEZE, ANALYZE) world.five_by_hand;
VACUUM (FREEZE, ANALYZE) world.sample, world.few;
