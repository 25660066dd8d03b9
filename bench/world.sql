-- The world that is measured: :docs documents behind four gates, two users whose grants are known, and a thousand
-- others around them. Everything that hashes is a function of the document's number, so every run has the same world.
--
-- anna sees about half of the documents and ben about 0.5 %, each through about 300 grants, spread over five roles
-- and themselves. One document in ten has no project: that gate is neutral there.

\set ON_ERROR_STOP on
CREATE EXTENSION docacl;
CREATE SCHEMA world;

-- Number 0 … n - 1 out of a document's number, apart for every seed.
CREATE FUNCTION world.pick(i bigint, seed bigint, n bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql
RETURN (hashint8extended(i, seed) & 9007199254740991) % n;

-- Resources: 40 departments of 10 rooms, 20 families of 3 document types, 200 programmes of 5 projects, 110 companies.
CREATE TABLE world.node (kind text NOT NULL, above int NOT NULL, n int, id bigint NOT NULL);
INSERT INTO world.node
SELECT kind, t, NULL, acl_create(kind, format('%s %s', name, t))
FROM (VALUES ('location', 'Department', 40), ('document_type', 'Family', 20), ('project', 'Programme', 200)) AS top(kind, name, n),
     generate_series(0, n - 1) AS t;
INSERT INTO world.node
SELECT kind, above, leaf, acl_create(kind, format('%s %s.%s', name, above, leaf), parent => node.id, inherits => true)
FROM world.node
JOIN (VALUES ('location', 'Room', 10), ('document_type', 'Type', 3), ('project', 'Project', 5)) AS below(kind, name, leaves) USING (kind),
     generate_series(0, leaves - 1) AS leaf;
SELECT acl_create('environment', 'Main') \g /dev/null
INSERT INTO world.node SELECT 'company', c, 0, acl_create('company', format('Company %s', c), parent => 'Main') FROM generate_series(0, 109) AS c;
CREATE TABLE world.leaf AS
SELECT kind, row_number() OVER (PARTITION BY kind ORDER BY id) - 1 AS at, id FROM world.node WHERE n IS NOT NULL;
ALTER TABLE world.leaf ADD PRIMARY KEY (kind, at);

-- anna and ben, each of five roles.
SELECT acl_create_role(format('%s %s', job, i)) FROM unnest(ARRAY['Desk', 'Shop']) AS job, generate_series(0, 4) AS i \g /dev/null
SELECT acl_create_user('anna', 'anna@bench.example', 'Desk 0') \g /dev/null
SELECT acl_create_user('ben', 'ben@bench.example', 'Shop 0') \g /dev/null
SELECT acl_assign(format('Desk %s', i), 'anna'), acl_assign(format('Shop %s', i), 'ben') FROM generate_series(1, 4) AS i \g /dev/null

-- anna: whole departments, families and programmes. Opens .9 × .9 × (.1 + .9 × .8) × .77 of the documents.
WITH held AS (
    SELECT kind, id, CASE kind WHEN 'location' THEN 'enter' ELSE 'change' END AS actions, row_number() OVER (ORDER BY kind, id) AS i
    FROM world.node
    WHERE kind = 'location' AND n IS NULL AND above % 10 <> 3
       OR kind = 'document_type' AND n IS NULL AND above % 10 <> 7
       OR kind = 'project' AND n IS NULL AND above % 5 <> 2
       OR kind = 'company' AND above % 22 >= 5)
SELECT acl_grant(CASE i % 6 WHEN 5 THEN 'anna' ELSE format('Desk %s', i % 6) END, actions, kind, id) FROM held \g /dev/null
-- ben: single rooms, types and projects. Opens .2 × .5 × (.1 + .9 × .17) × .18 of the documents.
WITH held AS (
    SELECT kind, id, CASE kind WHEN 'location' THEN 'enter' ELSE 'change' END AS actions, row_number() OVER (ORDER BY kind, id) AS i
    FROM world.node JOIN world.leaf USING (kind, id)
    WHERE kind = 'location' AND at % 5 = 2
       OR kind = 'document_type' AND at % 2 = 1
       OR kind = 'project' AND at % 6 = 4
       OR kind = 'company' AND at % 11 IN (3, 8))
SELECT acl_grant(CASE i % 6 WHEN 5 THEN 'ben' ELSE format('Shop %s', i % 6) END, actions, kind, id) FROM held \g /dev/null

-- The others: 1,000 users, each in 3 of 60 roles, and 20,000 grants to those roles and users.
SELECT acl_create_role(format('Team %s', i)) FROM generate_series(0, 59) AS i \g /dev/null
SELECT account_id AS account FROM docacl.principal WHERE name = 'anna' \gset
INSERT INTO docacl.principal (account_id, kind, name, email)
SELECT :account, 'user', format('user %s', i), format('user%s@bench.example', i) FROM generate_series(0, 999) AS i;
INSERT INTO docacl.membership (account_id, role_id, member_id)
SELECT :account, r.id, u.id
FROM generate_series(0, 999) AS i, generate_series(0, 2) AS k,
     LATERAL (SELECT id FROM docacl.principal WHERE name = format('user %s', i)) AS u,
     LATERAL (SELECT id FROM docacl.principal WHERE name = format('Team %s', (i * 7 + k * 17) % 60)) AS r;
INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions)
SELECT DISTINCT ON (p.id, n.id) :account, p.id, n.id, CASE n.kind WHEN 'location' THEN 1::bigint << 25 ELSE 1 END
FROM generate_series(0, 19999) AS i
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS at, count(*) OVER () AS n, id FROM docacl.principal WHERE name ~ '^(Team|user) ') AS p
  ON p.at = world.pick(i, 11, p.n)
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS at, count(*) OVER () AS n, id, kind FROM world.node) AS n
  ON n.at = world.pick(i, 12, n.n);
