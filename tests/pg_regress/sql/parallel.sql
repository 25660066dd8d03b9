--
-- Parallel workers filter the same, whether the user comes from the database role or from acl_set_user, and
-- questions may be asked in them.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('parallel'); END $$;
SET docacl.account = 'parallel';
SELECT acl_create('location', 'A') AS a \gset
SELECT acl_create('location', 'B') AS b \gset
SELECT acl_create('document type', 'T', key => 't') AS t \gset
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM acl_grant('ann', 'enter', 'location', 'A');
  PERFORM acl_grant('ann', 'view', 'document type', 'T');
  PERFORM acl_grant('bob', 'view', 'location', '*');
END $$;
CREATE TABLE pa_document (id int PRIMARY KEY, place bigint, type text, list bigint, owner text, title text) WITH (parallel_workers = 2, autovacuum_enabled = off);
GRANT SELECT ON pa_document TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('pa_document', '{"place": {"column": "place", "by": "id"}, "type": "type"}', '{"key": "id", "own_acl": "list", "owner": "owner", "default": true}');
END $$;
-- a third each: in A of the type T, in B of no type, in B of the type T; ten of ann's intray; one in A whose own list
-- names bob and stands instead of A
INSERT INTO pa_document (id, place, type, title)
SELECT i, CASE i % 3 WHEN 0 THEN :a ELSE :b END, CASE i % 3 WHEN 1 THEN NULL ELSE 't' END, 'document ' || i FROM generate_series(1, 3000) AS i;
INSERT INTO pa_document (id, owner, title) SELECT i, 'parallel:ann', 'intray ' || i FROM generate_series(3001, 3010) AS i;
INSERT INTO pa_document (id, place, title) VALUES (3011, :a, 'listed');
DO $$ BEGIN PERFORM acl_set_inherits('document', '3011', false); PERFORM acl_grant('bob', 'view', 'document', '3011'); END $$;
ANALYZE pa_document;
CREATE ROLE regress_pa_ann LOGIN;
CREATE ROLE regress_pa_bob LOGIN;
DO $$ BEGIN PERFORM acl_map('regress_pa_ann', 'ann'); PERFORM acl_map('regress_pa_bob', 'bob'); END $$;

SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
-- the planner is to use workers wherever it may
DO $$ BEGIN
  PERFORM set_config(CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'on', false);
END $$;
CREATE FUNCTION in_workers(statement text) RETURNS boolean LANGUAGE plpgsql AS
$$ DECLARE
     line text;
   BEGIN
     FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
       IF line ~ 'Parallel|Gather' THEN RETURN true; END IF;
     END LOOP;
     RETURN false;
   END $$;

-- viewpoint of ann, by her database role
SET ROLE regress_pa_ann;
SELECT in_workers('SELECT count(*), min(id), max(id) FROM pa_document') AS t;
SELECT count(*) AS n1010, min(id), max(id), count(*) FILTER (WHERE owner IS NOT NULL) AS n10 FROM pa_document;
-- a question in a worker
SELECT count(*) FILTER (WHERE acl_can(id, 'view')) = count(*) AS t, count(*) FILTER (WHERE acl_can(id, 'edit')) AS n10,
       count(*) FILTER (WHERE acl_can_on('location', 'A', 'enter')) = count(*) AS t FROM pa_document WHERE id % 10 = 0 OR id > 3000;
-- viewpoint of bob
SET ROLE regress_pa_bob;
SELECT in_workers('SELECT count(*) FROM pa_document') AS t;
SELECT count(*) AS n1001, min(id), max(id) FROM pa_document;
RESET ROLE;
-- viewpoint of nobody
SET ROLE regress_stranger;
SELECT count(*) AS n0 FROM pa_document;
RESET ROLE;
-- by acl_set_user, for the transaction and for the session
BEGIN;
SET LOCAL ROLE regress_app;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
SELECT in_workers('SELECT count(*) FROM pa_document') AS t;
SELECT count(*) AS n1010 FROM pa_document;
DO $$ BEGIN PERFORM acl_set_user('bob'); END $$;
SELECT count(*) AS n1001 FROM pa_document;
COMMIT;
SET ROLE regress_app;
SELECT count(*) AS n0 FROM pa_document;
DO $$ BEGIN PERFORM acl_set_user('ann', local => false); END $$;
SELECT count(*) AS n1010 FROM pa_document;
SELECT acl_can(3, 'view') AS t, acl_can(1, 'view') AS f, acl_actions(1) AS "{}";
RESET ROLE;

