--
-- API keys of an environment: made, used, walled in, revoked, expired (acceptance A6; SECURITY.md: T29).
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('keys'); PERFORM acl_create_account('other'); END $$;
SET docacl.account = 'other';
DO $$ BEGIN PERFORM acl_create('environment', 'theirs'); PERFORM person('otto', 'Administrators'); END $$;
SET docacl.account = 'keys';
SELECT acl_create('environment', 'E1') AS e1 \gset
SELECT acl_create('environment', 'E2') AS e2 \gset
SELECT acl_create('company', 'C1', 'E1') AS c1 \gset
SELECT acl_create('location', 'A') AS a \gset
DO $$ BEGIN
  PERFORM person('boss', 'Administrators');
  PERFORM person('keeper', 'Users');             -- manages API keys of E1
  PERFORM person('porter', 'Users');             -- manages API keys of the account
  PERFORM person('ann', 'Users');
  PERFORM acl_create_role('readers');
  PERFORM acl_grant('keeper', 'manage_api_keys', 'environment', 'E1');
  PERFORM acl_grant('keeper', 'view', 'environment', 'E1');
  PERFORM acl_grant('porter', 'manage_api_keys', 'account', 'keys');
  PERFORM acl_grant('readers', 'change', 'account', 'keys');
  PERFORM acl_grant('readers', 'change', 'location', 'A');
