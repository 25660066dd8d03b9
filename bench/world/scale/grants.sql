-- Document types, and what each role holds: three places with all below them, one in ten roles a whole region, five types, two
-- environments; and what each user holds himself: one place more.

\set ON_ERROR_STOP on
SELECT count(acl_create('document_type', format('Type %s', t))) FROM generate_series(1, 200) AS t \g /dev/null
CREATE TABLE app.type AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM docacl.resource WHERE kind = 'document_type' AND name LIKE 'Type %';
ALTER TABLE app.type ADD PRIMARY KEY (n);
CREATE TABLE app.located AS SELECT key::bigint AS n, id FROM docacl.resource WHERE kind = 'location' AND key IS NOT NULL;
ALTER TABLE app.located ADD PRIMARY KEY (n);
ANALYZE app.type, app.located;
SELECT count(acl_grant(format('r%s', r), 'view, edit', 'location', (SELECT id FROM app.located WHERE n = 1 + app.pick(r, 10 + k, :places))))
FROM generate_series(1, :roles) AS r, generate_series(1, 3) AS k \g /dev/null
SELECT count(acl_grant(format('r%s', 10 * i), 'view', 'location', format('Region %s', 1 + i % 10))) FROM generate_series(1, :roles / 10) AS i \g /dev/null
SELECT count(acl_grant(format('r%s', r), 'change', 'document_type', format('Type %s', 1 + app.pick(r, 20 + k, 200))))
FROM generate_series(1, :roles) AS r, generate_series(1, 5) AS k \g /dev/null
SELECT count(acl_grant(format('r%s', r), 'change', 'environment', format('Environment %s', 1 + app.pick(r, 30 + k, :environments))))
FROM generate_series(1, :roles) AS r, generate_series(1, 2) AS k \g /dev/null
SELECT count(acl_grant(format('u%s', u), 'view', 'location', (SELECT id FROM app.located WHERE n = 1 + app.pick(u, 40, :places))))
FROM generate_series(1, :users) AS u \g /dev/null