-- What workers take over from their leader. The leader alone reads pa_other, whose location C no row of pa_document names:
-- a worker that counts pa_document holds the key of C only where it took it over. kept() is docacl.cache(), of any process.
SELECT acl_create('location', 'C') AS c \gset
DO $$ BEGIN PERFORM acl_grant('ann', 'view', 'location', 'C'); END $$;
CREATE TABLE pa_other (id int PRIMARY KEY, place bigint) WITH (autovacuum_enabled = off);
INSERT INTO pa_other VALUES (1, :c), (2, :b);
GRANT SELECT ON pa_other TO PUBLIC;
DO $$ BEGIN PERFORM acl_protect('pa_other', '{"place": {"column": "place", "by": "id"}}', '{"key": "id", "default": false}'); END $$;
CREATE FUNCTION kept(OUT rings bigint, OUT keys bigint, OUT bytes bigint) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL SAFE AS '$libdir/docacl', 'docacl_cache_wrapper';
CREATE FUNCTION keys_here(int) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL SAFE COST 10000 AS
$$ BEGIN RETURN (SELECT keys FROM kept()); END $$;
SET parallel_leader_participation = off;
RESET docacl.principal;
PREPARE seen AS SELECT count(*), max(keys_here(id)) AS keys_in_workers FROM pa_document;
CREATE FUNCTION leader_only() RETURNS boolean LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$ BEGIN RETURN true; END $$;
PREPARE other AS SELECT count(*) FROM pa_other WHERE leader_only();
SET ROLE regress_pa_ann;
SELECT in_workers('EXECUTE seen') AS t;
-- three locations and the type granted, A, B and the type found
EXECUTE seen;
EXECUTE other;
-- C as well
EXECUTE seen;
-- not: another identity, who has not been met here: his own keys; then the first again
SET ROLE regress_pa_bob;
EXECUTE seen;
EXECUTE other;
EXECUTE seen;
SET ROLE regress_pa_ann;
EXECUTE seen;
-- not: a change between two statements, in one transaction and by another: what is held now, and nothing kept of before
RESET ROLE;
BEGIN;
DO $$ BEGIN PERFORM acl_revoke('ann', 'enter', 'location', 'A'); END $$;
SET LOCAL ROLE regress_pa_ann;
EXECUTE seen;
EXECUTE other;
EXECUTE seen;
RESET ROLE;
SAVEPOINT before;
DO $$ BEGIN PERFORM acl_grant('ann', 'enter', 'location', 'B'); END $$;
SET LOCAL ROLE regress_pa_ann;
EXECUTE seen;
RESET ROLE;
ROLLBACK TO before;
SET LOCAL ROLE regress_pa_ann;
EXECUTE seen;
ROLLBACK;
SET ROLE regress_pa_ann;
EXECUTE seen;
EXECUTE other;
-- SERIALIZABLE reads for itself; REPEATABLE READ does not have to
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
EXECUTE other;
EXECUTE seen;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
EXECUTE other;
EXECUTE seen;
COMMIT;
-- one acl_set_user after the other within a transaction
SET ROLE regress_app;
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('bob'); END $$;
EXECUTE seen;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
EXECUTE seen;
COMMIT;
EXECUTE seen;
-- not: nobody writes the setting, users or superusers, and nobody sees it
SET docacl.handover = '1 00 00';                                                   -- fail
SELECT set_config('docacl.handover', '1 00 00', true);                             -- fail
\set VERBOSITY sqlstate
SHOW docacl.handover;                                                              -- fail
\set VERBOSITY terse
SELECT count(*) AS n0 FROM pg_settings WHERE name = 'docacl.handover';
RESET ROLE;
SET docacl.handover = '1 00 00';                                                   -- fail
ALTER ROLE regress_app SET docacl.handover = '1 00 00';                            -- fail
-- it ends with its transaction, and RESET ALL takes it away from the next statement only
BEGIN;
SET LOCAL ROLE regress_pa_ann;
EXECUTE seen;
RESET ROLE;
SELECT current_setting('docacl.handover') ~ '^\d+ [0-9a-f]{32} [0-9a-f]{64}$' AS t;
RESET ALL;
SELECT current_setting('docacl.handover') = '' AS t;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_leader_participation = off;
SET LOCAL ROLE regress_pa_ann;
EXECUTE seen;
COMMIT;
SELECT current_setting('docacl.handover') = '' AS t;
DISCARD ALL;
