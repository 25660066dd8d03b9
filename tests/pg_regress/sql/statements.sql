--
-- Every statement by everybody: how many rows, or which SQLSTATE. What has to come of it stands beside each statement,
-- worked out from the rules: first for all who are not named ("*"), then for those who are.
--
\set VERBOSITY terse
DO $$ BEGIN PERFORM acl_create_account('statements'); PERFORM acl_create_account('other'); END $$;
SET docacl.account = 'other';
SELECT acl_create('location', 'O') AS o \gset
DO $$ BEGIN PERFORM person('foreign', 'Administrators'); END $$;
SET docacl.account = 'statements';
SELECT acl_create('location', 'A') AS a \gset
SELECT acl_create('location', 'A2') AS a2 \gset
SELECT acl_create('location', 'B') AS b \gset
SELECT acl_create('document type', 'T') AS t \gset
CREATE FUNCTION may(who text, what text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
     PERFORM person(who, 'Users');
     PERFORM acl_grant(who, what, 'location', 'A');
     PERFORM acl_grant(who, what, 'document type', 'T');
   END $$;
DO $$ BEGIN
  PERFORM person('stranger', 'Users');
  PERFORM person('owner', 'Users');
  PERFORM person('asker', 'Users');
  PERFORM person('boss', 'Administrators');
  PERFORM may('viewer', 'view');
  PERFORM may('editor', 'view, edit');
  PERFORM may('renamer', 'view, rename');
  PERFORM may('mover', 'view, move');
  PERFORM may('deleter', 'view, delete');
  PERFORM may('adder', 'add');
  PERFORM may('author', 'view, add, edit');
  PERFORM may('looks', 'full');
  PERFORM acl_alter_user('looks', read_only => true);
  PERFORM acl_grant('mover', 'view, add', 'location', 'A2');
  PERFORM acl_grant('author', 'view, add', 'location', 'A2');
END $$;
CREATE ROLE regress_st_past LOGIN BYPASSRLS;
CREATE ROLE regress_st_owner LOGIN;

CREATE TABLE st_doc (
  id int PRIMARY KEY, place bigint, type bigint, list bigint, owner text, requester text, fixed boolean DEFAULT false,
  title text, code text, body text DEFAULT 'body'
) WITH (autovacuum_enabled = off);
CREATE TABLE st_trash (id int PRIMARY KEY, place bigint, deleted_at date, deleted_by text, body text DEFAULT 'body') WITH (autovacuum_enabled = off);
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON st_doc, st_trash TO PUBLIC;
DO $$ BEGIN
  PERFORM acl_protect('st_doc', '{"location": {"column": "place", "by": "id"}, "document type": {"column": "type", "by": "id"}}',
    '{"key": "id", "own_acl": "list", "owner": "owner", "requester": "requester", "immutable": "fixed",
      "columns": {"title": "rename", "code": "custom_id"}, "default": true}');
  PERFORM acl_protect('st_trash', '{"location": {"column": "place", "by": "id"}}',
    '{"key": "id", "deleted": "deleted_at", "deleted_by": "deleted_by"}');
END $$;
INSERT INTO st_doc (id, place, type, owner, requester, fixed) VALUES
  (1, :a, NULL, NULL, NULL, false),                  -- in A
  (2, :a, :t, NULL, NULL, false),                    -- in A, of type T
  (3, :b, NULL, NULL, NULL, false),                  -- where nobody holds anything
  (4, NULL, NULL, 'statements:owner', NULL, false),  -- in the owner's intray
  (5, :a, NULL, NULL, 'statements:asker', false),    -- in A, requested
  (6, :a, NULL, NULL, NULL, true),                   -- in A, immutable
  (8, :o, NULL, NULL, NULL, false);                  -- of the other account
INSERT INTO st_trash VALUES (1, :a, NULL, NULL), (2, :a, '2020-01-01', 'statements:deleter'), (3, :a, '2020-01-01', 'statements:boss');
CREATE VIEW st_invoker WITH (security_invoker) AS SELECT id, body FROM st_doc;
CREATE VIEW st_owned AS SELECT id, body FROM st_doc;
ALTER VIEW st_owned OWNER TO regress_st_owner;
CREATE VIEW st_superuser AS SELECT id, body FROM st_doc;
CREATE VIEW st_barrier WITH (security_barrier) AS SELECT id, body FROM st_doc WHERE id > 0;
ALTER VIEW st_barrier OWNER TO regress_st_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON st_invoker, st_owned, st_barrier, st_superuser TO PUBLIC;

-- who tries: nobody is a database role without a principal, past one with BYPASSRLS, superuser this session
CREATE TABLE st_who (n serial, who text);
INSERT INTO st_who (who) SELECT unnest(ARRAY['nobody', 'stranger', 'viewer', 'editor', 'renamer', 'mover', 'deleter', 'adder', 'author',
  'owner', 'asker', 'looks', 'boss', 'foreign', 'system', 'past', 'superuser']);
CREATE FUNCTION outcome(who text, statement text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     n bigint;
     seen int;
   BEGIN
     IF who NOT IN ('nobody', 'past', 'superuser') THEN
       PERFORM set_config('docacl.account', CASE who WHEN 'foreign' THEN 'other' ELSE 'statements' END, true);
       RETURN attempt(who, statement);
     END IF;
      BEGIN
       IF who <> 'superuser' THEN
         PERFORM set_config('role', CASE who WHEN 'nobody' THEN 'regress_stranger' ELSE 'regress_st_past' END, true);
       END IF;
       PERFORM set_config('regress.seen', '', true);
       EXECUTE statement;
       GET DIAGNOSTICS n = ROW_COUNT;
       seen := length(current_setting('regress.seen', true));
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION
       WHEN SQLSTATE 'ZZ999' THEN
         RETURN n || CASE WHEN seen > n THEN ' LEAK: shown ' || seen ELSE '' END;
       WHEN OTHERS THEN
         RETURN SQLSTATE;
     END;
   END $$;
CREATE TABLE st_case (n serial, statement text, expected jsonb);
CREATE PROCEDURE expect(statement text, VARIADIC outcomes text[]) LANGUAGE plpgsql AS
$$ DECLARE
     expected jsonb := '{}';
     outcome text;
     who text;
   BEGIN
     FOREACH outcome IN ARRAY outcomes LOOP
       FOREACH who IN ARRAY string_to_array(split_part(outcome, ': ', 1), ' ') LOOP
         expected := expected || jsonb_build_object(who, split_part(outcome, ': ', 2));
       END LOOP;
     END LOOP;
     INSERT INTO st_case (statement, expected) VALUES (statement, expected);
   END $$;
CREATE FUNCTION places(statement text, a bigint, a2 bigint, b bigint, t bigint) RETURNS text LANGUAGE sql AS
$$ SELECT replace(replace(replace(replace(statement, ':a2', a2::text), ':a', a::text), ':b', b::text), ':t', t::text) $$;
\set QUIET on

-- SELECT: read
CALL expect('SELECT FROM st_doc WHERE f_snoop(body)',
  '*: 0', 'viewer editor renamer mover deleter author looks: 4', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('SELECT count(*) FROM st_doc HAVING count(*) > 0',
  '*: 0', 'viewer editor renamer mover deleter author looks owner asker foreign boss system past superuser: 1');
-- FOR UPDATE, FOR SHARE: what an UPDATE could ask
CALL expect('SELECT FROM st_doc WHERE f_snoop(body) FOR UPDATE',
  '*: 0', 'editor renamer mover author: 3', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('SELECT FROM st_doc FOR NO KEY UPDATE',
  '*: 0', 'editor renamer mover author: 3', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('SELECT FROM st_doc FOR SHARE',
  '*: 0', 'editor renamer mover author: 3', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('SELECT FROM st_doc FOR KEY SHARE',
  '*: 0', 'editor renamer mover author: 3', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
-- views: of either kind what one sees oneself; one of an exempt owner is a hole, which acl_check tells
CALL expect('SELECT FROM st_invoker WHERE f_snoop(body)',
  '*: 0', 'viewer editor renamer mover deleter author looks: 4', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('SELECT FROM st_owned WHERE f_snoop(body)',
  '*: 0', 'viewer editor renamer mover deleter author looks: 4', 'owner asker foreign: 1', 'boss: 6', 'system: 7', 'past superuser: 0');
CALL expect('SELECT FROM st_barrier WHERE f_snoop(body)',
  '*: 0', 'viewer editor renamer mover deleter author looks: 4', 'owner asker foreign: 1', 'boss: 6', 'system: 7', 'past superuser: 0');
CALL expect('SELECT FROM st_superuser', '*: 7');
CALL expect('UPDATE st_invoker SET body = body || ''!''',
  '*: 0', 'editor author: 3', 'renamer mover: 42501', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('UPDATE st_owned SET body = body || ''!''',
  '*: 0', 'editor author: 3', 'renamer mover: 42501', 'owner asker foreign: 1', 'boss: 6', 'system: 7', 'past superuser: 0');
CALL expect('DELETE FROM st_owned', '*: 0', 'deleter: 3', 'owner foreign: 1', 'boss: 6', 'system: 7', 'past superuser: 0');
-- UPDATE of an ordinary column: write; a row where nothing can be asked is passed over, one that passes and lacks it is refused
CALL expect('UPDATE st_doc SET body = body || ''!'' WHERE f_snoop(body)',
  '*: 0', 'editor author: 3', 'renamer mover: 42501', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('UPDATE st_doc SET body = ''x''',
  '*: 0', 'editor author: 3', 'renamer mover: 42501', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('UPDATE st_doc SET body = ''x'' WHERE id = 1 RETURNING *', '*: 0', 'editor author boss system past superuser: 1', 'renamer mover: 42501');
CALL expect('UPDATE st_doc SET body = ''x'' WHERE id = 3', '*: 0', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET body = ''x'' WHERE id = 6', '*: 0', 'boss system past superuser: 1');
-- a value that stays asks nothing
CALL expect('UPDATE st_doc SET title = title, body = body, fixed = fixed, place = place WHERE id = 1', '*: 0', 'editor author renamer mover boss system past superuser: 1');
-- of a mapped column: its action alone
CALL expect('UPDATE st_doc SET title = ''x''',
  '*: 0', 'editor author renamer: 3', 'mover: 42501', 'owner asker foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('UPDATE st_doc SET code = ''x'' WHERE id = 2', '*: 0', 'editor author: 1', 'renamer mover: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET title = ''x'', body = ''x'' WHERE id = 2', '*: 0', 'editor author: 1', 'renamer mover: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET fixed = true WHERE id = 1', '*: 0', 'editor author renamer mover: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET fixed = false WHERE id = 6', '*: 0', 'boss system past superuser: 1');
-- of the location: move on the old row, add on the new
CALL expect('UPDATE st_doc SET place = :a2 WHERE id = 1', '*: 0', 'mover author: 1', 'editor renamer: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET place = :a2 WHERE id = 2', '*: 0', 'author: 1', 'mover editor renamer: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET place = :b WHERE id = 1', '*: 0', 'mover author editor renamer: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET place = NULL WHERE id = 1', '*: 0', 'mover author editor renamer: 42501', 'boss: 42501', 'system past superuser: 1');
CALL expect('UPDATE st_doc SET place = :a WHERE id = 4', '*: 0', 'owner: 42501', 'boss system past superuser: 1');
-- of another gate: write on the old row, add on the new
CALL expect('UPDATE st_doc SET type = :t WHERE id = 1', '*: 0', 'author: 1', 'editor mover renamer: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET type = NULL WHERE id = 2', '*: 0', 'author: 1', 'editor mover renamer: 42501', 'boss system past superuser: 1');
-- references are checked for all; whoever is judged is refused first: what resolves to nothing opens to system alone
CALL expect('UPDATE st_doc SET type = 999999 WHERE id = 1', '*: 0', 'author editor mover renamer boss: 42501', 'system past superuser: 23503');
CALL expect('INSERT INTO st_doc (id, place) VALUES (90, :t)', '*: 42501', 'system past superuser: 23514');
CALL expect('INSERT INTO st_doc (id, place) VALUES (90, 999999)', '*: 42501', 'system past superuser: 23503');
-- of key, owner, requester: system or admin
CALL expect('UPDATE st_doc SET owner = ''statements:editor'' WHERE id = 1', '*: 0', 'editor author mover renamer: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET requester = ''statements:owner'' WHERE id = 4', '*: 0', 'owner: 42501', 'boss system past superuser: 1');
CALL expect('UPDATE st_doc SET id = 91 WHERE id = 1', '*: 0', 'editor author mover renamer: 42501', 'boss system past superuser: 1');
-- of the own list: docacl alone; past it there is the check that it is one
CALL expect('UPDATE st_doc SET list = 1 WHERE id = 1', '*: 0', 'editor author mover renamer boss system: 42501', 'past superuser: 23503');
-- DELETE
CALL expect('DELETE FROM st_doc WHERE f_snoop(body)', '*: 0', 'deleter: 3', 'owner foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('DELETE FROM st_doc', '*: 0', 'deleter: 3', 'owner foreign: 1', 'boss: 6', 'system past superuser: 7');
CALL expect('DELETE FROM st_doc WHERE id = 6 RETURNING *', '*: 0', 'boss system past superuser: 1');
-- INSERT: add; the intray is everybody's own, but for whoever only looks
CALL expect('INSERT INTO st_doc (id, place) VALUES (90, :a)', '*: 42501', 'adder author boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place, type) VALUES (90, :a, :t)', '*: 42501', 'adder author boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place) VALUES (90, :b)', '*: 42501', 'boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id) VALUES (90)', '*: 1', 'nobody looks: 42501');
CALL expect('INSERT INTO st_doc (id, place, title) VALUES (90, :a, ''x'')', '*: 42501', 'author boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place, fixed) VALUES (90, :a, true)', '*: 42501', 'boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place) SELECT id + 90, place FROM st_doc WHERE id = 1', '*: 0', 'viewer editor renamer mover deleter looks: 42501',
  'author boss system past superuser: 1');
-- RETURNING wants read on the new row
CALL expect('INSERT INTO st_doc (id, place) VALUES (90, :a) RETURNING id', '*: 42501', 'author boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id) VALUES (90) RETURNING id', '*: 1', 'nobody looks: 42501');
-- ON CONFLICT DO NOTHING: an INSERT that is refused is refused; naming the index reads a column
CALL expect('INSERT INTO st_doc (id, place) VALUES (1, :a) ON CONFLICT DO NOTHING', '*: 42501', 'adder author boss system past superuser: 0');
CALL expect('INSERT INTO st_doc (id, place) VALUES (3, :a) ON CONFLICT DO NOTHING', '*: 42501', 'adder author boss system past superuser: 0');
CALL expect('INSERT INTO st_doc (id, place) VALUES (90, :a) ON CONFLICT DO NOTHING', '*: 42501', 'adder author boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place) VALUES (90, :a) ON CONFLICT (id) DO NOTHING', '*: 42501', 'author boss system past superuser: 1');
-- ON CONFLICT DO UPDATE: both, and 42501 where the row is passed over elsewhere
CALL expect('INSERT INTO st_doc (id, place) VALUES (1, :a) ON CONFLICT (id) DO UPDATE SET body = ''x''', '*: 42501', 'author boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place) VALUES (3, :a) ON CONFLICT (id) DO UPDATE SET body = ''x''', '*: 42501', 'boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place) VALUES (6, :a) ON CONFLICT (id) DO UPDATE SET body = ''x''', '*: 42501', 'boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place) VALUES (1, :a) ON CONFLICT (id) DO UPDATE SET fixed = true', '*: 42501', 'boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id) VALUES (4) ON CONFLICT (id) DO UPDATE SET body = ''x''', '*: 42501', 'owner boss system past superuser: 1');
CALL expect('INSERT INTO st_doc (id, place) VALUES (90, :a) ON CONFLICT (id) DO UPDATE SET body = ''x''', '*: 42501', 'author boss system past superuser: 1');
-- MERGE: a row that one sees and may not touch is an error
CALL expect('MERGE INTO st_doc d USING (VALUES (1)) v(id) ON d.id = v.id WHEN MATCHED THEN UPDATE SET body = ''x''',
  '*: 0', 'viewer deleter looks renamer mover: 42501', 'editor author boss system past superuser: 1');
CALL expect('MERGE INTO st_doc d USING (VALUES (3)) v(id) ON d.id = v.id WHEN MATCHED THEN UPDATE SET body = ''x''',
  '*: 0', 'boss system past superuser: 1');
CALL expect('MERGE INTO st_doc d USING (VALUES (1)) v(id) ON d.id = v.id WHEN MATCHED THEN UPDATE SET title = ''x''',
  '*: 0', 'viewer deleter looks mover: 42501', 'editor author renamer boss system past superuser: 1');
CALL expect('MERGE INTO st_doc d USING (VALUES (1)) v(id) ON d.id = v.id WHEN MATCHED THEN DELETE',
  '*: 0', 'viewer editor renamer mover author looks: 42501', 'deleter boss system past superuser: 1');
CALL expect('MERGE INTO st_doc d USING (VALUES (90)) v(id) ON d.id = v.id WHEN NOT MATCHED THEN INSERT (id, place) VALUES (v.id, :a)',
  '*: 42501', 'adder author boss system past superuser: 1');
CALL expect('MERGE INTO st_doc d USING (VALUES (1)) v(id) ON d.id = v.id WHEN MATCHED THEN DO NOTHING', '*: 0');
-- TRUNCATE: boss is no admin of the other account
CALL expect('TRUNCATE st_doc', '*: 42501', 'system past superuser: 0');
-- a table whose rows are marked as deleted: the mark is the DELETE of those who are not admins
CALL expect('SELECT FROM st_trash WHERE f_snoop(body)',
  '*: 0', 'viewer editor renamer mover author looks: 1', 'deleter: 2', 'boss system past superuser: 3');
CALL expect('SELECT FROM st_trash FOR UPDATE', '*: 0', 'editor author mover: 1', 'deleter: 2', 'boss system past superuser: 3');
CALL expect('DELETE FROM st_trash WHERE id = 1', '*: 0', 'deleter: 42501', 'boss system past superuser: 1');
CALL expect('DELETE FROM st_trash WHERE id = 3', '*: 0', 'boss system past superuser: 1');
CALL expect('UPDATE st_trash SET deleted_at = ''2021-01-01'' WHERE id = 1', '*: 0', 'editor author mover: 42501', 'deleter boss system past superuser: 1');
CALL expect('UPDATE st_trash SET deleted_at = NULL WHERE id = 2', '*: 0', 'deleter boss system past superuser: 1');
CALL expect('UPDATE st_trash SET deleted_at = NULL WHERE id = 3', '*: 0', 'boss system past superuser: 1');
CALL expect('UPDATE st_trash SET body = ''x''', '*: 0', 'editor author: 1', 'mover deleter: 42501', 'boss system past superuser: 3');
CALL expect('INSERT INTO st_trash (id, place, deleted_at) VALUES (90, :a, ''2021-01-01'')', '*: 42501', 'boss system past superuser: 1');
CALL expect('TRUNCATE st_trash', '*: 42501', 'system past superuser: 0');
\set QUIET off

-- where something else came of it
CREATE TABLE st_came AS
SELECT c.n, w.n AS nth, c.statement, w.who, coalesce(c.expected ->> w.who, c.expected ->> '*') AS expected,
       outcome(w.who, places(c.statement, :a, :a2, :b, :t)) AS came
  FROM st_case c, st_who w;
SELECT statement, who, expected, came FROM st_came WHERE came <> expected ORDER BY n, nth;
-- how much was tried, and that every one of them does something somewhere
SELECT came, count(*) FROM st_came GROUP BY came ORDER BY came COLLATE "C";
SELECT who FROM st_who w WHERE NOT EXISTS (SELECT FROM st_came c WHERE c.who = w.who AND c.came NOT IN ('0', '42501'));

--
-- COPY, cursors, locks: what attempt cannot run
--
CREATE ROLE regress_st_viewer LOGIN;
CREATE ROLE regress_st_author LOGIN;
CREATE ROLE regress_st_boss LOGIN;
DO $$ BEGIN
  PERFORM acl_map('regress_st_viewer', 'viewer');
  PERFORM acl_map('regress_st_author', 'author');
  PERFORM acl_map('regress_st_boss', 'boss');
END $$;
-- viewpoint of a viewer
SET ROLE regress_st_viewer;
COPY (SELECT id FROM st_doc WHERE f_leak(id::text) ORDER BY id) TO STDOUT;
COPY st_doc (id) TO STDOUT;
COPY (SELECT id FROM st_owned ORDER BY id) TO STDOUT;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM st_doc ORDER BY id;
FETCH 2 FROM c;
MOVE BACKWARD 1 FROM c;
FETCH ALL FROM c;
DECLARE locking CURSOR FOR SELECT id FROM st_doc FOR UPDATE;
FETCH ALL FROM locking;
DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM st_doc ORDER BY id;
COMMIT;
FETCH ALL FROM kept;
CLOSE kept;
\set VERBOSITY sqlstate
COPY st_doc (id, place) FROM '/dev/null';                             -- fail: PostgreSQL copies into no table with row security
COPY (INSERT INTO st_doc (id, place) VALUES (90, 1) RETURNING id) TO STDOUT;  -- fail
\set VERBOSITY terse
COPY (UPDATE st_doc SET body = 'x' RETURNING id) TO STDOUT;
COPY (DELETE FROM st_doc RETURNING id) TO STDOUT;
RESET ROLE;
-- viewpoint of an author, who changes what his cursor is at
SET ROLE regress_st_author;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM st_doc WHERE id IN (1, 6) FOR UPDATE;
FETCH 1 FROM c;
UPDATE st_doc SET body = 'at the cursor' WHERE CURRENT OF c RETURNING id;
FETCH ALL FROM c;
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM st_doc WHERE id = 6;
FETCH 1 FROM c;
UPDATE st_doc SET body = 'immutable' WHERE CURRENT OF c RETURNING id;
DELETE FROM st_doc WHERE CURRENT OF c RETURNING id;
ROLLBACK;
COPY (UPDATE st_doc SET body = 'x' RETURNING id) TO STDOUT;
RESET ROLE;
-- viewpoint of the admin
SET ROLE regress_st_boss;
COPY (SELECT id FROM st_doc ORDER BY id) TO STDOUT;
COPY (SELECT id FROM st_trash ORDER BY id) TO STDOUT;
RESET ROLE;
-- viewpoint of nobody
SET ROLE regress_stranger;
COPY (SELECT id FROM st_doc WHERE f_leak(id::text)) TO STDOUT;
COPY st_doc (id) TO STDOUT;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM st_doc;
FETCH ALL FROM c;
ROLLBACK;
RESET ROLE;
-- a cursor that a transaction leaves behind holds what its user saw, and is no way to see more
SET ROLE regress_app;
BEGIN;
DO $$ BEGIN PERFORM acl_set_user('viewer'); END $$;
DECLARE kept CURSOR WITH HOLD FOR SELECT id FROM st_doc ORDER BY id;
COMMIT;
FETCH 2 FROM kept;
SELECT count(*) AS n0 FROM st_doc;
CLOSE kept;
RESET ROLE;
-- a session exempt from row security sees it all and is told of the references alone
SET ROLE regress_st_past;
COPY (SELECT id FROM st_doc ORDER BY id) TO STDOUT;
RESET ROLE;
