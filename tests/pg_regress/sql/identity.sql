--
-- Who is asking: the setting docacl.principal, written by acl_set_user alone; else the principal mapped to the
-- database role; else nobody, who sees nothing.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('identity'); PERFORM acl_create_account('other'); END $$;
SET docacl.account = 'other';
DO $$ BEGIN PERFORM person('ann', 'Users'); PERFORM person('otto', 'Users'); END $$;
SET docacl.account = 'identity';
SELECT acl_create('location', 'A') AS a \gset
SELECT acl_create('location', 'B') AS b \gset
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM person('boss', 'Administrators');
  PERFORM acl_grant('ann', 'change', 'location', 'A');
  PERFORM acl_grant('bob', 'view', 'location', 'B');
END $$;
CREATE TABLE id_document (id int PRIMARY KEY, place bigint, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON id_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('id_document', '{"place": {"column": "place", "by": "id"}}', '{"key": "id", "default": true}');
END $$;
INSERT INTO id_document VALUES (1, :a, 'in A'), (2, :b, 'in B');
CREATE ROLE regress_id_ann LOGIN;
CREATE ROLE regress_id_ann2 LOGIN;
CREATE ROLE regress_id_bob LOGIN;
CREATE ROLE regress_id_owner LOGIN;

--
-- nobody
--
-- viewpoint of a role that docacl does not know: no rows, no errors on reading, and no writing
SET ROLE regress_stranger;
SELECT acl_user() IS NULL AS t, acl_user_id() IS NULL AS t;
SELECT count(*) AS n0 FROM id_document WHERE f_leak(title);
UPDATE id_document SET title = 'x';
DELETE FROM id_document;
\set VERBOSITY sqlstate
INSERT INTO id_document VALUES (9, NULL, 'x');           -- fail
-- he cannot become anybody
BEGIN;
SELECT acl_set_user('ann');                              -- fail
ROLLBACK;
SELECT acl_set_user('ann', local => false);              -- fail
SELECT acl_set_user('system', local => false);           -- fail
SET docacl.principal = '1';                              -- fail
SET docacl.principal = 'ann';                            -- fail
SELECT set_config('docacl.principal', '1', false);       -- fail
SELECT acl_map('regress_stranger', 'system');            -- fail
SELECT acl_trust('regress_stranger');                    -- fail
SELECT acl_unmap('regress_system');                      -- fail
SELECT acl_distrust('regress_app');                      -- fail
RESET docacl.principal;                                  -- fail
\set VERBOSITY terse
RESET ALL;
SELECT acl_user() IS NULL AS t;
SELECT count(*) AS n0 FROM id_document;
RESET ROLE;
-- with the setting docacl.nobody = error, nobody is told so
SET docacl.nobody = 'error';
SET ROLE regress_stranger;
\set VERBOSITY sqlstate
SELECT count(*) FROM id_document;                        -- fail
\set VERBOSITY terse
RESET ROLE;
SET docacl.nobody = 'empty';
SET ROLE regress_stranger;
SELECT count(*) AS n0 FROM id_document;
RESET ROLE;
SELECT complaint(NULL, 'SET docacl.nobody = ''everything''');
RESET docacl.nobody;
SET docacl.account = 'identity';

--
-- mapped database roles
--
SELECT complaint(NULL, 'SELECT acl_map(''regress_no_such_role'', ''ann'')');
SELECT complaint(NULL, 'SELECT acl_map(''regress_id_ann'', ''no such principal'')');
SELECT complaint(NULL, 'SELECT acl_map(''regress_app'', ''ann'')');                -- trusted
DO $$ BEGIN
  PERFORM acl_map('regress_id_ann', 'ann');
  PERFORM acl_map('regress_id_ann2', 'ann');     -- two roles may be one person
  PERFORM acl_map('regress_id_bob', 'bob');
END $$;
SELECT complaint(NULL, 'SELECT acl_trust(''regress_id_bob'')');                    -- mapped
-- viewpoint of ann
SET ROLE regress_id_ann;
SELECT acl_user() AS ann;
SELECT id, title FROM id_document WHERE f_leak(title);
UPDATE id_document SET title = 'in A, by ann';
INSERT INTO id_document VALUES (3, :a, 'by ann');
\set VERBOSITY sqlstate
INSERT INTO id_document VALUES (4, :b, 'by ann');        -- fail
SELECT acl_set_user('bob', local => false);              -- fail: she is ann
SET docacl.account = 'other';                            -- the setting is not hers to make; whatever comes of it, she stays ann
\set VERBOSITY terse
SELECT acl_user() AS ann;
SELECT count(*) AS n2 FROM id_document;
RESET ROLE;
SET docacl.account = 'identity';
SET ROLE regress_id_ann2;
SELECT acl_user() AS ann;
RESET ROLE;
-- viewpoint of bob
SET ROLE regress_id_bob;
SELECT id, title FROM id_document WHERE f_leak(title);
RESET ROLE;
-- taken away at once
DO $$ BEGIN PERFORM acl_unmap('regress_id_bob'); END $$;
SET ROLE regress_id_bob;
SELECT acl_user() IS NULL AS t;
SELECT count(*) AS n0 FROM id_document;
RESET ROLE;
DO $$ BEGIN PERFORM acl_map('regress_id_bob', 'bob'); END $$;
-- what a role is counts, not what it is a member of
CREATE ROLE regress_id_member LOGIN;
GRANT regress_id_ann TO regress_id_member;
SET ROLE regress_id_member;
SELECT acl_user() IS NULL AS t;
SELECT count(*) AS n0 FROM id_document;
RESET ROLE;
-- inside SECURITY DEFINER the asker stays who he is
CREATE FUNCTION regress_definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT acl_user() $$;
CREATE FUNCTION regress_definer_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM id_document $$;
ALTER FUNCTION regress_definer() OWNER TO regress_id_bob;
ALTER FUNCTION regress_definer_count() OWNER TO regress_id_bob;
SET ROLE regress_id_ann;
SELECT regress_definer() AS ann, regress_definer_count() AS n2;
RESET ROLE;
-- an admin of an account maps nobody
SELECT attempt('boss', 'SELECT acl_map(''regress_id_owner'', ''boss'')') AS "42501";
SELECT attempt('boss', 'SELECT acl_trust(''regress_id_owner'')') AS "42501";
SELECT attempt('boss', 'SELECT acl_map(''regress_id_owner'', ''system'')') AS "42501";

--
-- the trusted role: viewpoint of the application's pool
--
SET ROLE regress_app;
SELECT acl_user() IS NULL AS t;
SELECT count(*) AS n0 FROM id_document;
\set VERBOSITY sqlstate
SELECT acl_set_user('ann');                              -- fail: local, and there is no transaction
BEGIN;
SELECT acl_set_user('no such user');                     -- fail
ROLLBACK;
BEGIN;
SELECT acl_set_user('system');                           -- fail: superusers only
ROLLBACK;
BEGIN;
SELECT acl_set_user(NULL);                               -- fail
ROLLBACK;
BEGIN;
SELECT acl_set_user('Users');                            -- fail: a role is no user
ROLLBACK;
\set VERBOSITY terse
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
SELECT acl_user() AS ann;
SELECT id FROM id_document WHERE f_leak(title) ORDER BY id;
DO $$ BEGIN PERFORM acl_set_user('bob'); END $$;
SELECT acl_user() AS bob;
SELECT id FROM id_document WHERE f_leak(title) ORDER BY id;
COMMIT;
SELECT acl_user() IS NULL AS t;
SELECT count(*) AS n0 FROM id_document;
-- undone with its savepoint
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
SAVEPOINT s;
DO $$ BEGIN PERFORM acl_set_user('bob'); END $$;
SELECT acl_user() AS bob;
ROLLBACK TO s;
SELECT acl_user() AS ann;
SELECT count(*) AS n2 FROM id_document;
ROLLBACK;
-- for the session
DO $$ BEGIN PERFORM acl_set_user('bob', local => false); END $$;
SELECT acl_user() AS bob;
SELECT count(*) AS n1 FROM id_document;
-- by e-mail, by key, and in the account named
DO $$ BEGIN PERFORM acl_set_user('ANN@identity.example', local => false); END $$;
SELECT acl_user() AS ann;
SELECT count(*) AS n2 FROM id_document;
DO $$ BEGIN PERFORM acl_set_user('identity:bob', local => false); END $$;
SELECT acl_user() AS bob;
DO $$ BEGIN PERFORM acl_set_user('ann', account => 'other', local => false); END $$;
SELECT acl_user() AS ann;
SELECT count(*) AS n0 FROM id_document;
\set VERBOSITY sqlstate
BEGIN; SELECT acl_set_user('otto', account => 'identity'); ROLLBACK;      -- fail: another account's
BEGIN; SELECT acl_set_user('ann', account => 'no such account'); ROLLBACK; -- fail
\set VERBOSITY terse
-- a pool's DISCARD ALL leaves nobody behind
DISCARD ALL;
SELECT current_user = session_user AS t, acl_user() IS NULL AS t;
SET docacl.account = 'identity';
SET ROLE regress_app;
DO $$ BEGIN PERFORM acl_set_user('ann', local => false); END $$;
SELECT count(*) AS n2 FROM id_document;
RESET ALL;
SELECT acl_user() IS NULL AS t;
SELECT count(*) AS n0 FROM id_document;
RESET ROLE;
-- disabled in between: nothing at the next statement, and no way in
SET docacl.account = 'identity';
BEGIN;
SET LOCAL ROLE regress_app;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
SELECT count(*) AS n2 FROM id_document;
RESET ROLE;
DO $$ BEGIN PERFORM acl_alter_user('ann', enabled => false); END $$;
SET LOCAL ROLE regress_app;
SELECT count(*) AS n0 FROM id_document;
SELECT acl_can(1, 'view') AS f;
RESET ROLE;
COMMIT;
SELECT attempt('ann', 'SELECT 1 FROM id_document');
SET ROLE regress_id_ann;
SELECT count(*) AS n0 FROM id_document;
RESET ROLE;
DO $$ BEGIN PERFORM acl_alter_user('ann', enabled => true); END $$;
SELECT attempt('ann', 'SELECT 1 FROM id_document') AS n2;
-- no longer trusted: no way in
BEGIN;
SET LOCAL ROLE regress_app;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
RESET ROLE;
DO $$ BEGIN PERFORM acl_distrust('regress_app'); END $$;
SET LOCAL ROLE regress_app;
\set VERBOSITY sqlstate
SELECT acl_set_user('bob');                              -- fail
\set VERBOSITY terse
ROLLBACK;

--
-- sessions that PostgreSQL exempts see everything, and are told so
--
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('bob'); END $$;
SELECT count(*) AS n3 FROM id_document;
ROLLBACK;
-- a table's owner is judged like everybody
ALTER TABLE id_document OWNER TO regress_id_owner;
SET ROLE regress_id_owner;
SELECT count(*) AS n0 FROM id_document;
UPDATE id_document SET title = 'x';
\set VERBOSITY sqlstate
INSERT INTO id_document VALUES (9, NULL, 'x');           -- fail
TRUNCATE id_document;                                    -- fail
\set VERBOSITY terse
RESET ROLE;
-- only a superuser is system by saying so, and a mapped role by being so
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('system'); END $$;
SELECT acl_user() AS system;
ROLLBACK;
SET ROLE regress_system;
SELECT acl_user() AS system;
SELECT count(*) AS n3 FROM id_document;
RESET ROLE;
