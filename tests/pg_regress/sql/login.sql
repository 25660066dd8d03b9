--
-- Logging in with a token: how long it lasts, what it does not allow any more, and what is left after a refusal.
-- SECURITY.md: T25, T27, T28.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('login'); END $$;
SET docacl.account = 'login';
SELECT acl_create('location', 'A') AS a \gset
SELECT acl_create('location', 'B') AS b \gset
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM acl_grant('ann', 'change', 'location', 'A');
  PERFORM acl_grant('bob', 'view', 'location', 'B');
  PERFORM acl_add_token_key('one', 'HS256', 'a secret of at least thirty-two bytes');
END $$;
CREATE TABLE lo_document (id int PRIMARY KEY, place bigint, title text);
GRANT SELECT, INSERT, UPDATE, DELETE ON lo_document TO PUBLIC;
DO $$ BEGIN PERFORM acl_protect('lo_document', '{"place": {"column": "place", "by": "id"}}', '{"key": "id"}'); END $$;
INSERT INTO lo_document VALUES (1, :a, 'in A'), (2, :a, 'in A'), (3, :b, 'in B');
SELECT acl_issue_token('ann', '1 hour') AS ann, acl_issue_token('bob', '1 hour') AS bob \gset
-- a login that says nothing but its error, in a block of its own
CREATE FUNCTION try(token text, local boolean DEFAULT true) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN PERFORM acl_login(token, local); RETURN 'in'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || '  ' || SQLERRM; END $$;
CREATE ROLE regress_lo_mapped LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_lo_mapped', 'bob'); END $$;

--
-- for the transaction
--
-- viewpoint of a role that nobody trusts: a token is all that it needs
SET ROLE regress_stranger;
SELECT count(*) AS n0 FROM lo_document;
\set VERBOSITY sqlstate
SELECT acl_login(:'ann');                            -- fail: local, and no transaction
\set VERBOSITY terse
BEGIN;
SELECT acl_login(:'ann') IS NOT NULL AS t;
SELECT principal, account, identified FROM acl_session();
SELECT id FROM lo_document WHERE f_leak(title) ORDER BY id;
COMMIT;
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
-- it stands: another login in the same transaction is refused, the same again is not
BEGIN;
SELECT try(:'ann') AS "in", try(:'ann') AS "in";
SELECT count(*) AS n2 FROM lo_document;
SELECT try(:'bob') AS "28000";
SELECT acl_user() IS NULL AS t, count(*) AS "n0: nobody" FROM lo_document;
SELECT try(:'ann') AS "in";
SELECT count(*) AS n2 FROM lo_document;
SELECT try(:'bob') AS "28000";
COMMIT;
BEGIN;
SELECT try(:'bob') AS "in: another transaction";
SELECT count(*) AS n1 FROM lo_document;
COMMIT;
-- not by a savepoint, not by logging out
BEGIN;
SAVEPOINT s;
SELECT try(:'ann') AS "in";
ROLLBACK TO s;
SELECT acl_user() IS NULL AS t, count(*) AS "n0: a login that was rolled back" FROM lo_document;
SELECT try(:'bob') AS "28000";
SELECT try(:'ann') AS "in";
SELECT acl_logout() IS NOT NULL AS t;
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
SELECT try(:'bob') AS "28000";
ROLLBACK;
RESET ROLE;
-- not by a trusted role's word
SET ROLE regress_app;
BEGIN;
SELECT try(:'ann') AS "in";
\set VERBOSITY sqlstate
SELECT acl_set_user('bob');                          -- fail
\set VERBOSITY terse
ROLLBACK;
BEGIN;
SELECT acl_set_user('bob') IS NOT NULL AS t;
SELECT try(:'ann') AS "in: nothing was pinned";
SELECT acl_set_user('ann') IS NOT NULL AS "t: the same";
COMMIT;
RESET ROLE;