END $$;
CREATE TABLE ak_document (id int PRIMARY KEY, company bigint, environment bigint, place bigint, created_by bigint, title text);
CREATE TABLE ak_loose (id int PRIMARY KEY, place bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON ak_document, ak_loose TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('ak_document', '{"company": {"column": "company", "by": "id"}, "environment": {"column": "environment", "by": "id"}, "place": {"column": "place", "by": "id"}}',
                      '{"key": "id", "owner": "created_by"}');
  PERFORM acl_protect('ak_loose', '{"place": {"column": "place", "by": "id"}}', '{"key": "id"}');
END $$;
INSERT INTO ak_document VALUES (1, NULL, :e1, :a, NULL, 'E1'), (2, :c1, NULL, :a, NULL, 'C1 of E1'), (3, NULL, :e2, :a, NULL, 'E2'), (4, NULL, NULL, :a, NULL, 'no scope');
INSERT INTO ak_loose VALUES (1, :a);
-- what a session that has logged in by a key gets from a statement
CREATE FUNCTION by_key(key text, statement text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     n bigint;
     out text;
   BEGIN
     BEGIN
       PERFORM set_config('role', 'regress_stranger', true);
       PERFORM acl_login(key, local => false);
       IF statement LIKE 'SELECT%' THEN EXECUTE statement INTO out; ELSE EXECUTE statement; GET DIAGNOSTICS n = ROW_COUNT; out := n; END IF;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN out; WHEN OTHERS THEN RETURN SQLSTATE || '  ' || SQLERRM;
     END;
   END $$;
CREATE FUNCTION ids(key text) RETURNS text LANGUAGE sql AS
$$ SELECT by_key(key, 'SELECT coalesce(string_agg(id::text, '','' ORDER BY id), ''nothing'') FROM ak_document') $$;

-- who may make one
SELECT who, attempt(who, format('SELECT acl_create_api_key(%L, ''k'')', environment)) FROM (VALUES
  (1, 'boss', 'E1'), (2, 'boss', 'E2'), (3, 'boss', 'no such'), (4, 'boss', 'theirs'), (5, 'keeper', 'E1'), (6, 'keeper', 'E2'), (7, 'porter', 'E1'), (8, 'porter', 'E2'),
  (9, 'ann', 'E1'), (10, 'ann', 'no such'), (11, 'system', 'E1')) AS v(n, who, environment) ORDER BY n;
SET ROLE regress_stranger;
\set VERBOSITY sqlstate
SELECT acl_create_api_key('E1', 'k');                -- fail
SELECT acl_revoke_api_key('E1', 'k');                -- fail
\set VERBOSITY terse
RESET ROLE;
SELECT attempt('keeper', 'SELECT acl_create_api_key(''E1'', ''k'', role => ''Administrators'')') AS "42501";
SELECT attempt('boss', 'SELECT acl_create_api_key(''E1'', NULL)') AS "22023";
SELECT attempt('boss', 'SELECT acl_create_api_key(NULL, ''k'')') AS "22023";
SELECT attempt('boss', 'SELECT acl_create_api_key(''E1'', '''')') AS "22023";
SELECT attempt('boss', 'SELECT acl_create_api_key(''E1'', ''ann'')') AS "42710";
SELECT attempt('boss', 'SELECT acl_create_api_key(''E1'', ''k'', role => ''no such role'')') AS "42704";
SELECT attempt('boss', 'SELECT acl_create_api_key(''E1'', ''k'', valid_until => now() - interval ''1 day'')') AS "22023";

-- A6: made; it reads and writes its environment
SELECT acl_create_api_key('E1', 'importer', role => 'readers') AS key \gset
SELECT length(:'key') AS n62, :'key' ~ '^docacl_[A-Za-z0-9_-]{55}$' AS t;
SELECT by_key(:'key', 'SELECT principal || '' of '' || account || '' by '' || identified FROM acl_session()') AS importer;
SELECT ids(:'key') AS "1,2";
SELECT by_key(:'key', 'UPDATE ak_document SET title = title') AS n2;
SELECT by_key(:'key', format('INSERT INTO ak_document VALUES (9, NULL, %s, %s, NULL, ''new'')', :e1, :a)) AS n1;
-- A6 not: and no other, whatever its role holds on the whole account
SELECT by_key(:'key', 'SELECT count(*) FROM ak_document WHERE id IN (3, 4)') AS n0;
SELECT by_key(:'key', 'SELECT count(*) FROM ak_loose') AS "n0: a table without a scope shows a key nothing";
SELECT by_key(:'key', format('INSERT INTO ak_document VALUES (9, NULL, %s, %s, NULL, ''new'')', :e2, :a)) AS "42501";
SELECT by_key(:'key', format('UPDATE ak_document SET environment = %s WHERE id = 1', :e2)) AS "42501";
SELECT by_key(:'key', 'SELECT count(*) FROM docacl.api_key_use') AS n1;
SELECT by_key(:'key', 'SELECT count(hash) FROM docacl.api_key') AS "42501";
SELECT by_key(:'key', 'SELECT acl_create_api_key(''E1'', ''another'')') AS "42501";
SELECT by_key(:'key', 'SELECT acl_set_user(''boss'')') AS "42501";
-- the wrong key: the same answer for all
SELECT n, ids(k) FROM (VALUES (1, left(:'key', -1)), (2, :'key' || 'A'), (3, left(:'key', -1) || CASE right(:'key', 1) WHEN 'A' THEN 'B' ELSE 'A' END),
  (4, 'docacl_'), (5, 'docacl_' || repeat('A', 55)), (6, upper(:'key')), (7, replace(:'key', 'docacl_', 'docacl')), (8, substr(:'key', 8)),
  (9, left(:'key', 19) || repeat('A', 43)), (10, 'docacl_' || repeat(E'\u00e4', 55)), (11, ' ' || :'key')) AS v(n, k) ORDER BY n;
-- kept is a hash that tells nothing, under a secret
SELECT prefix = substr(:'key', 8, 12) AS t, length(hash) AS n32, position(convert_to(:'key', 'UTF8') IN hash) AS n0, hash = sha256(convert_to(:'key', 'UTF8')) AS f FROM docacl.api_key;
SELECT length(value) AS n32 FROM docacl.secret;
SELECT refusal FROM (SELECT attempt('boss', 'SELECT acl_create_api_key(''E1'', ''importer'')') AS refusal) AS r;      -- 42710
SELECT refusal FROM (SELECT attempt('boss', 'SELECT acl_create_api_key(''E2'', ''importer'')') AS refusal) AS r;      -- 42710

-- last use: written once, and not again for every call; not in a read-only transaction; seen by who sees the key
SELECT environment, name, enabled, last_used IS NULL AS t FROM docacl.api_key_list;
BEGIN READ ONLY;
SELECT acl_login(:'key') IS NOT NULL AS t;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT acl_login(:'key') IS NOT NULL AS t;
COMMIT;
SELECT last_used IS NULL AS t FROM docacl.api_key_list;
BEGIN;
SELECT acl_login(:'key') IS NOT NULL AS t;
COMMIT;
SELECT last_used > now() - interval '1 minute' AS t FROM docacl.api_key_list;
SELECT ctid AS before FROM docacl.api_key_use \gset
BEGIN;
SELECT acl_login(:'key') IS NOT NULL AS t, pg_current_xact_id_if_assigned() IS NULL AS "t: nothing was written";
COMMIT;
SELECT ctid = :'before' AS t FROM docacl.api_key_use;
UPDATE docacl.api_key_use SET at = at - interval '6 minutes';
BEGIN;
SELECT acl_login(:'key') IS NOT NULL AS t;
COMMIT;
SELECT at > now() - interval '1 minute' AS t FROM docacl.api_key_use;
SELECT attempt('porter', 'SELECT FROM docacl.api_key_list') AS "n0: he does not see principals", attempt('boss', 'SELECT FROM docacl.api_key_list') AS n1,
       attempt('ann', 'SELECT FROM docacl.api_key_list') AS n0;
SELECT attempt('boss', 'UPDATE docacl.api_key_use SET at = now()') AS "42501";

-- it is a member and holds grants as others do, but never is an administrator
DO $$ BEGIN PERFORM acl_unassign('readers', 'importer'); END $$;
SELECT ids(:'key') AS nothing;
DO $$ BEGIN PERFORM acl_grant('importer', 'view', 'environment', 'E1'); PERFORM acl_grant('importer', 'view', 'location', 'A'); END $$;
SELECT ids(:'key') AS "1,2";
DO $$ BEGIN PERFORM acl_grant('everyone', 'view', 'environment', 'E2'); PERFORM acl_grant('everyone', 'view', 'account', 'keys'); END $$;
SELECT ids(:'key') AS "1,2: keys are not of everyone";
DO $$ BEGIN PERFORM acl_revoke('everyone', 'view', 'environment', 'E2'); PERFORM acl_revoke('everyone', 'view', 'account', 'keys'); END $$;

-- A6 not: once it is expired
SELECT acl_create_api_key('E1', 'brief', role => 'readers', valid_until => now() + interval '1 second') AS brief \gset
SELECT ids(:'brief') AS "1,2";
SELECT pg_sleep(1.2);
SELECT ids(:'brief') AS "28000";

-- A6 not: revoked: refused at once, seen before or not, and the session that it logged in sees nothing more
SELECT attempt('ann', 'SELECT acl_revoke_api_key(''E1'', ''importer'')') AS "42704";
SELECT attempt('keeper', 'SELECT acl_revoke_api_key(''E2'', ''importer'')') AS "42704";
SELECT attempt('boss', 'SELECT acl_revoke_api_key(''E2'', ''importer'')') AS "42704";
SELECT attempt('boss', 'SELECT acl_revoke_api_key(''E1'', ''ann'')') AS "42704";
SELECT attempt('boss', 'SELECT acl_revoke_api_key(''E1'', ''no such key'')') AS "42704";
SELECT attempt('otto', 'SELECT acl_revoke_api_key(''E1'', ''importer'')') AS "42704";
SELECT attempt('boss', 'SELECT acl_drop(''environment'', ''E1'')') AS "55006";
BEGIN;
SELECT acl_login(:'key') IS NOT NULL AS t;
SET LOCAL ROLE regress_stranger;
SELECT count(*) AS n2 FROM ak_document;
RESET ROLE;
DO $$ BEGIN PERFORM acl_revoke_api_key('E1', 'importer'); END $$;
SET LOCAL ROLE regress_stranger;
SELECT count(*) AS n0 FROM ak_document;
ROLLBACK;
SELECT ids(:'key') AS "1,2: rolled back";
SELECT attempt('keeper', 'SELECT acl_revoke_api_key(''E1'', ''importer'')') AS n1;
DO $$ BEGIN PERFORM acl_revoke_api_key('E1', 'importer'); PERFORM acl_revoke_api_key('E1', 'importer'); END $$;
SELECT ids(:'key') AS "28000";
SELECT name, enabled FROM docacl.api_key_list ORDER BY name;
-- enabled by hand it has no key: only a new one opens
UPDATE docacl.principal SET enabled = true WHERE name = 'importer';
SELECT ids(:'key') AS "28000";
UPDATE docacl.principal SET enabled = false WHERE name = 'importer';
-- its name again: another principal, empty-handed; the old key stays dead, and so does a session that it opened
SELECT acl_create_api_key('E1', 'importer') AS again \gset
SELECT ids(:'key') AS "28000", ids(:'again') AS nothing;
DO $$ BEGIN PERFORM acl_assign('readers', 'importer'); END $$;
SELECT ids(:'again') AS "1,2";
SELECT count(*) AS two, count(*) FILTER (WHERE enabled) AS one FROM docacl.principal WHERE name LIKE 'importer%';
-- planted: a row whose hash is not under the secret opens nothing
UPDATE docacl.api_key SET hash = sha256(convert_to(:'again', 'UTF8')) WHERE prefix = substr(:'again', 8, 12);
SELECT ids(:'again') AS "28000";
-- gone with its principal
DELETE FROM docacl.principal WHERE name LIKE 'importer%';
SELECT count(*) AS n1 FROM docacl.api_key;
-- a key that was revoked goes with its environment; one that was not keeps it
SELECT acl_create('environment', 'short') IS NOT NULL AS t, acl_create_api_key('short', 'of short') IS NOT NULL AS t;
SELECT attempt('boss', 'SELECT acl_drop(''environment'', ''short'')') AS "55006";
SELECT acl_revoke_api_key('short', 'of short'), acl_drop('environment', 'short');
SELECT count(*) AS n0 FROM docacl.principal WHERE name = 'of short';
