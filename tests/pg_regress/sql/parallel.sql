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
DISCARD ALL;