--
-- for the session
--
SET ROLE regress_stranger;
SELECT try(:'ann', false) AS "in";
SELECT acl_user() AS ann, count(*) AS n2 FROM lo_document;
BEGIN;
SELECT try(:'bob') AS "in: another transaction's, for this one";
SELECT count(*) AS n1 FROM lo_document;
COMMIT;
SELECT acl_user() AS ann, count(*) AS n2 FROM lo_document;
SELECT acl_logout() IS NOT NULL AS t;
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
SELECT try(:'ann', false) AS "in";
RESET ALL;
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
SELECT try(:'ann', NULL) AS "22023";
SELECT try(NULL, false) AS "22023";
RESET ROLE;
-- a setting forbids it, by whatever way
SET docacl.require_local = on;
SET ROLE regress_app;
SELECT try(:'ann', false) AS "28000";
\set VERBOSITY sqlstate
SELECT acl_set_user('ann', account => 'login', local => false);        -- fail
SELECT acl_enter('Projects', local => false);                          -- fail
SET docacl.require_local = off;                                        -- fail
\set VERBOSITY terse
BEGIN;
SELECT try(:'ann') AS "in";
SELECT count(*) AS n2 FROM lo_document;
COMMIT;
RESET ROLE;
RESET docacl.require_local;

--
-- after a refusal the session is nobody, whoever it was, caught or not, rolled back or not
--
SET docacl.account = 'login';
SET ROLE regress_app;
SELECT try(:'ann', false) AS "in";
SELECT try('no token', false) AS "28000";
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
SELECT identified FROM acl_session();
SET docacl.nobody = 'error';
\set VERBOSITY sqlstate
SELECT count(*) FROM lo_document;                    -- fail
\set VERBOSITY terse
RESET docacl.nobody;
SELECT try(:'ann', false) AS "in";
SELECT count(*) AS n2 FROM lo_document;
\set VERBOSITY sqlstate
SELECT acl_login('no token', false);                 -- fail
\set VERBOSITY terse
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
BEGIN; ROLLBACK;
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
-- the identity of the transaction, and that of the session below it
SELECT try(:'ann', false) AS "in";
BEGIN;
SELECT try(:'bob') AS "in";
SELECT count(*) AS n1 FROM lo_document;
SAVEPOINT s;
SELECT try('no token') AS "28000";
SELECT count(*) AS n0 FROM lo_document;
ROLLBACK TO s;
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
ROLLBACK;
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
-- a way out: the next login, or the end of the old one
SELECT acl_set_user('ann', local => false) IS NOT NULL AS t;
SELECT count(*) AS n2 FROM lo_document;
\set VERBOSITY sqlstate
SELECT acl_login(:'bob');                            -- fail: local, and no transaction
\set VERBOSITY terse
SELECT count(*) AS n0 FROM lo_document;
SELECT acl_logout() IS NOT NULL AS t;
RESET ROLE;
-- a mapped role is nobody until the transaction ends
SET ROLE regress_lo_mapped;
SELECT count(*) AS n1 FROM lo_document;
BEGIN;
SELECT try('no token') AS "28000";
SELECT acl_user() IS NULL AS t, count(*) AS n0 FROM lo_document;
SELECT acl_logout() IS NOT NULL AS t, count(*) AS n0 FROM lo_document;
COMMIT;
SELECT acl_user() AS bob, count(*) AS n1 FROM lo_document;
BEGIN;
SELECT try(:'ann') AS "in";
SELECT count(*) AS n2 FROM lo_document;
COMMIT;
RESET ROLE;