ANALYZE docacl.principal, docacl.membership, docacl.grants, docacl.resource;

-- The documents, three times: protected by docacl, by nothing, and by hand.
CREATE TABLE documents (
    id                bigint NOT NULL,
    title             text NOT NULL,
    location_id       bigint NOT NULL,
    document_type_id  bigint NOT NULL,
    project_id        bigint,
    company_id        bigint NOT NULL,
    created_by        bigint,
    payload           text NOT NULL
) WITH (autovacuum_enabled = false);
INSERT INTO documents
SELECT i, format('Document %s', i), l.id, t.id, p.id, c.id, u.id, repeat(md5(i::text), 3)
FROM generate_series(1, :docs) AS i
JOIN world.leaf l ON l.kind = 'location' AND l.at = world.pick(i, 1, 400)
JOIN world.leaf t ON t.kind = 'document_type' AND t.at = world.pick(i, 2, 60)
LEFT JOIN world.leaf p ON p.kind = 'project' AND p.at = world.pick(i, 3, 1000) AND world.pick(i, 4, 10) > 0
JOIN world.leaf c ON c.kind = 'company' AND c.at = world.pick(i, 5, 110)
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS at, id FROM docacl.principal WHERE name ~ '^user ') AS u ON u.at = world.pick(i, 6, 1000)
ORDER BY i;
CREATE TABLE world.plain (LIKE documents) WITH (autovacuum_enabled = false);
INSERT INTO world.plain SELECT * FROM documents ORDER BY id;
CREATE TABLE world.by_hand (LIKE documents) WITH (autovacuum_enabled = false);
INSERT INTO world.by_hand SELECT * FROM documents ORDER BY id;
SELECT format('ALTER TABLE %s ADD PRIMARY KEY (id)', t), format('CREATE INDEX ON %s (location_id)', t),
    format('CREATE INDEX ON %s (document_type_id)', t), format('CREATE INDEX ON %s (project_id)', t), format('CREATE INDEX ON %s (company_id)', t)
FROM unnest(ARRAY['documents', 'world.plain', 'world.by_hand']) AS t \gexec

SELECT acl_protect('documents',
    '{"location": "location_id", "document_type": "document_type_id", "project": "project_id", "company": "company_id"}',
    '{"key": "id", "owner": "created_by", "default": true}') \g /dev/null

-- Who connects: anna and ben to docacl's table; the same two users to the table protected by hand, once per way of
-- writing the policies; plain to the unprotected table.
CREATE ROLE app;
GRANT USAGE ON SCHEMA world TO app;
GRANT SELECT, INSERT, UPDATE ON documents, world.plain, world.by_hand TO app;
CREATE ROLE anna LOGIN IN ROLE app;
CREATE ROLE ben LOGIN IN ROLE app;
CREATE ROLE plain LOGIN IN ROLE app;
SELECT acl_map('anna', 'anna'), acl_map('ben', 'ben') \g /dev/null
