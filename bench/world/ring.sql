-- Users who hold :keys keys each, and a table with one document for each key.

\set ON_ERROR_STOP on
SELECT account_id AS account FROM docacl.principal WHERE built_in = 'everyone' \gset
INSERT INTO docacl.resource (account_id, kind, inherits, name)
SELECT :account, 'project', true, format('Key %s of %s', i, :keys) FROM generate_series(1, :keys) AS i;
SELECT format('world.ring_%s', :keys) AS ring \gset
CREATE TABLE :ring AS SELECT id, id AS project_id FROM docacl.resource WHERE name LIKE format('Key %% of %s', :keys);
ALTER TABLE :ring ADD PRIMARY KEY (id);
GRANT SELECT ON :ring TO app;
INSERT INTO docacl.principal (account_id, kind, name, email)
SELECT :account, 'user', format('ring %s %s', :keys, i), format('ring%s.%s@bench.example', :keys, i) FROM generate_series(1, :users) AS i;
INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions)
SELECT :account, u.id, r.id, 1 FROM docacl.principal u, :ring r WHERE u.name LIKE format('ring %s %%', :keys);
SELECT acl_protect(:'ring', '{"project": {"column": "project_id", "by": "id"}}', '{"key": "id"}') \g /dev/null
VACUUM (ANALYZE) :ring;
ANALYZE docacl.principal, docacl.grants, docacl.resource;