--
-- open cursors
--
SET docacl.account = 'login';
SET ROLE regress_app;
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
DECLARE c CURSOR FOR SELECT id FROM lo_document ORDER BY id;
FETCH 1 FROM c;
SELECT try(:'ann') AS "in: the same";
SELECT count(*) AS n2 FROM lo_document;
CLOSE c;
COMMIT;
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
DECLARE c CURSOR FOR SELECT id FROM lo_document ORDER BY id;
FETCH 1 FROM c;
SELECT try(:'bob') AS "28000";
\set VERBOSITY sqlstate
FETCH 1 FROM c;                                      -- fail: the session is nobody by now
\set VERBOSITY terse
ROLLBACK;
-- WITH HOLD
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM lo_document ORDER BY id;
COMMIT;
BEGIN;
SELECT try(:'bob') AS "28000";
COMMIT;
BEGIN;
\set VERBOSITY sqlstate
SELECT acl_set_user('bob');                          -- fail
\set VERBOSITY terse
ROLLBACK;
BEGIN;
SELECT try(:'ann') AS "in: hers";
FETCH ALL FROM h;
COMMIT;
BEGIN;
SELECT try(:'bob') AS "28000";
CLOSE ALL;
SELECT try(:'bob') AS "in";
SELECT count(*) AS n1 FROM lo_document;
COMMIT;
-- a logout closes them: the next on this connection, nobody above all, fetches nothing
SELECT acl_set_user('ann', local => false) IS NOT NULL AS t;
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM lo_document ORDER BY id;
DECLARE "H, too" CURSOR WITH HOLD FOR SELECT id FROM lo_document ORDER BY id;
COMMIT;
FETCH 1 FROM h;
SELECT acl_logout() IS NOT NULL AS t;
\set VERBOSITY sqlstate
FETCH 1 FROM h;                                      -- fail: closed
FETCH 1 FROM "H, too";                               -- fail: closed
\set VERBOSITY terse
SELECT count(*) AS n0 FROM pg_cursors;
-- not one that is being fetched from: then nobody has logged out
SELECT acl_set_user('ann', local => false) IS NOT NULL AS t;
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT acl_logout();
\set VERBOSITY sqlstate
FETCH 1 FROM h;                                      -- fail
ROLLBACK;
\set VERBOSITY terse
SELECT acl_user() AS ann;
SELECT acl_logout() IS NOT NULL AS t;
-- a loop over users is nobody's cursor
DO $$ DECLARE u text; n bigint; BEGIN
  FOR u IN SELECT v FROM (VALUES ('ann'), ('bob')) AS v(v) LOOP
    PERFORM acl_set_user(u, local => false);
    SELECT count(*) INTO n FROM lo_document;
    RAISE NOTICE '% sees %', u, n;
  END LOOP;
END $$;
SELECT acl_logout() IS NOT NULL AS t;
RESET ROLE;

--
-- parallel workers hear of a refusal
--
INSERT INTO lo_document SELECT n, :a, 'many' FROM generate_series(10, 20000) AS n;
ANALYZE lo_document;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET ROLE regress_app;
SELECT try(:'ann', false) AS "in";
EXPLAIN (COSTS OFF) SELECT count(*) FROM lo_document;
SELECT count(*) AS n19993 FROM lo_document;
SELECT try('no token', false) AS "28000";
SELECT count(*) AS n0 FROM lo_document;
BEGIN;
SELECT count(*) AS n0 FROM lo_document;
ROLLBACK;
SELECT count(*) AS n0 FROM lo_document;
SELECT acl_logout() IS NOT NULL AS t;
RESET ROLE;
SET ROLE regress_lo_mapped;
SELECT count(*) AS n1 FROM lo_document;
BEGIN;
SELECT try('no token') AS "28000";
SELECT count(*) AS n0 FROM lo_document;
COMMIT;
SELECT count(*) AS n1 FROM lo_document;
RESET ROLE;

--
-- claims that a trusted server wrote: only where a superuser said so, only in a trusted role's sessions
--
SET docacl.account = 'login';
RESET max_parallel_workers_per_gather;
-- pg_regress connects as a superuser, who is no trusted role; tests/client has sessions that are
SELECT set_config('request.jwt.claims', '{"sub":"ann","account":"login"}', false) IS NOT NULL AS t;
SET docacl.trust_request_claims = on;
SET ROLE regress_app;
SELECT acl_user() IS NULL AS "t: it is who logged in that must be trusted";
RESET ROLE;
RESET docacl.trust_request_claims;
