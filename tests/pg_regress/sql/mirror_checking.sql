--
-- What acl_check says of mirrors: triggers that do not fire, columns that are gone, rows that docacl was not told of, and
-- memberships that outlived their row.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('mirrors'); END $$;
SET docacl.account = 'mirrors';
CREATE TABLE mc_place (id int PRIMARY KEY, name text NOT NULL, parent int);
CREATE TABLE mc_role (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE mc_user (id text PRIMARY KEY, name text NOT NULL, email text, role text, active boolean);
CREATE TABLE mc_member (role text, login text, PRIMARY KEY (role, login));
INSERT INTO mc_place VALUES (1, 'A', NULL), (2, 'B', 1);
INSERT INTO mc_role VALUES (11, 'Readers'), (12, 'Writers');
INSERT INTO mc_user VALUES ('ann', 'Ann', 'ann@mc.example', '11', true), ('bob', 'Bob', NULL, NULL, true);
INSERT INTO mc_member VALUES ('12', 'bob'), ('12', 'ann');
DO $$ BEGIN
  PERFORM acl_mirror('mc_place', 'location', 'id', 'name', 'parent'), acl_mirror('mc_role', 'role', 'id', 'name');
  PERFORM acl_mirror('mc_user', 'user', 'id', 'name', email_column => 'email', role_column => 'role', enabled_column => 'active');
  PERFORM acl_mirror_members('mc_member', 'role', 'login');
  PERFORM person('boss', 'Administrators');
  PERFORM acl_grant('Writers', 'change', 'location', 'A');
END $$;
CREATE FUNCTION found(relation regclass) RETURNS SETOF text LANGUAGE sql AS
$$ SELECT format('%s %s: %s -- %s', severity, object, finding, advice) FROM acl_check(relation) WHERE object LIKE '%mc\_%' OR object LIKE '%mirror%' $$;
-- nothing, of each and of all (a table that is mirrored may be asked about by name; boss was made by hand, with a key)
SELECT found('mc_place');
SELECT found('mc_role');
SELECT found('mc_member');
SELECT found(NULL);
SELECT found('mc_user');
-- not: for others, nor of tables that are neither protected nor mirrored
CREATE TABLE mc_other (id int);
SELECT complaint('boss', $$ SELECT * FROM acl_check('mc_user') $$);
SELECT complaint(NULL, $$ SELECT * FROM acl_check('mc_other') $$);

-- a load that fires no triggers: rows are missed, and memberships outlive theirs. session_replication_role does not do it,
-- disabled triggers do
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO mc_place VALUES (3, 'C', 1);
SELECT found('mc_place');
ROLLBACK;
BEGIN;
ALTER TABLE mc_place DISABLE TRIGGER ALL;
SELECT found(NULL);
INSERT INTO mc_place VALUES (3, 'C', 1), (4, 'D', 1);
UPDATE mc_place SET name = 'B II' WHERE id = 2;
DELETE FROM mc_place WHERE id = 1;
ALTER TABLE mc_place ENABLE TRIGGER ALL;
SELECT found('mc_place');
ROLLBACK;
ALTER TABLE mc_member DISABLE TRIGGER ALL;
DELETE FROM mc_member WHERE login = 'bob';
INSERT INTO mc_member VALUES ('11', 'bob');
ALTER TABLE mc_member ENABLE ALWAYS TRIGGER docacl_mirror_member_insert;
ALTER TABLE mc_member ENABLE TRIGGER docacl_mirror_member_update;
ALTER TABLE mc_member ENABLE REPLICA TRIGGER docacl_mirror_member_delete;
SELECT found('mc_member');
SELECT acl_can_on('bob', 'location', 'A', 'write') AS t, acl_can_on('ann', 'location', 'A', 'write') AS t;
-- acl_mirror_members again mends triggers and memberships: what the rows say holds, and nothing else
SELECT acl_mirror_members('mc_member', 'role', 'login') AS two;
SELECT found('mc_member');
SELECT acl_can_on('bob', 'location', 'A', 'write') AS f, acl_can_on('ann', 'location', 'A', 'write') AS t;
SELECT role, member, source FROM docacl.member_list WHERE member IN ('Ann', 'Bob') AND revoked_at IS NULL ORDER BY 1, 2;
-- a user whom docacl has otherwise, a role that changed unheard
ALTER TABLE mc_user DISABLE TRIGGER ALL;
UPDATE mc_user SET role = '12', active = false, name = 'Anna' WHERE id = 'ann';
INSERT INTO mc_user VALUES ('cy', 'Cy', NULL, NULL, true);
SELECT found('mc_user');
SELECT acl_mirror('mc_user', 'user', 'id', 'name', email_column => 'email', role_column => 'role', enabled_column => 'active') AS three;
SELECT found('mc_user');
SELECT role, member, source FROM docacl.member_list WHERE member IN ('Anna', 'Bob', 'Cy') AND revoked_at IS NULL ORDER BY 1, 2;
-- the last administrator does not go that way either
INSERT INTO mc_role VALUES (13, 'Administrators of it');
DO $$ BEGIN PERFORM acl_create_account('small'); END $$;
SET docacl.account = 'small';
CREATE TABLE mc_boss (role text, login text, PRIMARY KEY (role, login));
CREATE TABLE mc_person (id text PRIMARY KEY, name text);
INSERT INTO mc_person VALUES ('king', 'King'), ('heir', 'Heir');
INSERT INTO mc_boss VALUES ('Administrators', 'king');
SELECT acl_mirror('mc_person', 'user', 'id', 'name') AS two, acl_mirror_members('mc_boss', 'role', 'login') AS one;
ALTER TABLE mc_boss DISABLE TRIGGER ALL;
DELETE FROM mc_boss;
SELECT complaint(NULL, $$ SELECT acl_mirror_members('mc_boss', 'role', 'login') $$);
INSERT INTO mc_boss VALUES ('Administrators', 'heir');
SELECT acl_mirror_members('mc_boss', 'role', 'login') AS one;
SELECT role, member FROM docacl.member_list WHERE role = 'Administrators' AND member IN ('King', 'Heir') AND revoked_at IS NULL;
SET docacl.account = 'mirrors';

-- columns, triggers, privileges
ALTER TABLE mc_place RENAME COLUMN parent TO above;
DROP TRIGGER docacl_mirror_location_delete ON mc_place;
GRANT INSERT, DELETE ON mc_role, mc_user TO PUBLIC;
SELECT found(NULL);
SELECT found('mc_place');
INSERT INTO mc_place VALUES (5, 'E', NULL);          -- fail: a mirror whose column is gone refuses what it cannot follow
SELECT acl_mirror('mc_place', 'location', 'id', 'name', 'above') AS two;
REVOKE ALL ON mc_role, mc_user FROM PUBLIC;
SELECT found(NULL);

-- two mirrors whose columns were renamed are mended one after the other, and end nothing before both are
ALTER TABLE mc_member RENAME COLUMN login TO who;
ALTER TABLE mc_user RENAME COLUMN role TO main_role;
SELECT count(*) AS n2 FROM found(NULL) AS f WHERE f LIKE 'error%a mirrored column%';
SELECT acl_mirror_members('mc_member', 'role', 'who') AS two;
SELECT found('mc_member');
SELECT acl_mirror('mc_user', 'user', 'id', 'name', email_column => 'email', role_column => 'main_role', enabled_column => 'active') AS three;
SELECT found('mc_member');
SELECT role, member FROM docacl.member_list WHERE member IN ('Anna', 'Bob', 'Cy') AND revoked_at IS NULL ORDER BY 1, 2;
-- what ALTER TABLE writes fires no trigger, and is taken over all the same; what the rows no longer say ends
SELECT role, member FROM docacl.member_list WHERE member IN ('Anna', 'Bob', 'Cy') AND revoked_at IS NULL ORDER BY 1, 2;
BEGIN;
ALTER TABLE mc_member ALTER role TYPE int USING CASE role::text WHEN '11' THEN 12 ELSE 11 END;
SELECT role, who FROM mc_member ORDER BY 1, 2;
SELECT role, member FROM docacl.member_list WHERE member IN ('Anna', 'Bob', 'Cy') AND revoked_at IS NULL ORDER BY 1, 2;
ROLLBACK;
BEGIN;
ALTER TABLE mc_place ALTER above TYPE text USING NULL;
SELECT kind, path FROM docacl.resource_list WHERE kind = 'location' AND key IS NOT NULL ORDER BY path;
ROLLBACK;
ALTER TABLE mc_member ALTER role TYPE text USING 'nonsense';
BEGIN;
ALTER TABLE mc_member DROP role CASCADE;
ALTER TABLE mc_member ADD role text;
SELECT role, member FROM docacl.member_list WHERE member IN ('Anna', 'Bob', 'Cy') AND revoked_at IS NULL ORDER BY 1, 2;
ROLLBACK;
-- a mirror that ended leaves what it made, which hands may take away from then on
SELECT acl_unassign('Readers', 'Bob');                -- fail: a rule made it
SELECT acl_unmirror('mc_member');
SELECT role, member, source FROM docacl.member_list WHERE member IN ('Anna', 'Bob', 'Cy') AND revoked_at IS NULL ORDER BY 1, 2;
SELECT acl_unassign('Readers', 'Bob') AS t;
SELECT complaint(NULL, $$ SELECT acl_check('mc_member') $$);

--
-- rules that grant: the same of their triggers and pairs
--
CREATE TABLE mc_site (id int PRIMARY KEY, place int, chief text, deputy text);
INSERT INTO mc_site VALUES (1, 1, 'ann', 'bob'), (2, 2, 'ann', 'bob'), (3, 2, 'bob', 'bob');
SELECT acl_auto_grant('mc_site', 'chief', 'location', 'view', 'place') AS three, acl_auto_grant('mc_site', 'deputy', 'location', 'view', 'place', code => 'no switch') AS nothing;
SELECT found('mc_site');
SELECT found(NULL);
-- missed while the triggers were off: a chief who came, one who went, one who is fewer times
ALTER TABLE mc_site DISABLE TRIGGER ALL;
SELECT count(*) AS n4 FROM found(NULL) AS f WHERE f LIKE 'error trigger docacl\_rule\_%is disabled%' AND f LIKE '%acl_auto_grant(''public.mc_site'', ''chief'', ''location'', ''view'', ''place'')%';
INSERT INTO mc_site VALUES (4, 1, 'cy', NULL), (5, 2, 'ann', NULL);
DELETE FROM mc_site WHERE id = 3;
ALTER TABLE mc_site ENABLE TRIGGER ALL;
SELECT f FROM found('mc_site') AS f WHERE f NOT LIKE '%trigger%';
SELECT acl_can_on('bob', 'location', '/A/B', 'read') AS t, acl_can_on('Cy', 'location', '/A', 'read') AS f;
SELECT acl_auto_grant('mc_site', 'chief', 'location', 'view', 'place') AS three;
SELECT f FROM found('mc_site') AS f WHERE f NOT LIKE 'notice%';
SELECT acl_can_on('bob', 'location', '/A/B', 'read') AS f, acl_can_on('Cy', 'location', '/A', 'read') AS t;
SELECT complaint('boss', $$ SELECT acl_check('mc_site') $$);
