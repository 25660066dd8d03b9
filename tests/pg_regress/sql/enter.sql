--
-- C5. Tables that several screens serve, and the one that is in use (acl_enter). It swaps the screen that is asked, and
-- never widens.
--
\set VERBOSITY terse
\set QUIET off
DO $$ BEGIN PERFORM acl_create_account('enter'); PERFORM acl_create_account('other'); END $$;
SET docacl.account = 'other';
DO $$ BEGIN PERFORM person('otto', 'Users'); PERFORM acl_create('function', 'Orders'); PERFORM acl_grant('otto', 'change', 'function', 'Orders'); END $$;
SET docacl.account = 'enter';
DO $$ BEGIN
  PERFORM acl_create('function', 'Orders');
  PERFORM acl_create('function', 'Overview', 'Orders');
  PERFORM acl_create('function', 'Invoices');
  PERFORM acl_create('function', 'Secret');
  PERFORM acl_create('location', 'A');
  PERFORM acl_create('location', 'B');
  PERFORM person('ann', 'Users');        -- Orders, and looks at the overview
  PERFORM person('bob', 'Users');        -- the overview alone
  PERFORM person('cat', 'Users');        -- another screen
  PERFORM person('boss', 'Administrators');
  PERFORM acl_set_inherits('function', 'Overview', false);
  PERFORM acl_grant('ann', 'change', 'function', 'Orders');
  PERFORM acl_grant('ann', 'view', 'function', 'Overview');
  PERFORM acl_grant('bob', 'view', 'function', 'Overview');
  PERFORM acl_grant('ann', 'view', 'function', 'Invoices');
  PERFORM acl_grant('bob', 'view', 'function', 'Invoices');
  PERFORM acl_grant('cat', 'change', 'function', 'Invoices');
  PERFORM acl_grant(u, 'change', 'location', 'A') FROM unnest(ARRAY['ann', 'bob', 'cat']) AS u;
END $$;
CREATE TABLE en_order (id int PRIMARY KEY, place bigint, title text);
CREATE TABLE en_line (id int PRIMARY KEY, order_id int REFERENCES en_order, what text);
GRANT SELECT, INSERT, UPDATE, DELETE ON en_order, en_line TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('en_order', '{"place": {"column": "place", "by": "id"}, "function": {"constant": ["Orders", "Overview"]}}', '{"key": "id"}');
  PERFORM acl_protect('en_line', '{}', '{"key": "id", "parent": {"relation": "en_order", "column": "order_id"}}');
END $$;
INSERT INTO en_order SELECT n, (SELECT id FROM docacl.resource WHERE kind = 'location' AND name = CASE WHEN n < 3 THEN 'A' ELSE 'B' END
                                   AND account_id = (SELECT id FROM docacl.resource WHERE kind = 'account' AND name = 'enter')), 'order ' || n
  FROM generate_series(1, 4) AS n;
