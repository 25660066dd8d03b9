-- An application's own companies, locations, users, roles and memberships, kept as ours: acl_mirror, acl_mirror_members.
\set QUIET on
\set SHOW_CONTEXT never
\pset footer off
SET client_min_messages = warning;

CREATE TABLE m_location (id integer PRIMARY KEY, name varchar NOT NULL, parent integer REFERENCES m_location, tags text[]);
CREATE TABLE m_role (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE m_user (login text PRIMARY KEY, full_name text NOT NULL, email text, role uuid REFERENCES m_role, active boolean NOT NULL DEFAULT true);
CREATE TABLE m_member (role uuid REFERENCES m_role ON DELETE CASCADE, login text REFERENCES m_user ON DELETE CASCADE, since date DEFAULT now(), PRIMARY KEY (role, login));
CREATE TABLE m_document (id bigint PRIMARY KEY, title text, location integer NOT NULL REFERENCES m_location, author text REFERENCES m_user);

INSERT INTO m_location VALUES (1, 'Berlin', NULL), (3, 'Cellar', 2), (2, 'House', 1);
INSERT INTO m_role VALUES ('00000000-0000-0000-0000-000000000001', 'Readers'), ('00000000-0000-0000-0000-000000000002', 'Writers');
INSERT INTO m_user VALUES ('ann', 'Ann Smith', 'ann@mirror.example', '00000000-0000-0000-0000-000000000001'), ('bob', 'Bob Jones', 'bob@mirror.example', NULL);
INSERT INTO m_member VALUES ('00000000-0000-0000-0000-000000000002', 'bob');

-- one that the DBA had made by hand is taken over, with its grants
SELECT acl_create_role('Readers') IS NOT NULL AS t, acl_create('location', 'Berlin') IS NOT NULL AS t;
SELECT acl_grant('Readers', 'view', 'location', 'Berlin') AS t;

SELECT acl_mirror('m_location', 'location', 'id', 'name', 'parent') AS three;
SELECT acl_mirror('m_role', 'role', 'id', 'name') AS two;
SELECT acl_mirror('m_user', 'user', 'login', 'full_name', email_column => 'email', role_column => 'role', enabled_column => 'active') AS two;
SELECT acl_mirror_members('m_member', 'role', 'login') AS one;
SELECT kind, path, key FROM docacl.resource_list WHERE key IS NOT NULL ORDER BY 2;
SELECT role, member, source FROM docacl.member_list WHERE revoked_at IS NULL ORDER BY 1, 2;
SELECT principal, path FROM docacl.grant_list WHERE principal = 'Readers';

-- the application's own foreign keys say that its columns hold keys
SELECT * FROM acl_protect('m_document', '{"location": "location"}', '{"owner": "author", "default": true}') WHERE severity = 'error';
SELECT spec #>> '{gates,0,refs,0,by}' AS key, spec #>> '{owner,by}' AS key FROM docacl.protected_table WHERE relation = 'm_document'::regclass;
INSERT INTO m_document VALUES (1, 'in Berlin', 1, NULL), (2, 'in the house', 2, NULL), (3, 'in the cellar', 3, NULL);
SELECT acl_can('ann', 1, 'read') AS t, acl_can('ann@mirror.example', 2, 'read') AS f;

-- later: insert (children before their parents), rename, move, all in one statement each
INSERT INTO m_location VALUES (12, 'Shelf', 11), (11, 'Room', 10), (10, 'Annex', 1);
UPDATE m_location SET name = name || ' II', parent = CASE id WHEN 3 THEN 11 ELSE parent END WHERE id IN (3, 11);
UPDATE m_location SET tags = '{a}';
SELECT path, key FROM docacl.resource_list WHERE kind = 'location' AND key IS NOT NULL ORDER BY key::int;
INSERT INTO m_user VALUES ('carl', 'Carl', NULL, '00000000-0000-0000-0000-000000000002');
SELECT acl_grant('Writers', 'change', 'location', '/Berlin/House') AS t;
SELECT acl_can('carl', 2, 'write') AS t, acl_can('bob', 2, 'write') AS t, acl_can('ann', 2, 'write') AS f;
-- the role in the user's row, a membership's row, the switch
UPDATE m_user SET role = '00000000-0000-0000-0000-000000000001' WHERE login = 'carl';
SELECT acl_can('carl', 2, 'write') AS f, acl_can('carl', 1, 'read') AS t;
DELETE FROM m_member WHERE login = 'bob';
SELECT acl_can('bob', 2, 'write') AS f;
INSERT INTO m_member VALUES ('00000000-0000-0000-0000-000000000002', 'bob'), ('00000000-0000-0000-0000-000000000002', 'ann');
SELECT acl_can('bob', 2, 'write') AS t, acl_can('ann', 2, 'write') AS t;
UPDATE m_member SET login = 'carl' WHERE login = 'bob';
SELECT acl_can('bob', 2, 'write') AS f, acl_can('carl', 2, 'write') AS t;
UPDATE m_user SET active = false WHERE login = 'carl';
SELECT acl_can('carl', 2, 'write') AS f;
UPDATE m_user SET active = true, full_name = 'Carla' WHERE login = 'carl';
SELECT acl_can('Carla', 2, 'write') AS t;
-- what a rule made is not taken away by hand
SELECT acl_unassign('Writers', 'ann');
-- gone: users, roles, resources with their grants
DELETE FROM m_user WHERE login = 'carl';
SELECT acl_can('carl', 2, 'write');
DELETE FROM m_role WHERE name = 'Writers';
SELECT count(*) AS none FROM docacl.grant_list WHERE principal = 'Writers';
DELETE FROM m_location WHERE id IN (3, 12, 11, 10);
DELETE FROM m_document WHERE id = 3;
DELETE FROM m_location WHERE id IN (3, 12, 11, 10);
SELECT path, key FROM docacl.resource_list WHERE kind = 'location' AND key IS NOT NULL ORDER BY key::int;

-- refused, and nothing half done
INSERT INTO m_location VALUES (20, 'Round', 21), (21, 'About', 20);
UPDATE m_location SET parent = 2 WHERE id = 1;
INSERT INTO m_location VALUES (20, 'Twin', 1), (21, 'Twin', 1);
INSERT INTO m_location VALUES (20, '', 1);
INSERT INTO m_location VALUES (20, '*', 1);
UPDATE m_location SET id = 22 WHERE id = 2;
ALTER TABLE m_location DROP CONSTRAINT m_location_parent_fkey;
INSERT INTO m_location VALUES (20, 'Lost', 99);
TRUNCATE m_document, m_location;
INSERT INTO m_user VALUES ('dora', 'Ann Smith');
INSERT INTO m_user VALUES ('dora', 'ann');
INSERT INTO m_user VALUES ('dora', 'Dora', 'ANN@mirror.example');
INSERT INTO m_user VALUES ('dora', 'Dora', 'dora');
INSERT INTO m_user VALUES ('dora', 'System');
SELECT count(*) AS two FROM m_location;
SELECT acl_mirror('m_location', 'location', 'name', 'name');
SELECT acl_mirror('m_location', 'location', 'id', 'tags');
SELECT acl_mirror('m_location', 'location', 'id', 'nothing');
SELECT acl_mirror('m_location', 'location', 'id', 'name', email_column => 'name');
SELECT acl_mirror('m_location', 'planet', 'id', 'name');
SELECT acl_mirror('m_location', 'document', 'id', 'name');
SELECT acl_mirror(NULL, 'location', 'id', 'name');
CREATE VIEW m_view AS SELECT * FROM m_location;
SELECT acl_mirror('m_view', 'location', 'id', 'name');
CREATE TABLE m_parts (id int, name text) PARTITION BY HASH (id);
SELECT acl_mirror('m_parts', 'location', 'id', 'name');

-- whoever may write the table may do it, and nobody else reaches what the triggers call
CREATE ROLE m_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON m_location TO m_app;
SET ROLE m_app;
INSERT INTO m_location VALUES (30, 'By the application', 1);
SELECT acl_mirror('m_location', 'location', 'id', 'name');
SELECT docacl.mirror_apply('location', 2, NULL, false);
SELECT docacl.follow_mirror();
RESET ROLE;
SELECT path FROM docacl.resource_list WHERE key = '30';
UPDATE m_location SET id = 31 WHERE id = 30;
UPDATE m_location SET name = 'by the application' WHERE id = 30;

-- who was disabled by hand, where the mirror has no column for it, stays disabled when his row changes
CREATE TABLE m_guest (id integer PRIMARY KEY, name text);
INSERT INTO m_guest VALUES (900, 'guest');
SELECT acl_mirror('m_guest', 'user', 'id', 'name') AS one;
SELECT acl_alter_user('guest', enabled => false, email => 'guest@mirror.example');
UPDATE m_guest SET name = 'Guest';
SELECT enabled AS f, email FROM docacl.principal WHERE key = '900';
-- a key that is another account's by now does not go with a stale row
SELECT acl_drop_user('Guest');
SELECT acl_create_account('Other side') IS NOT NULL AS t;
SET docacl.account = 'Other side';
SELECT acl_create_user('another guest', 'another@mirror.example', 'Users', key => '900') IS NOT NULL AS t;
RESET docacl.account;
DELETE FROM m_guest;
SELECT name FROM docacl.principal WHERE key = '900';
-- a column whose type the table's owner changes to one of his own: his cast would run as the owner of docacl
CREATE ROLE m_owner;
ALTER TABLE m_guest OWNER TO m_owner;
GRANT CREATE ON SCHEMA public TO m_owner;
SET ROLE m_owner;
CREATE TYPE m_type AS (t text);
CREATE FUNCTION m_cast(m_type) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'run as %', current_user; END $$;
CREATE CAST (m_type AS text) WITH FUNCTION m_cast(m_type);
ALTER TABLE m_guest ALTER name TYPE m_type USING ROW(name)::m_type;
INSERT INTO m_guest VALUES (901, ROW('x')::m_type);
ALTER TABLE m_guest ALTER name TYPE text USING 'x', ALTER id TYPE numeric;
INSERT INTO m_guest VALUES (901, 'x');
ALTER TABLE m_guest RENAME name TO label;
INSERT INTO m_guest VALUES (901, 'x');
RESET ROLE;

-- the last administrator stays
INSERT INTO m_user VALUES ('root', 'Root');
SELECT acl_assign('Administrators', 'root');
SELECT acl_create_account('Elsewhere') IS NOT NULL AS t;
SELECT count(*) AS administrators FROM docacl.member_list WHERE role = 'Administrators' AND revoked_at IS NULL;
UPDATE m_user SET active = false WHERE login = 'root';
DELETE FROM m_user WHERE login = 'root';
SELECT acl_create_user('other root', 'root@mirror.example', 'Administrators') IS NOT NULL AS t;
DELETE FROM m_user WHERE login = 'root';

-- tenants: accounts, and rows that say theirs
CREATE TABLE m_tenant (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE m_project (id integer PRIMARY KEY, tenant integer NOT NULL REFERENCES m_tenant, name text NOT NULL, parent integer);
INSERT INTO m_tenant VALUES (1, 'North'), (2, 'South');
SELECT acl_mirror('m_tenant', 'account', 'id', 'name') AS two;
SELECT acl_mirror('m_project', 'project', 'id', 'name', 'parent', account_column => 'tenant') AS none;
INSERT INTO m_project VALUES (1, 1, 'Bridge', NULL), (2, 2, 'Bridge', NULL), (3, 2, 'Pier', 2);
SELECT a.name AS account, r.name, r.key FROM docacl.resource AS r JOIN docacl.resource AS a ON a.id = r.account_id WHERE r.kind = 'project' AND r.key IS NOT NULL ORDER BY 3;
INSERT INTO m_project VALUES (4, 1, 'Wrong', 2);
UPDATE m_project SET tenant = 1 WHERE id = 3;
INSERT INTO m_tenant VALUES (3, 'West');
UPDATE m_tenant SET name = 'Far West' WHERE id = 3;
SELECT name FROM docacl.resource WHERE kind = 'account' AND key IS NOT NULL ORDER BY key;
DELETE FROM m_tenant WHERE id = 3;
SELECT acl_drop('account', 'Far West');
DELETE FROM m_tenant WHERE id = 3;

-- the end of a mirror: what it made stays
SELECT acl_unmirror('m_project');
SELECT acl_unmirror('m_project');
INSERT INTO m_project VALUES (5, 1, 'Alone', NULL);
SELECT count(*) AS three FROM docacl.resource WHERE kind = 'project' AND key IS NOT NULL;
DROP TABLE m_tenant, m_project;
SELECT relation, kind FROM docacl.mirror ORDER BY 1;

-- in bulk, in one statement each
CREATE TABLE m_bulk (id integer PRIMARY KEY, name text, parent integer);
SELECT acl_mirror('m_bulk', 'project', 'id', 'name', 'parent') AS none;
BEGIN;
INSERT INTO m_bulk SELECT 1000 + n, 'node ' || n, CASE WHEN n > 3 THEN 1000 + n / 3 END FROM generate_series(1, 20000) AS n;
-- planned for many rows, and everything else as before
SELECT current_setting('plan_cache_mode') AS auto;
COMMIT;
SELECT count(*), count(parent_id) FROM docacl.resource WHERE kind = 'project' AND name LIKE 'node %';
UPDATE m_bulk SET parent = 1001 WHERE id BETWEEN 9000 AND 11000;
SELECT count(*) FROM docacl.resource AS r JOIN docacl.resource AS p ON p.id = r.parent_id WHERE r.kind = 'project' AND p.name = 'node 1';
DELETE FROM m_bulk;
SELECT count(*) FROM docacl.resource WHERE kind = 'project' AND name LIKE 'node %';
