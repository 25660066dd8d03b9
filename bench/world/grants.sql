-- Who may do what in the world that is measured: three users whose grants are known, and :users others around them
-- with :grants grants. Everything that hashes is a function of a number, so every run has the same world.
--
-- anna sees about half of the documents, ben about 0.5 % and cora about 0.005 %, each through five roles and
-- themselves. One document in ten has no project: that gate is neutral there.

\set ON_ERROR_STOP on
CREATE EXTENSION docacl;
CREATE SCHEMA world;

-- Number 0 … n - 1 out of a number, apart for every seed.
CREATE FUNCTION world.pick(i bigint, seed bigint, n bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql
RETURN (hashint8extended(i, seed) & 9007199254740991) % n;

-- Resources: 40 departments of 10 rooms, with folders between them where :depth is more than 2, and without
-- departments where it is 1; 20 families of 3 document types, programmes of 5 projects each, 110 companies.
CREATE TABLE world.node (kind text NOT NULL, above int NOT NULL, n int, id bigint NOT NULL, under bigint);
INSERT INTO world.node
SELECT kind, t, NULL, acl_create(kind, format('%s %s', name, t))
FROM (VALUES ('location', 'Department', CASE WHEN :depth > 1 THEN 40 ELSE 0 END), ('document_type', 'Family', 20),
             ('project', 'Programme', greatest(:projects / 5, 2))) AS top(kind, name, n),
     generate_series(0, n - 1) AS t;
-- `under` is where its leaves go.
UPDATE world.node SET under = id;
SELECT format('UPDATE world.node SET under = acl_create(''location'', format(''Folder %%s of %%s'', %s, above), parent => under, inherits => true)'
              ' WHERE kind = ''location''', level)
FROM generate_series(2, :depth - 1) AS level \gexec
INSERT INTO world.node
SELECT kind, above, leaf, acl_create(kind, format('%s %s.%s', name, above, leaf), parent => node.under, inherits => true)
FROM world.node
JOIN (VALUES ('location', 'Room', 10), ('document_type', 'Type', 3), ('project', 'Project', 5)) AS below(kind, name, leaves) USING (kind),
     generate_series(0, leaves - 1) AS leaf;
INSERT INTO world.node
SELECT 'location', i / 10, i % 10, acl_create('location', format('Room %s.%s', i / 10, i % 10)) FROM generate_series(0, 399) AS i WHERE :depth = 1;
SELECT acl_create('environment', 'Main') \g /dev/null
INSERT INTO world.node SELECT 'company', c, 0, acl_create('company', format('Company %s', c), parent => 'Main') FROM generate_series(0, 109) AS c;
CREATE TABLE world.leaf AS
SELECT kind, row_number() OVER (PARTITION BY kind ORDER BY id) - 1 AS at, id FROM world.node WHERE n IS NOT NULL;
ALTER TABLE world.leaf ADD PRIMARY KEY (kind, at);

-- The three users, each of five roles.
SELECT acl_create_role(format('%s %s', job, i)) FROM unnest(ARRAY['Desk', 'Shop', 'Post']) AS job, generate_series(0, 4) AS i \g /dev/null
SELECT acl_create_user('anna', 'anna@bench.example', 'Desk 0'), acl_create_user('ben', 'ben@bench.example', 'Shop 0'),
       acl_create_user('cora', 'cora@bench.example', 'Post 0') \g /dev/null
SELECT acl_assign(format('Desk %s', i), 'anna'), acl_assign(format('Shop %s', i), 'ben'), acl_assign(format('Post %s', i), 'cora')
FROM generate_series(1, 4) AS i \g /dev/null

-- One of six grants to the user, the others to the roles.
CREATE FUNCTION world.give(who text, job text, i bigint, kind text, id bigint) RETURNS boolean LANGUAGE sql
RETURN acl_grant(CASE i % 6 WHEN 5 THEN who ELSE format('%s %s', job, i % 6) END,
                 CASE kind WHEN 'location' THEN 'enter' ELSE 'change' END, kind, id);
-- anna: whole departments, families and programmes. Opens .9 × .9 × (.1 + .9 × .8) × .77 of the documents.
SELECT world.give('anna', 'Desk', row_number() OVER (ORDER BY kind, id), kind, id) FROM world.node
WHERE kind = 'location' AND (n IS NULL OR :depth = 1) AND above % 10 <> 3
   OR kind = 'document_type' AND n IS NULL AND above % 10 <> 7
   OR kind = 'project' AND n IS NULL AND above % 5 <> 2
   OR kind = 'company' AND above % 22 >= 5 \g /dev/null
-- ben: single rooms, types and projects. Opens .2 × .5 × (.1 + .9 × .17) × .18 of the documents.
SELECT world.give('ben', 'Shop', row_number() OVER (ORDER BY kind, id), kind, id) FROM world.leaf
WHERE kind = 'location' AND at % 5 = 2
   OR kind = 'document_type' AND at % 2 = 1
   OR kind = 'project' AND at % 6 = 4
   OR kind = 'company' AND at % 11 IN (3, 8) \g /dev/null
-- cora: a few. Opens .02 × .05 × (.1 + .9 × .05) × .36 of the documents.
SELECT world.give('cora', 'Post', row_number() OVER (ORDER BY kind, id), kind, id) FROM world.leaf
WHERE kind = 'location' AND at % 50 = 7
   OR kind = 'document_type' AND at % 20 = 9
   OR kind = 'project' AND at % 20 = 1
   OR kind = 'company' AND at % 11 IN (1, 4, 6, 9) \g /dev/null

-- The others: each in 3 of 60 roles, and grants to those roles and users.
SELECT acl_create_role(format('Team %s', i)) FROM generate_series(0, 59) AS i \g /dev/null
SELECT account_id AS account FROM docacl.principal WHERE name = 'anna' \gset
INSERT INTO docacl.principal (account_id, kind, name, email)
SELECT :account, 'user', format('user %s', i), format('user%s@bench.example', i) FROM generate_series(0, :users - 1) AS i;
CREATE TABLE world.other AS
SELECT row_number() OVER (ORDER BY id) - 1 AS at, id FROM docacl.principal WHERE name ~ '^(Team|user) ';
ALTER TABLE world.other ADD PRIMARY KEY (at);
ANALYZE world.other, docacl.principal;
INSERT INTO docacl.membership (account_id, role_id, member_id)
SELECT :account, r.id, u.id
FROM docacl.principal AS u
JOIN LATERAL (SELECT substr(u.name, 6)::bigint AS i) AS number ON u.name ~ '^user '
CROSS JOIN generate_series(0, 2) AS k
JOIN docacl.principal AS r ON r.name = format('Team %s', (i * 7 + k * 17) % 60);
INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions)
SELECT DISTINCT ON (p.id, n.id) :account, p.id, n.id, CASE n.kind WHEN 'location' THEN 1::bigint << 25 ELSE 1 END
FROM generate_series(0, :grants - 1) AS i
JOIN world.other AS p ON p.at = world.pick(i, 11, (SELECT count(*) FROM world.other))
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS at, id, kind FROM world.node) AS n
  ON n.at = world.pick(i, 12, (SELECT count(*) FROM world.node));
ANALYZE docacl.principal, docacl.membership, docacl.grants, docacl.resource;