INSERT INTO en_line VALUES (1, 1, 'of 1'), (3, 3, 'of 3');
-- For a user in a screen: which orders he sees, by the policy and by acl_can_row about himself, by lines of orders, and
-- which he may change.
CREATE FUNCTION in_screen(who text, function text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     out text;
   BEGIN
     BEGIN
       PERFORM become(who);
       PERFORM acl_enter(function, local => false);
       SELECT 'sees ' || coalesce((SELECT string_agg(id::text, ',' ORDER BY id) FROM en_order), '-')
           || ' can ' || coalesce((SELECT string_agg(n::text, ',' ORDER BY n) FROM generate_series(1, 4) AS n WHERE acl_can_row('en_order', n::text, 'read')), '-')
           || ' by name ' || coalesce((SELECT string_agg(n::text, ',' ORDER BY n) FROM generate_series(1, 4) AS n WHERE acl_can_row(who, 'en_order', n::text, 'read')), '-')
           || ' explained ' || coalesce((SELECT string_agg(n::text, ',' ORDER BY n) FROM generate_series(1, 4) AS n
                                         WHERE (SELECT bool_and(opens <> 'no') FROM acl_explain_row(who, 'en_order', n::text, 'read'))), '-')
           || ' lines ' || coalesce((SELECT string_agg(id::text, ',' ORDER BY id) FROM en_line), '-')
           || ' writes ' || coalesce((SELECT string_agg(n::text, ',' ORDER BY n) FROM generate_series(1, 4) AS n WHERE acl_can_row('en_order', n::text, 'edit')), '-')
           || ' as ' || coalesce((SELECT s.function FROM acl_session() AS s), 'none') INTO out;
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION WHEN SQLSTATE 'ZZ999' THEN RETURN out; WHEN OTHERS THEN RETURN SQLSTATE || '  ' || SQLERRM;
     END;
   END $$;

-- who, screen: ann writes in Orders and reads in the overview; nobody sees an order in Invoices
SELECT who, coalesce(screen, '(none)') AS screen, in_screen(who, screen)
FROM (VALUES (1, 'ann'), (2, 'bob'), (3, 'cat'), (4, 'boss'), (5, 'system')) AS w(n, who),
     (VALUES (1, NULL), (2, 'Orders'), (3, 'Overview'), (4, 'Invoices')) AS s(m, screen)
ORDER BY n, m;
-- by a path
SELECT in_screen('ann', '/Orders/Overview') AS "as Overview";
-- what one may not see is what does not exist
SELECT who, screen, in_screen(who, screen) FROM (VALUES
  ('ann', 'Secret'), ('ann', 'no such screen'), ('bob', 'Orders'), ('cat', 'Overview'), ('ann', '*'), ('ann', ''), ('otto', 'Invoices')) AS v(who, screen);
SELECT explained.* FROM (SELECT attempt('ann', 'SELECT acl_enter(''Secret'', local => false)') AS "42704") AS explained;
-- the setting is not anybody's to write
SELECT attempt('ann', 'SET docacl.function = ''1''') AS "42501";
SELECT attempt('ann', 'SELECT set_config(''docacl.function'', ''1'', true)') AS "42501";
-- writes are judged by the screen in use
BEGIN;
DO $$ BEGIN PERFORM become('ann'); PERFORM acl_enter('Overview'); END $$;
\set VERBOSITY sqlstate
UPDATE en_order SET title = 'x' WHERE id = 1;       -- nothing
SAVEPOINT s;
INSERT INTO en_order SELECT 9, place, 'new' FROM en_order WHERE id = 1;    -- fail
ROLLBACK TO s;
DO $$ BEGIN PERFORM acl_enter('Orders'); END $$;
UPDATE en_order SET title = 'x' WHERE id = 1;
INSERT INTO en_order SELECT 9, place, 'new' FROM en_order WHERE id = 1;
DO $$ BEGIN PERFORM acl_enter('Invoices'); END $$;
UPDATE en_order SET title = 'x';
DELETE FROM en_order;
SELECT count(*) AS n0 FROM en_order;
SELECT count(*) AS n0 FROM en_line;
DO $$ BEGIN PERFORM acl_enter(NULL); END $$;
SELECT count(*) AS n3 FROM en_order;
ROLLBACK;
\set VERBOSITY terse
SELECT current_user = session_user AS t;

--
-- how long it lasts
--
SET ROLE regress_app;
\set VERBOSITY sqlstate
SELECT acl_enter('Orders');                          -- fail: local, and no transaction
SELECT acl_enter('Orders', local => NULL);           -- fail
\set VERBOSITY terse
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); PERFORM acl_enter('Invoices'); END $$;
SELECT count(*) AS n0 FROM en_order;
SAVEPOINT s;
DO $$ BEGIN PERFORM acl_enter('Orders'); END $$;
SELECT count(*) AS n2 FROM en_order;
ROLLBACK TO s;
SELECT count(*) AS n0, (SELECT function FROM acl_session()) AS "Invoices" FROM en_order;
COMMIT;
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
SELECT count(*) AS n2, (SELECT function FROM acl_session()) IS NULL AS t FROM en_order;
COMMIT;
-- for the session, until it is left, reset or discarded
DO $$ BEGIN PERFORM acl_set_user('ann', local => false); PERFORM acl_enter('Invoices', local => false); END $$;
SELECT count(*) AS n0 FROM en_order;
DO $$ BEGIN PERFORM acl_enter(NULL, local => false); END $$;
SELECT count(*) AS n2 FROM en_order;
DO $$ BEGIN PERFORM acl_enter('Invoices', local => false); END $$;
RESET ALL;
SELECT acl_user() IS NULL AS t, (SELECT function FROM acl_session()) IS NULL AS t;
SET docacl.account = 'enter';
-- another user in the same screen, and one of another account: the screen is the account's, so it is closed to him
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); PERFORM acl_enter('Overview'); PERFORM acl_set_user('bob'); END $$;
SELECT count(*) AS n2 FROM en_order;
DO $$ BEGIN PERFORM acl_set_user('otto', account => 'other'); END $$;
SELECT count(*) AS n0 FROM en_order;
ROLLBACK;
-- a plan that was made in one screen serves another
PREPARE orders AS SELECT count(*) FROM en_order;
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
EXECUTE orders;
DO $$ BEGIN PERFORM acl_enter('Invoices'); END $$;
EXECUTE orders;
DO $$ BEGIN PERFORM acl_enter('Overview'); END $$;
EXECUTE orders;
COMMIT;
DEALLOCATE orders;
-- a cursor that was opened in one is not read on in another
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); END $$;
DECLARE c CURSOR FOR SELECT id FROM en_order ORDER BY id;
FETCH 1 FROM c;
DECLARE d CURSOR FOR SELECT id FROM en_order;
FETCH 1 FROM d;
DO $$ BEGIN PERFORM acl_enter('Invoices'); END $$;
\set VERBOSITY sqlstate
FETCH 1 FROM d;                                      -- fail
\set VERBOSITY terse
ROLLBACK;
RESET ROLE;
-- dropped or renamed while in use: closed, and followed
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('ann'); PERFORM acl_enter('Overview'); END $$;
SET LOCAL ROLE regress_app;
SELECT count(*) AS n2 FROM en_order;
RESET ROLE;
DO $$ BEGIN PERFORM acl_rename('function', 'Overview', 'Survey'); END $$;
SET LOCAL ROLE regress_app;
SELECT count(*) AS "n0: the table does not name it any more", (SELECT function FROM acl_session()) AS "Survey" FROM en_order;
ROLLBACK;
RESET ROLE;
-- in parallel workers
CREATE TABLE en_big (id int PRIMARY KEY);
INSERT INTO en_big SELECT generate_series(1, 20000);
ANALYZE en_big;
GRANT SELECT ON en_big TO PUBLIC;
DO $$ BEGIN PERFORM acl_protect('en_big', '{"function": {"constant": ["Orders", "Overview"]}}', '{"key": "id"}'); END $$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
BEGIN;
SET LOCAL ROLE regress_app;
DO $$ BEGIN PERFORM acl_set_user('cat'); END $$;
EXPLAIN (COSTS OFF) SELECT count(*) FROM en_big;
SELECT count(*) AS n0 FROM en_big;
DO $$ BEGIN PERFORM acl_set_user('bob'); END $$;
SELECT count(*) AS n0 FROM en_big;
DO $$ BEGIN PERFORM acl_enter('Overview'); END $$;
SELECT count(*) AS n20000 FROM en_big;
DO $$ BEGIN PERFORM acl_enter('Invoices'); END $$;
SELECT count(*) AS n0 FROM en_big;
ROLLBACK;
